"""One-row requests beside large bodies on the same event loop, and pings while
every core scores.

    python3 bench/http/head_of_line.py        needs wrk (scripts/setup.sh bench)

Goals: p50 of the one-row requests at most 3 times the idle one; p99.9 of the
pings at most 50 ms.

SPDX-License-Identifier: Apache-2.0
"""
import os
import time

from load import ROW, Background, Connection, percentile, start, wrk

SECONDS = 5
LARGE = ROW * 100000  # 6 MB


def beside_large_bodies():
    server = start("california-housing", CLARY_THREADS="1")
    idle = wrk(server, 1, SECONDS)
    with Background(server, LARGE) as background:
        began, before = time.monotonic(), background.n_done
        busy = wrk(server, 1, SECONDS)
        bodies = (background.n_done - before) / (time.monotonic() - began)
    server.stop()
    print("one row at a time, 1 loop        p50 us    p99 us")
    print(f"  nothing else               {idle[50]:10.0f}{idle[99]:10.0f}")
    print(f"  beside {bodies:4.1f} bodies/s of 6 MB {busy[50]:7.0f}"
          f"{busy[99]:10.0f}")
    print(f"  ratio of p50               {busy[50] / idle[50]:10.2f}")


def pings(what, case, body, **settings):
    cores = os.cpu_count()
    server = start(case, **settings)
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


beside_large_bodies()
print("\npings while every core scores      pings  p50 ms  p99 ms p99.9 ms")
pings("6 MB bodies, a small model", "california-housing", LARGE)
pings("a slow model, in workers", "wide-512", b"1,2,3,4,5,6,7,8\n" * 500,
      CLARY_CPU="scalar")
