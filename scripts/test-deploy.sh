#!/bin/bash
# Everything that tests deploy/, with no AWS; ends with "N passed, N failed".
# `make test-deploy` calls it with PYTHON and NODE_MODULES, which it has made,
# and CLARY_BIN. A tool that is missing is a failure, never a skip; what may be
# left out says so ("left out: ...") and why.
# SPDX-License-Identifier: Apache-2.0
set -u
bin=$(dirname "$PYTHON")
passed=0
failed=0
export NODE_MODULES CLARY_BIN
export PYTHONDONTWRITEBYTECODE=1 MYPY_CACHE_DIR=build/mypy
export RUFF_CACHE_DIR=build/ruff CFN_LINT_CACHE=build/cfn-lint

# verdict WHAT COMMAND...
verdict() {
    local what=$1
    shift
    if timeout -k 5 300 "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $what"
    fi
}

echo "== tools"
for tool in "$PYTHON" "$bin/ruff" "$bin/mypy" "$bin/cfn-lint" \
    "$bin/moto_server" node chromium "$CLARY_BIN" \
    "${TRAINING_PYTHON:-build/venv-training/bin/python}"; do
    verdict "$tool is missing" \
        sh -c 'command -v "$0" >/dev/null' "$tool"
done
verdict "iam-simulate is missing" \
    test -f "$NODE_MODULES/@cloud-copilot/iam-simulate/package.json"

echo "== lint"
verdict ruff "$bin/ruff" check --quiet --config deploy/ruff.toml \
    deploy tests/deploy
verdict "ruff format" "$bin/ruff" format --check --quiet \
    --config deploy/ruff.toml deploy tests/deploy
verdict mypy "$bin/mypy" --config-file deploy/mypy.ini deploy/clary_deploy
for template in deploy/stacks/*.yaml; do
    verdict "cfn-lint $template" "$bin/cfn-lint" --template "$template"
done

echo "== pytest, two parts at a time: some minutes"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# part K: its output into the file K, its exit status into K.status
part() {
    timeout -k 5 2400 "$PYTHON" -m pytest -c tests/deploy/pytest.ini \
        --part "$1/2" tests/deploy </dev/null >"$logs/$1" 2>&1
    echo $? >"$logs/$1.status"
}

# number WHAT LOG: how many of that its last line tells
number() {
    local n
    n=$(tail -n 1 "$2" | sed -nE "s/(.*[^0-9])?([0-9]+) $1.*/\2/p")
    echo "${n:-0}"
}

# counted LOG: adds its tests to the sums
counted() {
    local bad left_out
    left_out=$(sed -nE 's/^SKIPPED \[([0-9]+)\] .*: left out: .*/\1/p' "$1" |
        awk '{ n += $1 } END { print n + 0 }')
    bad=$(($(number failed "$1") + $(number 'errors?' "$1")))
    bad=$((bad + $(number skipped "$1") - left_out))
    [ "$(cat "$1.status")" = 0 ] || [ $bad != 0 ] || bad=1
    passed=$((passed + $(number passed "$1")))
    failed=$((failed + bad))
}

part 1 &
part 2
wait
for k in 1 2; do
    cat "$logs/$k"
    counted "$logs/$k"
done

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ]
