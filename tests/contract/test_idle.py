"""Connections on which nothing happens end, those that are only slow do not.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import gzip
import re
import socket
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
    with Connection(serve("identity8", **TIMEOUT).port) as idle:
        started = time.monotonic()
        assert idle.request("POST", "/invocations", CSV, A).status == 200
        assert ends_with(idle) == b""
        assert time.monotonic() - started >= 1


def test_now_and_then_is_not_idle(serve):
    with Connection(serve("identity8", **TIMEOUT).port) as busy:
        for _ in range(10):
            assert busy.request("POST", "/invocations", CSV, A).status == 200
            time.sleep(0.2)


def test_after_a_long_reply(serve):
    """Its own time limit ends with it, and the usual one is back."""
    with Connection(serve("identity8", **TIMEOUT).port) as idle:
        reply = idle.request("POST", "/invocations", CSV, A * 20_000)
        assert len(reply.body) == 7 * 20_000
        assert idle.request("POST", "/invocations", CSV, A).status == 200
        assert ends_with(idle) == b""


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


# every request goes to the workers, in turns of 8 KiB
HEAVY = TIMEOUT | {"CLARY_PIECE_BUDGET_US": "0", "CLARY_THREADS": "1"}


@pytest.mark.parametrize("sent", [5000, 8192, 8193, 16384])
def test_a_heavy_body_that_does_not_go_on(serve, sent):
    with Connection(serve("identity8", **HEAVY).port) as stuck:
        stuck.send(request_bytes("POST", "/invocations",
                                 CSV | {"Content-Length": "60000"}))
        stuck.send((A * 1000)[:sent])
        assert ends_with(stuck) == b""


def test_waiting_for_the_workers_is_not_idle(start):
    """Turns of 8 KiB which are millions of empty lines, so that each waits long
    for the others', with chunks that libmicrohttpd has already read."""
    settings = HEAVY | {"CLARY_MAX_INFLATE_RATIO": "0",
                        "CLARY_MAX_HELD_BYTES": str(1 << 30)}
    server = start(ID8, settings).wait_ready()
    packed = gzip.compress(A + b"\n" * 12_000_000, 9)
    chunks = [packed[i : i + 2048] for i in range(0, len(packed), 2048)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks)
    head = request_bytes("POST", "/invocations", CSV | {
        "Content-Encoding": "gzip", "Transfer-Encoding": "chunked"})
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Connection(server.port, timeout=60))
                   for _ in range(12)]
        for client in clients:
            client.send(head + body + b"0\r\n\r\n")
        for client in clients:
            assert client.read().body == b"8.3252\n"


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


def test_a_short_reply_that_is_not_read(start):
    """Nor is it kept for a client that has shut its own side."""
    server = start(ID8, TIMEOUT).wait_ready()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        deaf.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(request_bytes("POST", "/invocations", CSV, A * 9000))
        deaf.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + 60
        while n_connections(server) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
