#!/bin/sh
# unpack.sh ARCH PATH: one file of the image in build/image/ARCH.tar, on
# standard output; or, when PATH is a directory that exists, all of them in it.
# Of the engines, some compress the layers.
# SPDX-License-Identifier: Apache-2.0
set -eu
archive=build/image/$1.tar
layers=$(tar -xOf "$archive" manifest.json |
    sed 's/.*"Layers":\[\([^]]*\)\].*/\1/; s/[",]/ /g')
for layer in $layers; do
    if [ -d "$2" ]; then
        tar -xOf "$archive" "$layer" | gzip -dcf | tar -C "$2" -xf -
    else
        tar -xOf "$archive" "$layer" | gzip -dcf |
            tar -xOf - "$2" 2>/dev/null || continue
    fi
done
