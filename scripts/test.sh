#!/bin/bash
# Runs every test and ends with "N passed, N failed". `make test` calls it with
# CC, BUILD, and the programs that this tree builds: TESTS and FUZZERS.
# SPDX-License-Identifier: Apache-2.0
set -u
passed=0
failed=0

# count LINE: adds the numbers of "... N passed, M failed"; a line that says
# nothing of the kind is one failure, of WHAT.
count() { # LINE WHAT
    p=$(printf '%s' "$1" | sed -nE 's/.*(^|[^0-9])([0-9]+) passed.*/\2/p')
    f=$(printf '%s' "$1" | sed -nE 's/.*(^|[^0-9])([0-9]+) failed.*/\2/p')
    e=$(printf '%s' "$1" | sed -nE 's/.*(^|[^0-9])([0-9]+) errors?.*/\2/p')
    if [ -z "$p$f$e" ]; then
        echo "FAILED $2: it ended without a result"
        f=1
    fi
    passed=$((passed + ${p:-0}))
    failed=$((failed + ${f:-0} + ${e:-0}))
}

verdict() { # STATUS WHAT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
    fi
}

# run PROGRAM ARGUMENT...: shows what it prints, counts its last line; a bad
# exit status that the line does not own up to is a failure too.
run() {
    log=$BUILD/test.log
    failed_before=$failed
    timeout -k 5 "$seconds" "$@" 2>&1 </dev/null | tee "$log"
    status=${PIPESTATUS[0]}
    count "$(tail -n 1 "$log")" "$1"
    [ $status = 0 ] || [ "$failed" != "$failed_before" ] ||
        verdict $status "$1: exit status $status"
}

# As without the sanitizer: an impossible size is refused, not an abort.
export ASAN_OPTIONS=${ASAN_OPTIONS-allocator_may_return_null=1}

seconds=300
echo "== layers and headers"
scripts/layers.sh
verdict $? scripts/layers.sh
for header in include/clary/*.h; do
    echo "#include <clary/${header##*/}>" | $CC -std=c11 -Wall -Wextra \
        -Wstrict-prototypes -Werror -Iinclude -fsyntax-only -x c -
    verdict $? "$header is not complete alone"
done

echo "== unit tests"
for program in $TESTS; do
    run "$program"
done

echo "== fuzz corpora"
for program in $FUZZERS; do
    name=${program##*/fuzz_}
    run "$program" "tests/fuzz/corpus/$name" "tests/fuzz/regression/$name"
done

echo "== pytest"
seconds=900
export PYTHONDONTWRITEBYTECODE=1
export CLARY_BIN="$BUILD/bin/clary"
run build/venv/bin/python -m pytest -c tests/pytest.ini \
    --rootdir . tests

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
