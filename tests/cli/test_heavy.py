"""Models that are too slow for an event loop: their requests go to workers.

With CLARY_PIECE_BUDGET_US=0 any model is; a model that really is slow is
wide-512 with the scalar kernels (some ms a row).

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import os
import re
import select
import socket
import time

import pytest

from contract.client import Connection, request_bytes
from contract.server import GOLDEN

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
REST = A[A.index(b",") :]
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
CHUNKED = CSV | {"Transfer-Encoding": "chunked"}
ID8 = GOLDEN / "identity8/model.tar.gz"
WIDE = GOLDEN / "wide-512/model.tar.gz"
SLOW = {"CLARY_CPU": "scalar", "CLARY_THREADS": "1"}


def numbered(count):
    """A body, and the answer of identity8."""
    body = b"".join(b"%d.5%s" % (i, REST) for i in range(count))
    return body, b"".join(b"%d.5\n" % i for i in range(count))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_answer(connection):
    return bool(select.select([connection.socket], [], [], 0)[0])


@pytest.fixture
def heavy(serve):
    return serve("identity8", CLARY_PIECE_BUDGET_US="0")


@pytest.fixture
def connection(heavy):
    with Connection(heavy.port) as it:
        yield it


# --- the same answers


@pytest.mark.parametrize("count", [1, 2, 120, 130, 500, 20000])
def test_answers(connection, count):
    body, answer = numbered(count)
    for _ in range(3):
        reply = connection.request("POST", "/invocations", CSV, body)
        assert reply.status == 200, reply
        assert reply.body == answer


@pytest.mark.parametrize("size", [1, 7, 1000, 8192, 100000])
def test_chunks(connection, size):
    """Also when chunks that have been read wait for the workers."""
    body, answer = numbered(20 if size == 1 else 5000)
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    for _ in range(3):
        connection.send(request_bytes("POST", "/invocations", CHUNKED))
        connection.send(b"".join(chunk(c) for c in chunks) + b"0\r\n\r\n")
        assert connection.read().body == answer


def test_pipelined(connection):
    requests = []
    for i in range(50):
        body = b"%d.5%s" % (i, REST)
        requests.append(request_bytes("POST", "/invocations", CSV, body))
    connection.send(b"".join(requests))
    for i in range(50):
        assert connection.read().body == b"%d.5\n" % i


def test_compressed(connection):
    body, answer = numbered(20000)
    head = CSV | {"Content-Encoding": "gzip"}
    for _ in range(2):
        reply = connection.request(
            "POST", "/invocations", head, gzip.compress(body)
        )
        assert reply.body == answer


def test_errors(connection):
    """Early, late, in the middle and before the body: the connection goes
    on."""
    for body, status in (
        (b"x\n" + A * 30000, 400),
        (A * 30000 + b"x\n", 400),
        (A * 100 + b"x\n" + A * 100, 400),
        (b"", 400),
        (A, 200),
    ):
        reply = connection.request("POST", "/invocations", CSV, body)
        assert reply.status == status, reply
    reply = connection.request("POST", "/invocations", {}, A)
    assert reply.status == 415
    assert connection.request("GET", "/ping").status == 200


@pytest.mark.parametrize("chunks", [20, 1100])
def test_too_large(serve, chunks):
    server = serve(
        "identity8", CLARY_PIECE_BUDGET_US="0", CLARY_MAX_BODY_BYTES="1000000"
    )
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", "/invocations", CHUNKED))
        for _ in range(chunks):
            connection.send(chunk(A * 1050))
        connection.send(b"0\r\n\r\n")
        reply = connection.read()
    assert reply.status == 413 and "1000000" in reply.json()["error"]


def test_a_client_that_has_said_all(connection):
    """It shuts its sending side and reads the answer."""
    body, answer = numbered(1000)
    connection.send(request_bytes("POST", "/invocations", CSV, body))
    connection.socket.shutdown(socket.SHUT_WR)
    assert connection.read().body == answer


def test_clients_that_go(start):
    """In the middle of a body and before the answer: nothing is left."""
    server = start(ID8, {"CLARY_PIECE_BUDGET_US": "0"}).wait_ready()
    body, answer = numbered(2000)
    request = request_bytes("POST", "/invocations", CSV, body)
    time.sleep(0.5)  # those of wait_ready are gone
    before = server.open_files()
    for cut in (len(request), len(request) // 2, 300, len(request) - 1):
        for _ in range(25):
            with Connection(server.port) as connection:
                connection.send(request[:cut])
    deadline = time.monotonic() + 10
    while server.open_files() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.open_files() <= before
    assert server.request("POST", "/invocations", CSV, body).body == answer
    assert server.stop() == 0


# --- a model that is slow


def rows(count):
    return b"1,2,3,4,5,6,7,8\n" * count


def send_rows(server, count):
    connection = Connection(server.port, timeout=120)
    connection.send(request_bytes("POST", "/invocations", CSV, rows(count)))
    return connection


def test_pings_meanwhile(start):
    """The only event loop is free while the model computes."""
    server = start(WIDE, SLOW).wait_ready()
    with send_rows(server, 800) as busy:
        for _ in range(30):
            assert server.ping() == 200
        assert not has_answer(busy)
        reply = busy.read()
    assert reply.status == 200
    assert len(reply.body.split()) == 800


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"CLARY_QUEUE_REQUESTS": "2"}, "requests"),
        ({"CLARY_QUEUE_BYTES": "50000"}, "bytes"),
    ],
)
def test_queue_is_bounded(start, settings, reason):
    """What does not fit is told when to come again, at once; what was taken
    on is computed."""
    server = start(WIDE, SLOW | settings).wait_ready()
    taken = [send_rows(server, 1500) for _ in range(2)]
    time.sleep(0.1)
    with send_rows(server, 500) as excess:
        reply = excess.read()
    assert reply.status == 503, reply
    assert reply.header("Retry-After") == "1"
    assert reason in reply.json()["error"]
    assert server.ping() == 200
    for each in taken:
        with each:
            reply = each.read()
        assert reply.status == 200 and len(reply.body.split()) == 1500
    assert server.request("POST", "/invocations", CSV, rows(1)).status == 200
    assert '"event":"overloaded"' in server.output()


def test_abandoned_work_is_not_done(start):
    """20 clients that have gone cost less than two of them would."""
    server = start(WIDE, SLOW).wait_ready()
    before = cpu_seconds(server)
    with send_rows(server, 400) as one:
        assert one.read().status == 200
    each = cpu_seconds(server) - before

    with send_rows(server, 400) as first:
        time.sleep(0.1)
        for _ in range(20):
            send_rows(server, 400).socket.close()
        before = cpu_seconds(server)
        with send_rows(server, 1) as last:
            assert last.read().status == 200
        assert first.read().status == 200
    assert cpu_seconds(server) - before < 5 * each


def test_late_work_is_not_done(start):
    """Half a second of time for some seconds of work."""
    server = start(WIDE, SLOW | {"CLARY_TIMEOUT_MS": "500"}).wait_ready()
    waiting = [send_rows(server, 1000) for _ in range(8)]
    for each in waiting:
        with each:
            reply = each.read()
        assert reply.status == 503, reply
        assert reply.header("Retry-After") == "1"
        assert "CLARY_TIMEOUT_MS" in reply.json()["error"]
    before = cpu_seconds(server)
    assert server.request("POST", "/invocations", CSV, rows(1)).status == 200
    assert cpu_seconds(server) - before < 1


# --- the end


def test_what_was_taken_on_is_answered(start):
    server = start(WIDE, SLOW).wait_ready()
    taken = [send_rows(server, 1500) for _ in range(3)]
    seen = b"clary_requests_in_flight 4\n"  # and the scrape itself
    while seen not in server.request("GET", "/metrics").body:
        assert not any(map(has_answer, taken)), "too few rows for this machine"
    assert server.stop() == 0
    for each in taken:
        with each:
            reply = each.read()
        assert reply.status == 200 and len(reply.body.split()) == 1500
        assert reply.header("Connection") == "close"
    assert '"connections_cut":"0"' in server.output()


@pytest.mark.parametrize("waiting", [1, 10])
def test_the_grace_ends(start, waiting):
    """Requests that are with the workers, and that wait for them, are cut."""
    server = start(WIDE, SLOW | {"CLARY_GRACE_MS": "100"}).wait_ready()
    taken = [send_rows(server, 5000) for _ in range(waiting)]
    time.sleep(0.3)
    assert server.stop() == 0
    assert re.search(rf'"connections_cut":"{waiting}"', server.output())
    for each in taken:
        each.socket.close()
