#!/bin/bash
# Clients that people really use, against the server; ends with "N passed,
# N failed". `make test-clients` calls it with PYTHON, which it has made, and
# CLARY_BIN. A client that is missing is a failure, never a skip.
# SPDX-License-Identifier: Apache-2.0
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export CLARY_BIN CLARY_CLIENTS=1 PYTHONDONTWRITEBYTECODE=1
timeout -k 5 600 "$PYTHON" -m pytest -c tests/pytest.ini --rootdir . \
    tests/clients </dev/null 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
number() {
    local n
    n=$(tail -n 1 "$log" | sed -nE "s/(.*[^0-9])?([0-9]+) $1.*/\2/p")
    echo "${n:-0}"
}
failed=$(($(number failed) + $(number 'errors?') + $(number skipped)))
[ $status = 0 ] || [ $failed != 0 ] || failed=1

echo
echo "$(number passed) passed, $failed failed"
[ $failed = 0 ]
