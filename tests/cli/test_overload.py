"""What is too much at once is refused with 503, Retry-After and a reason, and
what was taken on is answered.

SPDX-License-Identifier: Apache-2.0
"""
import json
import time

from contract.client import Connection, request_bytes
from contract.server import GOLDEN

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
CHUNKED = CSV | {"Transfer-Encoding": "chunked"}
ID8 = GOLDEN / "identity8/model.tar.gz"


def assert_overloaded(reply, text):
    assert reply.status == 503, reply
    assert reply.header("Retry-After") == "1"
    assert reply.header("Content-Type") == "application/json"
    assert list(reply.json()) == ["error"]
    assert text in reply.json()["error"]


def begin(server, body, kept):
    """A request without its last `kept` bytes."""
    connection = Connection(server.port)
    connection.send(request_bytes("POST", "/invocations", CSV, body)[:-kept])
    time.sleep(0.2)
    return connection


def ask_until_taken(ask):
    """What ended a moment ago may still count."""
    deadline = time.monotonic() + 10
    while (reply := ask()).status != 200:
        assert reply.status == 503, reply
        assert time.monotonic() < deadline


def test_requests_at_once(start):
    server = start(ID8, {"CLARY_MAX_REQUESTS": "2"}).wait_ready()
    taken = [begin(server, A * 100, 10) for _ in range(2)]
    with Connection(server.port) as third:
        for _ in range(3):  # and it may try again on the same connection
            reply = third.request("POST", "/invocations", CSV, A)
            assert_overloaded(reply, "requests")
        assert third.request("GET", "/ping").status == 200
        assert third.request("GET", "/execution-parameters").status == 200
        for each in taken:
            with each:
                each.send(A[-10:])
                assert each.read().body == b"8.3252\n" * 100
        ask_until_taken(lambda: third.request("POST", "/invocations", CSV, A))


def test_a_client_that_has_gone_counts_no_more(start):
    server = start(ID8, {"CLARY_MAX_REQUESTS": "1"}).wait_ready()
    for _ in range(20):
        begin_and_go = Connection(server.port)
        begin_and_go.send(
            request_bytes("POST", "/invocations", CSV, A * 100)[:-10]
        )
        begin_and_go.socket.close()
        ask_until_taken(lambda: server.invoke(A))


def test_replies_that_are_kept(start):
    """A client that does not read its reply, which is more than a socket
    takes; the next large one does not fit, a small one does."""
    server = start(ID8, {"CLARY_MAX_HELD_BYTES": "12000000"}).wait_ready()
    body = A * 1200000  # a reply of 8.4 MB
    with Connection(server.port, receive_buffer=4096) as lazy:
        lazy.send(request_bytes("POST", "/invocations", CSV, body))
        lazy.socket.recv(1)
        # with a length it is known at once
        with Connection(server.port) as other:
            length = {"Content-Length": str(len(body))}
            other.send(request_bytes("POST", "/invocations", CSV | length))
            assert_overloaded(other.read(), "held")
        # without one it is found out as it grows
        with Connection(server.port) as other:
            other.send(request_bytes("POST", "/invocations", CHUNKED))
            piece = A * 100000
            for _ in range(12):
                other.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            other.send(b"0\r\n\r\n")
            assert_overloaded(other.read(), "held")
        assert server.invoke(A).status == 200
    ask_until_taken(lambda: server.invoke(A * 600000, accept="text/csv"))


def test_late(serve):
    """CLARY_TIMEOUT_MS counts from the headers on, also for an upload that is
    slow; the connection goes on."""
    server = serve("identity8", CLARY_TIMEOUT_MS="300")
    with Connection(server.port) as connection:
        connection.send(
            request_bytes("POST", "/invocations", CSV, A * 2)[: -len(A)]
        )
        time.sleep(0.5)
        connection.send(A)
        assert_overloaded(connection.read(), "CLARY_TIMEOUT_MS")
        for _ in range(3):
            reply = connection.request("POST", "/invocations", CSV, A)
            assert reply.body == b"8.3252\n"


def test_one_line_a_second(start):
    """Refusing is not made more expensive by writing about it."""
    server = start(ID8, {"CLARY_MAX_REQUESTS": "1"}).wait_ready()
    with begin(server, A * 100, 10):
        started = time.monotonic()
        for _ in range(20):
            reply = server.request("POST", "/invocations", CSV, A)
            assert_overloaded(reply, "requests")
        seconds = time.monotonic() - started
    lines = [
        json.loads(line)
        for line in server.output().splitlines()
        if '"event":"overloaded"' in line
    ]
    assert 1 <= len(lines) <= 2 + seconds
