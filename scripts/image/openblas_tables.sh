#!/bin/sh
# openblas_tables.sh NM ARCHIVE TABLE...: flags for the linker that leave only
# the kernels of the TABLEs, named as OpenBLAS names CPUs, of a static OpenBLAS.
# OpenBLAS chooses among all its tables at start, and each table names some 700
# kernels, so that nothing of it can be dropped as unused. Every table that is
# not wanted becomes another name for the one below that its CPUs can run,
# which is slower there and right.
# SPDX-License-Identifier: Apache-2.0
set -eu
nm=$1
archive=$2
shift 2
have=$("$nm" "$archive" 2>/dev/null |
    sed -n 's/^[0-9a-f]* [DRdr] gotoblas_\([A-Z0-9_]*\)$/\1/p' | sort -u)
for table in "$@"; do
    printf '%s\n' "$have" | grep -qx "$table" || {
        echo "$archive has no kernels of $table" >&2
        exit 1
    }
done
for table in $have; do
    case " $* " in *" $table "*) continue ;; esac
    case $table in
    ZEN | EXCAVATOR) target=HASWELL ;; # these have AVX2 and FMA
    COOPERLAKE) target=SKYLAKEX ;;
    *) target=$1 ;;
    esac
    case " $* " in *" $target "*) ;; *) target=$1 ;; esac
    printf ' -Wl,--defsym=gotoblas_%s=gotoblas_%s' "$table" "$target"
done
