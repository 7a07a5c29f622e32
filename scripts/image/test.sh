#!/bin/bash
# test.sh: builds the image for both kinds of machine and proves each: what is
# in it, containers as strict as they come, the golden models of every format,
# and all of the contract with a container for every server. arm64 runs under
# qemu. `make image-test` calls it with PYTHON, in whose environment pytest and
# the validator of the bill of materials are. Ends with "N passed, N failed".
# SPDX-License-Identifier: Apache-2.0
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0
failed=0

verdict() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $what"
    fi
}

# Left out of the suite: what prepares the program itself, as a file, with a
# user or a closed output of its own, and what looks at how soon the program
# starts and ends, not the engine; so its list of cases is not whole.
# tests/image has their like.
without=(
    --deselect tests/contract/test_lifecycle.py::test_8_other_user
    --deselect tests/contract/test_lifecycle.py::test_8_no_network_and_read_only
    --deselect tests/contract/test_lifecycle.py::test_5_stop_while_idle
    --deselect tests/contract/test_lifecycle.py::test_5_stop_during_load
    --deselect tests/contract/test_metrics.py::test_emf_to_nowhere
    --deselect tests/contract/test_cases.py
)

# Under emulation, what looks at how soon a busy program answers, too.
emulated=(
    --deselect tests/contract/test_lifecycle.py::test_7_ping_while_busy
    --deselect
    tests/contract/test_idle.py::test_waiting_for_the_workers_is_not_idle
)

# In a network namespace with nothing but a loopback: the tests share it with
# their containers.
pytest_alone() {
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh \
        timeout -k 10 1500 "$PYTHON" -m pytest -c tests/pytest.ini \
        --rootdir . "${without[@]}" ${CONTAINER_QEMU:+"${emulated[@]}"} "$@"
}

# Runs pytest and adds up its last line.
suite() { # PATH...
    local log=build/image/test.log line
    pytest_alone "$@" 2>&1 </dev/null | tee $log
    line=$(tail -n 1 $log)
    for word in passed failed error; do
        n=$(sed -nE "s/.*(^|[^0-9])([0-9]+) ${word}s?.*/\2/p" <<<"$line")
        case $word in
        passed) passed=$((passed + ${n:-0})) ;;
        *) failed=$((failed + ${n:-0})) ;;
        esac
    done
    if ! [[ $line == *" passed"* ]]; then
        failed=$((failed + 1))
        echo "FAILED $*: it ended without a result"
    fi
}

# A container as strict as all of them. A sandbox may forbid seccomp, and then
# the engine's filter, too; without it the rest can still be proved.
can_run() {
    local why
    for CONTAINER_SECCOMP in '' unconfined; do
        export CONTAINER_SECCOMP
        why=$(unshare --net timeout 60 $CLARY_BIN --version 2>&1 </dev/null) &&
            break
    done
    [[ $why == 'clary '* ]] || { echo "$why"; return 1; }
    [ -z "$CONTAINER_SECCOMP" ] || echo "without a filter of the engine's:" \
        "seccomp is forbidden here"
}

scripts/setup.sh image
. scripts/image/store.sh
write_containers_conf
export PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1
export CLARY_BIN=tests/image/clary-in-container
CONTAINER_PIDS=$(mktemp -d)
export CONTAINER_PIDS
# a test that was cut short leaves its containers; all of this store are ours
trap 'podman rm --all --force --time 0 >/dev/null
rm -rf "$CONTAINER_PIDS"' EXIT

for arch in amd64 arm64; do
    echo "== $arch"
    verdict "build for $arch" timeout -k 10 900 scripts/image/build.sh $arch
    [ -d build/image/$arch ] || continue
    export CONTAINER_ARCH=$arch CONTAINER_IMAGE=localhost/clary:test-$arch
    # what was built by an engine is in its store, not in ours
    verdict "load $arch" skopeo copy -q --override-arch $arch \
        "docker-archive:build/image/$arch.tar" \
        "containers-storage:$CONTAINER_IMAGE"
    if [ $arch = amd64 ]; then
        export CONTAINER_MEMORY=64m
        unset CONTAINER_QEMU
    else
        # with room for what qemu translates
        export CONTAINER_MEMORY=256m
        CONTAINER_QEMU=$(command -v qemu-aarch64-static)
        export CONTAINER_QEMU
    fi
    if ! can_run; then
        failed=$((failed + 1))
        echo "FAILED: this machine, or a sandbox on it, runs no containers"
        suite tests/image/test_archive.py
        continue
    fi
    suite tests/image
    suite tests/contract
done
verdict 'start' python3 bench/start.py --alone amd64

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
