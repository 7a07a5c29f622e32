"""What the benches of this folder have in common.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from contract.client import Connection, request_bytes  # noqa: E402
from contract.server import CLARY, GOLDEN, Server, free_port  # noqa: E402,F401

ROW = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv"}
UNITS = {"us": 1, "ms": 1000, "s": 1000000, "m": 60000000}
CORES = sorted(os.sched_getaffinity(0))


def start(case, **settings):
    return Server(GOLDEN / case / "model.tar.gz", settings).wait_ready()


def start_on_a_core(case, **settings):
    """The server on the first core, whoever calls on the others."""
    os.sched_setaffinity(0, CORES[:1])
    server = start(case, **settings)
    os.sched_setaffinity(0, CORES[1:] or CORES)
    return server


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def system_calls(server, count=1000):
    """{name: how many a request}, by strace, of one-row requests on one
    connection; what comes once in a while is left out."""
    with tempfile.NamedTemporaryFile("r") as report:
        strace = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "name,calls", "-o", report.name,
             "-p", str(server.process.pid)],
            stderr=subprocess.PIPE,
        )
        strace.stderr.readline()  # it is attached
        request = request_bytes("POST", "/invocations", CSV, ROW)
        with Connection(server.port, timeout=120) as connection:
            for _ in range(count):
                connection.send(request)
                assert connection.read().status == 200
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        counts = [line.split() for line in report.read().splitlines()]
    return {words[0]: int(words[1]) / count for words in counts
            if len(words) == 2 and words[1].isdigit()
            and int(words[1]) >= count / 10 and words[0] != "total"}


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def wrk(server, connections, seconds, body=ROW, pause_ms=0):
    """Each connection asks again when it has its answer, after a pause of
    `pause_ms` on average: {"good": 200s a second, "bad": others a second,
    50: us, 75: us, 90: us, 99: us}."""
    text = body.decode().replace("\n", "\\n")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.body = "{text}"\n'
            'wrk.headers["Content-Type"] = "text/csv"\n'
        )
        if pause_ms:
            script.write(
                "function delay() return math.floor("
                f"-{pause_ms} * math.log(1 - math.random())) end\n"
            )
        script.flush()
        output = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
             "--timeout", "30s", "-s", script.name,
             f"http://127.0.0.1:{server.port}/invocations"],
            check=True, capture_output=True, text=True,
        ).stdout
    count, took = re.search(r"(\d+) requests in ([\d.]+\w+)", output).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    bad = int(bad.group(1)) if bad else 0
    seconds = microseconds(took) / 1e6
    result = {"good": (int(count) - bad) / seconds, "bad": bad / seconds}
    for percent, latency in re.findall(r"(\d\d)% +([\d.]+\w+)", output):
        result[int(percent)] = microseconds(latency)
    return result


class Background:
    """Requests of one body on one connection, without a pause, for as long as
    the block runs."""

    def __init__(self, server, body, count=1):
        self.request = request_bytes("POST", "/invocations", CSV, body)
        self.server, self.n_done, self.is_over = server, 0, False
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        with Connection(self.server.port, timeout=120) as connection:
            while not self.is_over:
                connection.send(self.request)
                assert connection.read().status == 200
                self.n_done += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]
