"""Connections: limits, answers to clients that still send, and clients that
go away or stay idle.

SPDX-License-Identifier: Apache-2.0
"""
import signal
import socket
import threading
import time

import pytest

from contract.client import Connection, request_bytes
from contract.server import GOLDEN

ID8 = GOLDEN / "identity8/model.tar.gz"
A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv"}
CHUNKED = CSV | {"Transfer-Encoding": "chunked"}
LIMIT = {"CLARY_MAX_BODY_BYTES": "1000000"}


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_too_large_is_answered_while_the_client_sends(serve):
    """It may send all of its 40 MB first and still reads the answer."""
    server = serve("identity8", **LIMIT)
    body = A * 650000
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", "/invocations", CSV, body))
        reply = connection.read()
        assert reply.status == 413 and "1000000" in reply.json()["error"]
        assert reply.header("Connection") == "close"
        assert connection.is_closed()


@pytest.mark.parametrize("chunks", [20, 1100])
def test_too_large_without_a_length(serve, chunks):
    """Also for a client that goes on far beyond the limit (the last case:
    70 MB)."""
    server = serve("identity8", **LIMIT)
    piece = chunk(A * 1050)
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", "/invocations", CHUNKED))
        for _ in range(chunks):
            connection.send(piece)
        connection.send(b"0\r\n\r\n")
        reply = connection.read()
        assert reply.status == 413 and "1000000" in reply.json()["error"]


def test_an_error_early_in_a_body_keeps_the_connection(serve):
    server = serve("identity8")
    with Connection(server.port) as connection:
        for _ in range(3):
            bad = b"x" + A * 50000
            reply = connection.request("POST", "/invocations", CSV, bad)
            assert reply.status == 400 and "row 1" in reply.json()["error"]
            reply = connection.request("POST", "/invocations", CSV, A)
            assert reply.status == 200


def test_more_connections_than_allowed(start):
    server = start(ID8, {"CLARY_MAX_CONNECTIONS": "3"}).wait_ready()
    time.sleep(0.5)  # those of wait_ready are gone
    connections = [Connection(server.port) for _ in range(3)]
    for connection in connections:
        assert connection.request("GET", "/ping").status == 200
    with Connection(server.port) as one_more:
        one_more.send(request_bytes("GET", "/ping"))
        reply = one_more.read()
        assert reply.status == 503
        assert reply.json() == {"error": "too many connections"}
        assert one_more.is_closed()
    for connection in connections:
        assert connection.request("GET", "/ping").status == 200
        connection.socket.close()
    wait_for(lambda: server.ping() == 200)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /invo",
        request_bytes("GET", "/ping")[:-2],
        request_bytes("POST", "/invocations", CSV, A * 1000)[:-1],
        request_bytes("POST", "/invocations", CHUNKED) + b"100\r\n1,2",
    ],
)
def test_half_a_request_and_gone(start, sent):
    """The end of file may arrive together with the data."""
    server = start(ID8).wait_ready()
    wait_for(lambda: server.ping() == 200)
    time.sleep(0.5)
    before = server.open_files()
    for _ in range(100):
        with Connection(server.port) as connection:
            connection.send(sent)
    wait_for(lambda: server.open_files() <= before)
    assert server.invoke(A).status == 200


def test_a_client_that_has_said_all(serve):
    """It shuts its sending side and reads the answer."""
    server = serve("identity8")
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", "/invocations", CSV, A * 1000))
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read().status == 200
        assert connection.is_closed()


@pytest.mark.parametrize("count", [127, 128, 129, 256, 384])
def test_many_at_the_same_moment(start, count):
    """libmicrohttpd takes 128 events at a time; when there were exactly as
    many, and all clients wait, its own thread would wait too."""
    server = start(ID8, {"CLARY_THREADS": "1"}).wait_ready()
    clients = [Connection(server.port) for _ in range(count)]
    for client in clients:
        assert client.request("GET", "/ping").status == 200
    for _ in range(5):
        server.process.send_signal(signal.SIGSTOP)
        for client in clients:
            client.send(request_bytes("POST", "/invocations", CSV, A))
        server.process.send_signal(signal.SIGCONT)
        for client in clients:
            assert client.read().status == 200
    for client in clients:
        client.socket.close()


@pytest.mark.parametrize("count", [2, 8, 64, 200])
def test_requests_that_come_together(start, count):
    """In one turn of the event loop: each is answered with its own rows,
    whatever else comes in that turn, and though some of the clients have
    gone; none takes a place before the one read before it has left its."""
    server = start(ID8, {"CLARY_THREADS": "1", "CLARY_MAX_REQUESTS": "2"})
    server.wait_ready()
    clients = [Connection(server.port) for _ in range(count)]
    leaving = [Connection(server.port) for _ in range(count // 4)]
    for client in clients + leaving:
        assert client.request("GET", "/ping").status == 200
    for turn in range(3):
        server.process.send_signal(signal.SIGSTOP)
        for i, client in enumerate(clients):
            if i % 5 == 3:
                client.send(request_bytes("GET", "/ping"))
            elif i % 5 == 4:
                client.send(request_bytes("POST", "/invocations", CSV, b"no\n"))
            else:
                row = b"%d,1,2,3,4,5,6,7\n" % (3 * i + turn)
                client.send(request_bytes("POST", "/invocations", CSV, row * 2))
        while turn == 1 and leaving:
            with leaving.pop() as client:
                client.send(request_bytes("POST", "/invocations", CSV, A))
        server.process.send_signal(signal.SIGCONT)
        for i, client in enumerate(clients):
            reply = client.read()
            if i % 5 == 3:
                assert reply.status == 200
            elif i % 5 == 4:
                assert reply.status == 400
            else:
                assert reply.json()["predictions"] == [[3 * i + turn]] * 2
    assert server.stop() == 0
    for client in clients:
        client.socket.close()


def test_idle_connections_do_not_delay_the_end(start):
    server = start(ID8).wait_ready()
    connections = [Connection(server.port) for _ in range(10)]
    for connection in connections[:5]:
        assert connection.request("GET", "/ping").status == 200
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 1
    for connection in connections:
        assert connection.is_closed()


def test_the_grace_ends(start):
    """A request that never completes is cut after CLARY_GRACE_MS."""
    server = start(ID8, {"CLARY_GRACE_MS": "300"}).wait_ready()
    with Connection(server.port) as connection:
        head = request_bytes("POST", "/invocations", CSV, A * 100)
        connection.send(head[:-10])
        time.sleep(0.2)
        started = time.monotonic()
        assert server.stop() == 0
        assert 0.25 < time.monotonic() - started < 5
    assert '"connections_cut":"1"' in server.output()


def test_no_request_is_lost_at_the_end(start):
    """Clients that ask without a pause while the server is told to stop get
    an answer to every request that they have sent."""
    for _ in range(5):
        server = start(ID8).wait_ready()
        counts = [0] * 8
        lost = []

        def ask(i, server=server, counts=counts, lost=lost):
            while True:
                try:
                    connection = Connection(server.port)
                except ConnectionError:
                    return  # nobody listens any more
                with connection:
                    closes = False
                    while not closes:
                        try:
                            reply = connection.request(
                                "POST", "/invocations", CSV, A
                            )
                        except (OSError, EOFError) as error:
                            lost.append(error)
                            return
                        assert reply.status == 200
                        counts[i] += 1
                        closes = reply.header("Connection") == "close"

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        assert server.stop() == 0
        for thread in threads:
            thread.join(30)
        assert lost == []
        assert min(counts) > 0
