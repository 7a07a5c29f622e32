"""What happens round a server must not harm it: its end under load, no
descriptors, a full disk, closed standard streams.

SPDX-License-Identifier: Apache-2.0
"""
import errno
import os
import resource
import signal
import subprocess
import tarfile
import threading
import time

import pytest

from contract.client import Connection, request_bytes
from contract.server import CLARY, GOLDEN, clean_environment, free_port

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
ID8 = GOLDEN / "identity8/model.tar.gz"
HOUSING = GOLDEN / "california-housing/model.tar.gz"


# --- states


def test_draining_says_so(start):
    """An open connection that asks while the server ends."""
    server = start(ID8).wait_ready()
    with Connection(server.port) as busy, Connection(server.port) as asking:
        busy.send(request_bytes("POST", "/invocations", CSV, A * 10)[:-1])
        assert asking.request("GET", "/ping").status == 200
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        asking.send(request_bytes("GET", "/ping"))
        reply = asking.read("GET")
        assert reply.status == 503
        assert reply.json()["error"].startswith("draining: ")
        assert reply.header("Connection") == "close"
        assert reply.header("Retry-After") == "1"
        busy.send(b"\n")
        assert busy.read().status == 200
    assert server.wait() == 0


def test_loading_says_so(start, tmp_path):
    """While an artifact is read that is large: 64 MB of zeros beside the
    model."""
    model = tmp_path / "model.tar.gz"
    with tarfile.open(ID8) as small, tarfile.open(
        model, "w:gz", compresslevel=1
    ) as large:
        for member in small:
            large.addfile(member, small.extractfile(member))
        padding = tarfile.TarInfo("code/padding")
        padding.size = 64 << 20
        with open("/dev/zero", "rb") as zeros:
            large.addfile(padding, zeros)
    server = start(model)
    deadline = time.monotonic() + 10
    while (status := server.ping()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert status == 503
    for method, path, body in (
        ("GET", "/ping", None),
        ("POST", "/invocations", A),
        ("GET", "/execution-parameters", None),
    ):
        reply = server.request(method, path, CSV, body)
        assert reply.status == 503, reply
        assert reply.json()["error"].startswith("loading: ")
        assert reply.header("Retry-After") == "1"
    server.wait_ready()
    assert server.stop() == 0


def ask_until_closed(server, request, answer, counts, failures):
    """Requests without a pause; a connection that is announced to close is
    replaced, until nobody listens."""
    while True:
        try:
            connection = Connection(server.port)
        except ConnectionError:
            return
        with connection:
            closes = False
            while not closes:
                try:
                    connection.send(request)
                    reply = connection.read()
                except (OSError, EOFError) as error:
                    failures.append(repr(error))
                    return
                if reply.status != 200 or reply.body != answer:
                    failures.append(repr(reply))
                counts.append(1)
                closes = reply.header("Connection") == "close"


@pytest.mark.parametrize("budget", ["2000", "0"], ids=["loops", "workers"])
def test_no_request_fails_round_after_round(start, budget):
    """Start, load, SIGTERM, with small and large requests in flight."""
    small = request_bytes("POST", "/invocations", CSV, A)
    large = request_bytes("POST", "/invocations", CSV, A * 20000)
    for _ in range(5):
        server = start(ID8, {"CLARY_PIECE_BUDGET_US": budget}).wait_ready()
        counts, failures = [], []
        threads = [
            threading.Thread(
                target=ask_until_closed,
                args=(server, request, answer, counts, failures),
            )
            for request, answer in [
                (small, b"8.3252\n"),
                (large, b"8.3252\n" * 20000),
            ]
            * 4
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        assert server.stop() == 0
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert len(counts) > 50
        assert '"connections_cut":"0"' in server.output()


# --- descriptors and streams


def test_without_descriptors(start):
    """More clients than descriptors: they wait, and are served when others
    have gone."""

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    server = start(ID8, preexec_fn=few).wait_ready()
    clients = [Connection(server.port) for _ in range(60)]
    time.sleep(0.3)
    assert clients[0].request("GET", "/ping").status == 200
    for client in clients[:50]:
        client.socket.close()
    for client in clients[50:]:
        reply = client.request("POST", "/invocations", CSV, A)
        assert reply.body == b"8.3252\n"
        client.socket.close()
    for _ in range(3):
        assert server.ping() == 200
    assert "accepting pauses" in server.output()
    assert server.stop() == 0


@pytest.mark.parametrize(
    "redirect",
    [
        "</dev/null >/dev/full 2>/dev/full",
        "2>&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
        "<&-",
    ],
)
def test_standard_streams(start, redirect):
    """Full or closed: no socket takes their place, and no log line goes astray
    to a client."""
    port = free_port()
    command = ["sh", "-c", f'exec "$0" "$@" {redirect}', CLARY, "serve"]
    command += ["--model", ID8, "--port", str(port)]
    server = start(ID8, {"CLARY_LOG": "debug"}, command=command, port=port)
    server.wait_ready()
    for _ in range(20):  # each refusal is a line in the log
        assert server.invoke("abc").status == 400
        assert server.invoke(A).json() == {"predictions": [[8.3252]]}
    with Connection(server.port) as connection:
        for _ in range(3):
            reply = connection.request("POST", "/invocations", CSV, b"x")
            assert reply.status == 400
            reply = connection.request("POST", "/invocations", CSV, A)
            assert reply.body == b"8.3252\n"
        assert connection.unread == b""
    for fd in range(3):
        target = os.readlink(f"/proc/{server.process.pid}/fd/{fd}")
        assert not target.startswith("socket:"), (fd, target)
    assert server.stop(10) == 0


def test_the_port_is_taken(start):
    first = start(ID8).wait_ready()
    second = start(ID8, port=first.port)
    assert second.wait(10) == 1
    assert str(first.port) in second.output()


@pytest.mark.parametrize("word", ["inspect", "check", "predict"])
def test_full_disk(word):
    """A command whose output cannot be written says so."""
    input_csv = HOUSING.parent / "input.csv"
    with open("/dev/full", "w") as full, open(input_csv) as rows:
        run = subprocess.run(
            [CLARY, word, "--model", HOUSING],
            stdin=rows,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            env=clean_environment(),
        )
    assert run.returncode == 1
    assert os.strerror(errno.ENOSPC) in run.stderr
