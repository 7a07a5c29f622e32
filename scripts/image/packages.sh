#!/bin/sh
# packages.sh ARCH: in the builder of the image, the Debian packages that a
# program for ARCH (as Docker names it: amd64, arm64) is made from, be the
# builder itself of that kind or not.
# SPDX-License-Identifier: Apache-2.0
set -eu
arch=$1
case $arch in
amd64) compiler=gcc-x86-64-linux-gnu ;;
arm64) compiler=gcc-aarch64-linux-gnu ;;
*) echo "packages.sh: no image is made for $arch" >&2; exit 2 ;;
esac
if [ "$arch" = "$(dpkg --print-architecture)" ]; then
    compiler=gcc
else
    dpkg --add-architecture "$arch"
fi

# The sources of libraries come from where their packages do.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -n 's/^deb /deb-src /p' "$file"
done >/etc/apt/sources.list.d/clary-sources.list
for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && sed -i 's/^Types: *deb *$/Types: deb deb-src/' "$file"
done

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends \
    $compiler libc6-dev:"$arch" dpkg-dev make \
    libopenblas-pthread-dev:"$arch" libarchive-dev:"$arch" \
    zlib1g-dev:"$arch" libprotobuf-c-dev:"$arch" libmd-dev:"$arch" \
    protobuf-c-compiler protobuf-compiler
