"""Slow and large bodies: cases 74 and 76.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import time

import pytest

from contract.client import Connection, request_bytes
from contract.meaning import rows_of
from contract.remote import URLS
from contract.server import GOLDEN

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
ID8 = GOLDEN / "identity8/model.tar.gz"
IS_SLOW = "CLARY_SLOW_TESTS" in os.environ or bool(URLS)


def test_76_slow_upload(serve):
    """Some hundred bytes a second, byte by byte, while others are served."""
    server = serve("identity8", CLARY_IDLE_TIMEOUT_S="1")
    request = request_bytes("POST", "/invocations", CSV, A * 5)
    started = time.monotonic()
    with Connection(server.port) as slow:
        slow.send(request[: -len(A * 5)])
        for i, byte in enumerate(A * 5):
            slow.send(bytes([byte]))
            if i % 20 == 0:
                assert server.invoke(A).status == 200
            time.sleep(0.008)
        assert slow.read().body == b"8.3252\n" * 5
    # far longer than a connection may be idle
    assert time.monotonic() - started > 2.5


@pytest.mark.skipif(not IS_SLOW, reason="CLARY_SLOW_TESTS is not set")
def test_76_slow_upload_for_minutes(serve):
    """100 bytes a second for 90 s, as they come from far away."""
    request = request_bytes("POST", "/invocations", CSV, A * 150)
    with Connection(serve("identity8").port) as slow:
        for at in range(0, 9000, 50):
            slow.send(request[at : at + 50])
            time.sleep(0.5)
        slow.send(request[9000:])
        assert slow.read().body == b"8.3252\n" * 150


def send_large(connection, size):
    """A body of `size` bytes, made as it is sent; its number of rows."""
    count = size // len(A)
    head = CSV | {"Content-Length": str(count * len(A))}
    connection.send(request_bytes("POST", "/invocations", head))
    piece = A * 20000
    for _ in range(count // 20000):
        connection.send(piece)
    connection.send(A * (count % 20000))
    return count


def peak_bytes(server):
    with open(f"/proc/{server.pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    raise AssertionError("no VmHWM")


@pytest.mark.parametrize(
    "size",
    [
        100 << 20,
        pytest.param(
            1 << 30,
            marks=pytest.mark.skipif(
                "CLARY_SLOW_TESTS" not in os.environ,
                reason="CLARY_SLOW_TESTS is not set",
            ),
        ),
    ],
    ids=["100MB", "1GB"],
)
def test_74_large_body(start, size):
    """The memory it takes is that of the reply, which is a ninth of it."""
    server = start(ID8).wait_ready()
    assert server.invoke(A).status == 200
    before = peak_bytes(server)
    with Connection(server.port, timeout=170) as connection:
        count = send_large(connection, size)
        reply = connection.read()
    assert reply.status == 200
    assert reply.body == b"8.3252\n" * count
    grown = peak_bytes(server) - before
    if not server.is_sanitized():
        # a reply grows by doubling
        assert grown < 2 * len(reply.body) + (8 << 20)
    # and is given back, once the server knows that it was sent
    if not server.is_sanitized():
        deadline = time.monotonic() + 10
        while server.resident_bytes() >= before + (8 << 20):
            assert time.monotonic() < deadline, server.resident_bytes()
            time.sleep(0.05)
    assert server.stop() == 0


def test_74_100_megabytes(serve):
    """Whoever serves: all rows, or 413; and it goes on."""
    server = serve("identity8")
    with Connection(server.port, timeout=170) as connection:
        try:
            count = send_large(connection, 100 << 20)
        except ConnectionError:
            count = None  # it need not read what it refuses
        reply = connection.read()
    assert reply.status in (200, 413), reply
    if reply.status == 200:
        rows = rows_of(reply.header("Content-Type"), reply.body)
        assert len(rows) == count
    assert server.invoke(A).status == 200


def test_74_over_the_limit_of_replies(serve):
    """CLARY_MAX_REPLY_BYTES bounds that memory; 413 names it."""
    server = serve("identity8", CLARY_MAX_REPLY_BYTES="1000000")
    with Connection(server.port) as connection:
        send_large(connection, 20 << 20)
        reply = connection.read()
    assert reply.status == 413, reply
    assert "1000000" in json.loads(reply.body)["error"]
