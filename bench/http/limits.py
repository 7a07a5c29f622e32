"""One-row requests beside what cannot be beaten: a server on libmicrohttpd that
does nothing, with the memory that clary gives a connection and with what
libmicrohttpd gives it by itself, and nginx returning 200.

    python3 bench/http/limits.py    needs nginx, strace
                                    (scripts/setup.sh bench)

One event loop each, on the first core, and closed_loop.c on the next, which
asks them in turn, TURN_MS each, ROUNDS times: on a virtual machine the speed of
a core changes by a fifth within seconds. Medians of the turns; the ratio is the
median of those within a round, with its quartiles. us of CPU is the server's,
for a request. Goal: at least 0.90 of the empty server's requests a second.
"Spinning" is CLARY_SPIN_US=200.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import statistics
import subprocess
import tempfile
import types

from load import (
    CLARY,
    CSV,
    ROW,
    free_port,
    request_bytes,
    start_on_a_core,
    system_calls,
)

ROUNDS, TURN_MS = 200, 50
OWN_POOL = 32768  # MHD_POOL_SIZE_DEFAULT

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid;
error_log /dev/null; events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{
    default_type application/json;
    return 200 '{{"predictions": [[4.526]]}}'; }} }} }}
"""


def start_command(command, port):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {0})
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(0, cores)
    return types.SimpleNamespace(process=process, port=port)


def start_empty(*pool_bytes):
    port = free_port()
    command = [CLARY.parent / "bench/empty_server", port, *pool_bytes]
    return start_command([str(word) for word in command], port)


def start_nginx(folder):
    port = free_port()
    path = f"{folder}/nginx.conf"
    with open(path, "w") as config:
        config.write(NGINX.format(folder=folder, port=port))
    return start_command(["nginx", "-c", path], port)


def measure(servers, connections):
    """[{server: (requests/s, us of CPU, p50 us, p99 us)} of each round]"""
    lines = subprocess.run(
        [CLARY.parent / "bench/closed_loop", str(connections), str(TURN_MS),
         str(ROUNDS), *(f"{server.port}:{server.process.pid}"
                        for server in servers.values())],
        input=request_bytes("POST", "/invocations", CSV, ROW),
        check=True, capture_output=True,
    ).stdout.decode().splitlines()
    names = list(servers)
    turns = [(names[int(line.split()[0])], tuple(map(float, line.split()[1:])))
             for line in lines]
    return [dict(turns[i:i + len(names)])
            for i in range(0, len(turns), len(names))]


def main():
    with tempfile.TemporaryDirectory() as folder:
        servers = {"empty libmicrohttpd": start_empty(),
                   "its own 32 KB pool": start_empty(OWN_POOL)}
        if shutil.which("nginx"):
            servers["nginx, return 200"] = start_nginx(folder)
        servers["clary, one row"] = start_on_a_core("california-housing",
                                                    CLARY_THREADS="1")
        servers["the same, spinning"] = start_on_a_core(
            "california-housing", CLARY_THREADS="1", CLARY_SPIN_US="200")
        try:
            compare(servers)
            if shutil.which("strace"):
                print_calls(servers)
        finally:
            for server in servers.values():
                server.process.terminate()
                server.process.wait(30)


def compare(servers):
    for connections in (1, 8, 64):
        rounds = measure(servers, connections)
        print(f"{connections:3} connections      requests/s   ratio  quartiles"
              "   us of CPU  p50 us  p99 us")
        for what in servers:
            rate, cpu, p50, p99 = (statistics.median(r[what][i] for r in rounds)
                                   for i in range(4))
            least, ratio, most = statistics.quantiles(
                (r[what][0] / r["empty libmicrohttpd"][0] for r in rounds), n=4
            )
            print(f"  {what:20}{rate:10.0f}{ratio:8.2f}  {least:.2f} {most:.2f}"
                  f"{cpu:12.1f}{p50:8.0f}{p99:8.0f}")


def print_calls(servers):
    print("system calls of a request on one connection")
    for what, server in servers.items():
        calls = system_calls(server)
        print(f"  {what:20}", ", ".join(f"{calls[name]:.2f} {name}"
                                        for name in sorted(calls)))


if __name__ == "__main__":
    main()
