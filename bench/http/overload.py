"""Goodput when more is asked for than can be done.

    python3 bench/http/overload.py            needs wrk (scripts/setup.sh bench)

A slow model (a millisecond a row, in workers) gets as many requests as it can
take; then 0.8 and 2 times as many, from clients that each ask about once a
second, refused or not; then those of clients that ask again at once. A small
model gets more and more clients of the latter kind. The server has a core of
its own, and so has the client; "us of CPU" is the server's. Goal: goodput stays
within 10 % of the capacity.

SPDX-License-Identifier: Apache-2.0
"""
from load import ROW, cpu_seconds, start_on_a_core, wrk

SECONDS = 8
SLOW_ROW = b"1,2,3,4,5,6,7,8\n"

HEAD = ("                              200s/s   503s/s   ratio   p99 ms"
        "   us of CPU per 200  ratio")


class Table:
    """The first line is the capacity that the others are held against."""

    def __init__(self, title, server):
        print(f"{title}\n{HEAD}")
        self.server, self.first = server, None

    def line(self, what, run):
        before = cpu_seconds(self.server)
        good, bad, p99_us, seconds = run()
        spent = 1e6 * (cpu_seconds(self.server) - before) / (good * seconds)
        self.first = self.first or (good, spent)
        capacity, cost = self.first
        print(f"  {what:26}{good:8.0f}{bad:9.0f}{good / capacity:8.2f}"
              f"{p99_us / 1000:9.0f}{spent:20.0f}{cost / spent:7.2f}")
        return good


def closed(server, clients, row):
    def run():
        it = wrk(server, clients, SECONDS, body=row)
        return it["good"], it["bad"], it[99], SECONDS

    return run


def due(server, rate):
    def run():
        it = wrk(server, int(rate), SECONDS, body=SLOW_ROW, pause_ms=1000)
        return it["good"], it["bad"], it[99], SECONDS

    return run


def slow_model():
    server = start_on_a_core("wide-512", CLARY_CPU="scalar", CLARY_THREADS="1",
                             CLARY_QUEUE_REQUESTS="32")
    table = Table("a slow model, 32 requests may wait", server)
    capacity = table.line("16 clients: the capacity",
                          closed(server, 16, SLOW_ROW))
    table.line("0.8 times that", due(server, 0.8 * capacity))
    table.line("twice that", due(server, 2 * capacity))
    table.line("64 clients that do not wait", closed(server, 64, SLOW_ROW))
    table.line("256 clients that do not wait", closed(server, 256, SLOW_ROW))
    server.stop()


def small_model():
    server = start_on_a_core("california-housing", CLARY_THREADS="1")
    table = Table("\na small model", server)
    for clients in (64, 128, 256, 1024):
        table.line(f"{clients} clients", closed(server, clients, ROW))
    server.stop()


slow_model()
small_model()
