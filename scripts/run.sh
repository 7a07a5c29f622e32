#!/bin/bash
# run.sh PROGRAM PORT: serves the bundled housing model until Ctrl-C, for
# `make run`.
# SPDX-License-Identifier: Apache-2.0
set -u
program=$1
port=$2
case=tests/golden/savedmodel/california-housing

# The server gets a process group of its own (set -m), and below the terminal:
# Ctrl-C then reaches the server alone and make ends as quietly as it does.
# Should this script die, so does the server.
set -m
trap 'kill -TERM "$server" 2>/dev/null' INT TERM
setpriv --pdeathsig TERM \
    "$program" serve --model $case/model.tar.gz --port "$port" </dev/null &
server=$!

for _ in $(seq 100); do
    kill -0 $server 2>/dev/null || break
    curl -fs -o /dev/null "http://127.0.0.1:$port/ping" && break
    sleep 0.1
done
if kill -0 $server 2>/dev/null; then
    row=$(head -n 1 $case/input.csv)
    cat <<END

clary serves the California housing model on port $port. In another terminal:

    curl -H 'Content-Type: text/csv' -d '$row' \\
        http://127.0.0.1:$port/invocations

Ctrl-C stops it.

END
fi
if [ -t 0 ] && [ -t 1 ]; then
    fg %1 >/dev/null
    exit
fi
# A signal interrupts the first wait; the second has the server's status.
wait $server
wait $server
