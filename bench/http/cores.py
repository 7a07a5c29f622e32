"""Large bodies on one core and on all of them.

    python3 bench/http/cores.py [ROUNDS]

One event loop with a core of its own and the clients on the others, then a loop
for each core with the clients among them; medians of ROUNDS rounds, in each of
which both run. "of CPU" is what the server takes for a body: were it alone on
its cores, as it is where clients are elsewhere, so many cores would answer
`scaling` times as much as one. Goals: 3 million rows a second of a core, and
1.8 for two cores.

SPDX-License-Identifier: Apache-2.0
"""
import os
import statistics
import sys
import time

from load import CORES, ROW, Background, cpu_seconds, start, start_on_a_core

SECONDS = 5
ROWS = 100000


def measure(server, clients):
    """Bodies a second, and seconds of CPU for one."""
    with Background(server, ROW * ROWS, clients) as background:
        began, before = time.monotonic(), background.n_done
        spent = cpu_seconds(server)
        time.sleep(SECONDS)
        n_done = background.n_done - before
        spent = cpu_seconds(server) - spent
        rate = n_done / (time.monotonic() - began)
    assert server.stop() == 0, server.output()
    return rate, spent / n_done


def one_core():
    return measure(start_on_a_core("california-housing", CLARY_THREADS="1"), 2)


def all_cores():
    os.sched_setaffinity(0, CORES)
    server = start("california-housing", CLARY_THREADS=str(len(CORES)))
    return measure(server, 2 * len(CORES))


def main(rounds):
    found = [(one_core(), all_cores()) for _ in range(rounds)]
    n = len(CORES)
    print(f"bodies of {ROWS:,} rows   bodies/s   ms of CPU   rows/s of a core")
    for i, what in enumerate(("1 core", f"{n} cores")):
        rate = statistics.median(r[i][0] for r in found)
        spent = statistics.median(r[i][1] for r in found)
        print(f"  {what:21}{rate:10.1f}{1000 * spent:12.1f}"
              f"{ROWS / spent:19,.0f}")
    wall = statistics.median(r[1][0] / r[0][0] for r in found)
    scaling = statistics.median(n * r[0][1] / r[1][1] for r in found)
    print(f"{n} cores answer {wall:.2f} times as much beside their clients; "
          f"scaling {scaling:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
