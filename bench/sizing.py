"""What a core serves, and what that costs: CPU time of the servers themselves,
so that neither the client nor other work on the machine counts.

    python3 bench/sizing.py      needs what make bench-peers makes, and nginx

Prints the tables of deploy/sizing.md. Every server gets the same bodies of CSV,
one request after another over one connection; its CPU time is that of all its
processes, user and system. An instance's vCPU is taken for one of this
machine's, and to be busy all the time, which none should be: plan with half.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "peers"))

from servers import Peer  # noqa: E402  (which knows the way to load)

from load import ROW  # noqa: E402

SECONDS, ROUNDS = 4, 3
ROWS = (1, 100, 10000)
TICK = os.sysconf("SC_CLK_TCK")
SERVERS = ("clary", "nginx + gunicorn + flask",
           "multi-model-server + sagemaker-inference")
MODELS = {"mlp": "8-64-64-1 net", "forest": "100 trees of depth 6"}

# name: (vCPU, USD an hour of real-time hosting in us-east-1)
INSTANCES = {"ml.m5.large": (2, 0.115), "ml.m5.xlarge": (4, 0.23),
             "ml.c5.xlarge": (4, 0.204)}


def cpu_seconds(peer):
    total = 0
    for pid in peer.pids():
        try:
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        user, system = text.rpartition(")")[2].split()[11:13]
        total += int(user) + int(system)
    return total / TICK


def rate(peer, rows):
    """Rows for each second of CPU time."""
    body = ROW * rows
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)

    def ask():
        connection.request("POST", "/invocations", body, headers)
        reply = connection.getresponse()
        answer = reply.read()
        assert reply.status == 200 and len(answer.split()) == rows, answer[:99]

    ask()
    found = []
    for _ in range(ROUNDS):
        began, before, done = time.monotonic(), cpu_seconds(peer), 0
        while time.monotonic() - began < SECONDS:
            ask()
            done += rows
        found.append(done / max(cpu_seconds(peer) - before, 1 / TICK))
    connection.close()
    return statistics.median(found)


def main():
    rates = {}
    for model in MODELS:
        for name in SERVERS:
            peer = Peer(name, model)
            peer.wait(ROW)
            try:
                for rows in ROWS:
                    rates[model, name, rows] = rate(peer, rows)
            finally:
                peer.stop()
            print(model, name, [f"{rates[model, name, r]:.0f}" for r in ROWS],
                  file=sys.stderr)
    print("| model | server | " + " | ".join(
        f"{rows:,} rows a request" for rows in ROWS) + " |")
    print("|---|---|" + "---|" * len(ROWS))
    for model, what in MODELS.items():
        for name in SERVERS:
            cells = " | ".join(f"{rates[model, name, r]:,.0f}" for r in ROWS)
            print(f"| {what} | {name} | {cells} |")
    print("\n| instance | USD an hour | server | 1 row a request "
          "| 100 rows a request |")
    print("|---|---|---|---|---|")
    for instance, (cpus, price) in INSTANCES.items():
        for name in SERVERS:
            costs = [price / 3600 / cpus / rates["mlp", name, rows] * 1e9
                     for rows in (1, 100)]
            print(f"| {instance} | {price} | {name} | "
                  + " | ".join(f"{cost:,.2f}" for cost in costs) + " |")


if __name__ == "__main__":
    main()
