#!/bin/bash
# arm64.sh PROGRAM...: runs test programs made for arm64 under qemu's user-mode
# emulation; ends with "N passed, N failed".
# SPDX-License-Identifier: Apache-2.0
set -u
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
    timeout -k 5 120 qemu-aarch64-static "$program" 2>&1 </dev/null | tee "$log"
    status=${PIPESTATUS[0]}
    line=$(tail -n 1 "$log" |
        sed -nE 's/^.*: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
    passed=$((passed + ${line% *}))
    failed=$((failed + ${line#* }))
    if [ -z "$line" ] || { [ "$status" != 0 ] && [ "${line#* }" = 0 ]; }; then
        failed=$((failed + 1))
        echo "FAILED $program: exit status $status"
    fi
done
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
