#!/bin/sh
# setup.sh [--check] GROUP...: the Debian packages that the groups need
# (those below: build, test, ...). Installs what is missing with apt-get on
# Debian 12; with --check, and on any other system, names it and stops. Quick,
# and without the network, when nothing is missing.
# SPDX-License-Identifier: Apache-2.0
set -eu

build='gcc make pkg-config libmicrohttpd-dev libopenblas-pthread-dev
    libarchive-dev zlib1g-dev libcjson-dev libprotobuf-c-dev
    protobuf-c-compiler protobuf-compiler libmd-dev'
curl='curl ca-certificates'
test="python3 python3-venv git $curl"
fuzz='clang libclang-rt-14-dev'
lint='clang-format clang-tidy cppcheck git'
bench='python3 wrk nginx-light valgrind strace'
peers='python3-venv default-jre-headless'
image='buildah podman skopeo runc mmdebstrap qemu-user-static iproute2 git'
# any Node.js will do, not only Debian's
deploy='python3 python3-venv git chromium fonts-dejavu-core'
command -v npm >/dev/null || deploy="$deploy nodejs npm"
modules='libmicrohttpd openblas libarchive zlib libcjson libprotobuf-c libmd'
# what build has, but for libmicrohttpd: no test of the server runs there
arm64='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
    libopenblas-pthread-dev:arm64 libarchive-dev:arm64 zlib1g-dev:arm64
    libcjson-dev:arm64 libprotobuf-c-dev:arm64 libmd-dev:arm64'

avx512='bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso
    cpio libc6-dev'

check=no
[ "${1-}" = --check ] && { check=yes; shift; }
groups=$*
wanted=
for group in $groups; do
    case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    curl) wanted="$wanted $curl" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    lint) wanted="$wanted $lint" ;;
    peers) wanted="$wanted $peers" ;;
    bench) wanted="$wanted $bench" ;;
    arm64) wanted="$wanted $arm64" ;;
    avx512) wanted="$wanted $avx512" ;;
    image) wanted="$wanted $image" ;;
    deploy) wanted="$wanted $deploy" ;;
    *) echo "setup.sh: no group is called $group" >&2; exit 2 ;;
    esac
done
wanted=$(printf '%s\n' $wanted | sort -u)

# Another system is judged by what it can do, not by names of packages.
if ! command -v dpkg-query >/dev/null; then
    case " $groups " in *" build "*)
        for tool in "${CC:-gcc}" protoc-c; do
            command -v "$tool" >/dev/null || missing="${missing-} $tool"
        done
        pkg-config --exists $modules 2>/dev/null ||
            missing="${missing-} $(echo $modules) (by pkg-config)"
    esac
    [ -z "${missing-}" ] && exit 0
    echo "clary is built on Debian 12. This system lacks:$missing" >&2
    echo "Debian calls what is needed:" $wanted >&2
    exit 1
fi

own=$(dpkg --print-architecture)
state='${Package}:${Architecture} ${db:Status-Status}\n'
installed=$(dpkg-query -W -f "$state" $wanted 2>/dev/null | sed -n "s/:$own / /; s/:all / /; s/ installed\$//p")
missing=$(printf '%s\n' $wanted $installed $installed | sort | uniq -u)
[ -z "$missing" ] && exit 0

. /etc/os-release
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
if [ $check = yes ] || [ "${ID-} ${VERSION_ID-}" != 'debian 12' ]; then
    echo "clary needs packages that are not installed:" $missing >&2
    if [ "${ID-} ${VERSION_ID-}" = 'debian 12' ]; then
        echo "This installs them: scripts/setup.sh" $groups >&2
    else
        echo "These are names of Debian 12; this is ${PRETTY_NAME-another}." \
            "Install what corresponds and run the same command again." >&2
    fi
    exit 1
fi

echo "installing:" $missing
export DEBIAN_FRONTEND=noninteractive
case $missing in *:arm64*) $sudo dpkg --add-architecture arm64 ;; esac
$sudo apt-get update -q </dev/null
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends $missing </dev/null
