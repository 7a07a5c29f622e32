"""Connections on which nothing happens end, those that are only slow do not.

SPDX-License-Identifier: Apache-2.0
"""
import re
import time

import pytest

from contract.client import Connection, request_bytes
from contract.server import GOLDEN

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
ID8 = GOLDEN / "identity8/model.tar.gz"
TIMEOUT = {"CLARY_IDLE_TIMEOUT_S": "1"}
LARGE, LARGE_REPLY = A * 2_000_000, b"8.3252\n" * 2_000_000  # beyond buffers


def ends_with(connection):
    """What comes before the server ends the connection."""
    connection.socket.settimeout(30)
    try:
        return b"".join(iter(lambda: connection.socket.recv(1 << 20), b""))
    except ConnectionResetError:
        return b""


def test_between_requests(serve):
    server = serve("identity8", **TIMEOUT)
    with Connection(server.port) as idle, Connection(server.port) as busy:
        started = time.monotonic()
        assert idle.request("POST", "/invocations", CSV, A).status == 200
        for _ in range(10):
            assert busy.request("POST", "/invocations", CSV, A).status == 200
            time.sleep(0.2)
        assert ends_with(idle) == b""
        assert time.monotonic() - started >= 1
        assert busy.request("POST", "/invocations", CSV, A).status == 200


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST /invocations HTTP/1.1\r\nHost: a\r\n",
     request_bytes("POST", "/invocations", CSV, A)[:-9]],
    ids=["nothing", "headers", "body"],
)
def test_a_request_that_does_not_go_on(serve, begun):
    with Connection(serve("identity8", **TIMEOUT).port) as stuck:
        stuck.send(begun)
        assert ends_with(stuck) == b""


def test_headers_that_do_not_end(serve):
    """As much as a byte now and then does not keep a connection."""
    with Connection(serve("identity8", **TIMEOUT).port) as slow:
        slow.send(b"POST /invocations HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):
            for _ in range(200):
                slow.send(b"x")
                time.sleep(0.05)


def test_a_reply_that_is_read_slowly(serve):
    server = serve("identity8", **TIMEOUT)
    started = time.monotonic()
    with Connection(server.port, receive_buffer=65536) as slow:
        slow.send(request_bytes("POST", "/invocations", CSV, LARGE))
        head = slow.socket.recv(200)
        got = len(head.split(b"\r\n\r\n", 1)[1])
        while got < len(LARGE_REPLY):
            piece = slow.socket.recv(1 << 16)
            assert piece, got
            got += len(piece)
            time.sleep(0.01)
    # far longer than a connection may be idle
    assert time.monotonic() - started > 2


def n_connections(server):
    text = server.request("GET", "/metrics").body.decode()
    return int(re.search(r"^clary_connections (\d+)$", text, re.M).group(1))


def test_a_reply_that_is_not_read(start):
    server = start(ID8, TIMEOUT).wait_ready()
    with Connection(server.port, receive_buffer=4096) as deaf:
        deaf.send(request_bytes("POST", "/invocations", CSV, LARGE))
        deadline = time.monotonic() + 60
        while n_connections(server) > 1:  # its own
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(ends_with(deaf)) < len(LARGE_REPLY)
