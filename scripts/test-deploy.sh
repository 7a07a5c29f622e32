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

echo "== pytest"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout -k 5 2400 "$PYTHON" -m pytest -c tests/deploy/pytest.ini tests/deploy \
    </dev/null 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
number() {
    local n
    n=$(tail -n 1 "$log" | sed -nE "s/(.*[^0-9])?([0-9]+) $1.*/\2/p")
    echo "${n:-0}"
}
left_out=$(sed -nE 's/^SKIPPED \[([0-9]+)\] .*: left out: .*/\1/p' "$log" |
    awk '{ n += $1 } END { print n + 0 }')
bad=$(($(number failed) + $(number 'errors?') + $(number skipped) - left_out))
[ $status = 0 ] || [ $bad != 0 ] || bad=1
passed=$((passed + $(number passed)))
failed=$((failed + bad))

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ]
