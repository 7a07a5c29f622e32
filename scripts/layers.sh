#!/bin/sh
# The rules of the layers: includes point only to the left in
# base < data < kernel < program < format < invoke < (serve | tests | bench),
# a source includes its own header first, and each foreign header has one
# place. Prints what breaks a rule; the exit status is the verdict.
# SPDX-License-Identifier: Apache-2.0
set -eu
foreign='microhttpd.h (serve/http(_answer|_head|_request|_responses)?|bench/http/empty_server).[ch]
cblas.h src/kernel/gemm.c
zlib.h (src/base/gunzip|serve/(in|de)flate|tests/.*).[ch]
archive.h src/base/artifact.c
archive_entry.h src/base/artifact.c
sha256.h src/base/artifact(_files)?.c
cJSON.h (src/format/[a-z_]*(json|xgboost|lightgbm)|serve/[a-z_]*json|tests/unit/|bench/bench_json)[a-z_]*.c
immintrin.h src/kernel/(kernel|dots)_[a-z0-9_]*.[ch]
arm_neon.h src/kernel/kernel_[a-z_]*neon.c
.*.pb-c.h src/format/[a-z_/]*.[ch]'
find src include serve bench tests -name '*.[ch]' |
    LC_ALL=C sort | xargs grep -Hn '^ *# *include' |
    awk -v foreign="$foreign" '
function layer(path) {
    if (path ~ /^(src\/)?base\//) return 1
    if (path ~ /^(src\/)?data\//) return 2
    if (path ~ /^(src\/)?kernel\//) return 3
    if (path ~ /^(src\/)?program\//) return 4
    if (path ~ /^(src\/)?format\//) return 5
    if (path ~ /^(src\/)?invoke\//) return 6
    return path ~ /^include\// ? 0 : 7
}
function bad(why) { print file ":" line[2] ": " why; status = 1 }
BEGIN {
    n = split(foreign, rows, "\n")
    for (i = 1; i <= n; i++) { split(rows[i], w, " "); place[w[1]] = w[2] }
}
{
    split($0, line, ":"); file = line[1]
    match($0, /[<"][^>"]*[>"]/)
    quoted = substr($0, RSTART, 1) == "\""
    name = substr($0, RSTART + 1, RLENGTH - 2)
    base = name; sub(/.*\//, "", base)
    if (quoted && layer(name) > layer(file) ||
        quoted && layer(file) == 0)
        bad("includes " name ", which is a later layer")
    own = file; sub(/\.c$/, ".h", own)
    if (!(file in seen) && file ~ /\.c$/ && (getline text < own) >= 0 &&
        substr(own, length(own) - length(name)) != "/" name)
        bad("its own header is not its first include")
    seen[file] = 1
    for (header in place)
        if (base ~ ("^" header "$") && file !~ ("^" place[header] "$"))
            bad("<" base "> belongs in " place[header])
}
END { exit status }'
