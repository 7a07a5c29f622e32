#!/bin/sh
# fuzz.sh SECONDS: runs each libFuzzer program of $BUILD that long, on a copy of
# its corpus. A crash is kept under $BUILD/crashes and fails the run.
# SPDX-License-Identifier: Apache-2.0
set -u
passed=0
failed=0
for source in tests/fuzz/fuzz_*.c; do
    name=${source##*/fuzz_}
    name=${name%.c}
    corpus=$BUILD/corpus/$name
    crashes=$BUILD/crashes/$name
    log=$BUILD/$name.log
    mkdir -p "$corpus" "$crashes"
    for seeds in "tests/fuzz/corpus/$name" "tests/fuzz/regression/$name"; do
        [ ! -d "$seeds" ] || cp -r "$seeds/." "$corpus/"
    done
    dictionary=tests/fuzz/$name.dict
    printf '%s: ' "$name"
    if "$BUILD/bin/fuzz/fuzz_$name" -max_total_time="$1" -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$crashes/" \
        $([ ! -f "$dictionary" ] || echo "-dict=$dictionary") \
        "$corpus" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        sed -n 's/^Done \([0-9]* runs.*\)/\1/p' "$log"
    else
        failed=$((failed + 1))
        echo FAILED
        tail -n 40 "$log"
        input=$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)
        echo "the whole log: $log"
        echo "again: $BUILD/bin/fuzz/fuzz_$name ${input:-$corpus}"
        echo "for good: cp ${input:-INPUT} tests/fuzz/regression/$name/"
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
