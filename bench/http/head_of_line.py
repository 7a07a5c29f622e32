"""One-row requests beside large bodies on the same event loop, and pings while
every core scores.

    python3 bench/http/head_of_line.py        needs wrk (scripts/setup.sh bench)

Times of one-row requests are in us; server and clients have a core each. Goals:
their p50 at most 3 times the idle one; p99.9 of the pings at most 50 ms.

SPDX-License-Identifier: Apache-2.0
"""
import os
import time

from load import (
    ROW,
    Background,
    Connection,
    percentile,
    start,
    start_on_a_core,
    wrk,
)

SECONDS = 5
ALL_CORES = os.sched_getaffinity(0)
LARGE = ROW * 100000  # 6 MB


def beside_large_bodies(what, clients, pause_ms):
    server = start_on_a_core("california-housing", CLARY_THREADS="1")
    idle = wrk(server, clients, SECONDS, pause_ms=pause_ms)
    with Background(server, LARGE) as background:
        began, before = time.monotonic(), background.n_done
        busy = wrk(server, clients, SECONDS, pause_ms=pause_ms)
        bodies = (background.n_done - before) / (time.monotonic() - began)
    server.stop()
    print(f"  {what:28}{idle[50]:8.0f}{idle[99]:8.0f}{busy[50]:9.0f}"
          f"{busy[99]:8.0f}{busy[50] / idle[50]:8.2f}{bodies:10.1f}")


def pings(what, case, body, **settings):
    cores = os.cpu_count()
    server = start(case, **settings)  # on all of them
    times = []
    with Background(server, body, 2 * cores) as background:
        ends = time.monotonic() + SECONDS
        with Connection(server.port) as connection:
            while time.monotonic() < ends:
                began = time.monotonic()
                assert connection.request("GET", "/ping").status == 200
                times.append((time.monotonic() - began) * 1000)
                time.sleep(0.001)
        assert background.n_done > 0
    server.stop()
    print(f"  {what:31}{len(times):6}{percentile(times, 50):8.2f}"
          f"{percentile(times, 99):8.2f}{percentile(times, 99.9):8.2f}")


print("one row a request, 1 loop        idle p50     p99 busy p50     p99"
      "   ratio  bodies/s")
beside_large_bodies("64 clients, 2000 a second", 64, 32)
beside_large_bodies("1 client", 1, 0)
os.sched_setaffinity(0, ALL_CORES)
print("\npings while every core scores      pings  p50 ms  p99 ms p99.9 ms")
pings("6 MB bodies, a small model", "california-housing", LARGE)
pings("a slow model, in workers", "wide-512", b"1,2,3,4,5,6,7,8\n" * 500,
      CLARY_CPU="scalar")
