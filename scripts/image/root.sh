#!/bin/sh
# root.sh PREFIX ARCH ROOT: makes ROOT, all that is in the image: the program,
# its link `serve`, the bill of materials, and the licences of what is linked.
# For the builder of the image (Dockerfile), after packages.sh and libraries.sh.
# SPDX-License-Identifier: Apache-2.0
set -eu
prefix=$1
arch=$2
root=$3
machine=$(dpkg-architecture -a"$arch" -qDEB_HOST_GNU_TYPE)
build=build/image-$arch

make -s -j"$(nproc)" STATIC="$prefix" BUILD="$build" CC="$machine-gcc" \
    AR="$machine-ar" NM="$machine-nm" WERROR=1 "$build/bin/clary"
scripts/image/hardened.sh "$build/bin/clary" "$build/lib/libclary.a"

mkdir -p "$root/usr/local/bin" "$root/usr/share/sbom" "$root/usr/share/doc"
"$machine-strip" -o "$root/usr/local/bin/clary" "$build/bin/clary"
ln -s clary "$root/usr/local/bin/serve"

sbom=$root/usr/share/sbom/clary.spdx.json
scripts/image/sbom.sh "$root/usr/local/bin/clary" "$build/bin/clary.map" \
    "$prefix" "$arch" >"$sbom"
install -D -m 644 LICENSE "$root/usr/share/doc/clary/copyright"
sed -n 's/^      "name": "\(.*\)",$/\1/p' "$sbom" | while read -r name; do
    for file in "$prefix/sources/$name.copyright" \
        "/usr/share/doc/$name/copyright"; do
        [ -f "$file" ] || continue
        install -D -m 644 "$file" "$root/usr/share/doc/$name/copyright"
    done
    [ -f "$root/usr/share/doc/$name/copyright" ] || {
        echo "root.sh: $name has no text of its licence" >&2
        exit 1
    }
done
