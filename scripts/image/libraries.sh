#!/bin/sh
# libraries.sh PREFIX ARCH: builds, as static libraries for the Debian
# architecture ARCH, what Debian has no usable archive of: libmicrohttpd, whose
# own drags in GnuTLS and p11-kit, and cJSON. From Debian's source packages,
# with Debian's patches; PREFIX/sources keeps what the SBOM tells of them.
# For the builder of the image (Dockerfile): apt has "deb-src" lines there.
# SPDX-License-Identifier: Apache-2.0
set -eu
prefix=$1
host=$(dpkg-architecture -a"$2" -qDEB_HOST_GNU_TYPE)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags='-O2 -g -fPIE -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong'
# a name that every build has, whatever mktemp gave
flags="$flags -ffile-prefix-map=$work=."

mkdir -p "$prefix/include" "$prefix/lib" "$prefix/sources"
cd "$work"
apt-get source -q -q libmicrohttpd cjson
for source in libmicrohttpd cjson; do
    cp $source-*/debian/copyright "$prefix/sources/$source.copyright"
    cp ${source}_*.dsc "$prefix/sources/$source.dsc"
done

# Only what serve/http.c asks for: no TLS, no authentication, no upgrades.
cd "$work"/libmicrohttpd-*/
./configure --quiet --host="$host" --prefix="$prefix" \
    --disable-shared --disable-dependency-tracking --disable-nls \
    --disable-https --disable-bauth --disable-dauth --disable-httpupgrade \
    --disable-postprocessor --disable-doc --disable-examples --disable-curl \
    CC="$host-gcc" CFLAGS="$flags"
make -s -C src/microhttpd install-libLTLIBRARIES
make -s -C src/include install-includeHEADERS

cd "$work"/cjson-*/
"$host-gcc" $flags -c cJSON.c
"$host-ar" rcsD "$prefix/lib/libcjson.a" cJSON.o
cp cJSON.h "$prefix/include"
