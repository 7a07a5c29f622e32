#!/bin/bash
# reproducible.sh ARCH: builds the image twice, each time from nothing, base
# included, and compares what a registry would get. Some minutes; for the night.
# Holds while Debian's packages stay what they are.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
caches=$(mktemp -d)

# A store with the overlay driver is a mount of its own.
remove() { # FOLDER
    find "$1" -mindepth 2 -maxdepth 3 -type d -name overlay \
        -exec sh -c 'mountpoint -q "$1" && umount -l "$1"' sh {} \; || true
    rm -rf "$1"
}
trap 'remove "$caches"' EXIT

for build in first second; do
    CLARY_IMAGE_CACHE=$caches/$build scripts/image/build.sh "$arch" >&2
    sha256sum build/image/"$arch"/manifest.json | cut -d ' ' -f 1 \
        >"$caches/$build.digest"
    remove "$caches/$build"
done
echo "first build:  sha256:$(cat "$caches/first.digest")"
echo "second build: sha256:$(cat "$caches/second.digest")"
if cmp -s "$caches/first.digest" "$caches/second.digest"; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
