"""What comes over the socket: cases 9 and 68 to 73.

SPDX-License-Identifier: Apache-2.0
"""
import errno
import socket
import struct
import threading
import time

import pytest

from contract.client import Connection, request_bytes
from contract.meaning import IS_EXACT, rows_of
from contract.remote import URLS
from contract.server import GOLDEN

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
ONE = b'{\n    "predictions": [[8.3252]\n    ]\n}'
CSV = {"Content-Type": "text/csv"}
HEAD = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"


def chunked(body, size):
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)


@pytest.fixture
def connect(serve):
    """connect(): an open connection to the shared server."""
    server = serve("identity8")
    open_ones = []

    def connection(**options):
        open_ones.append(Connection(server.port, **options))
        return open_ones[-1]

    yield connection
    for each in open_ones:
        each.socket.close()
    assert server.ping() == 200


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_68_chunked(connect, size):
    connection = connect()
    head = (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
    body = A + b"\r\n" + A + b"\n"
    connection.send(head + chunked(body, size) + b"0\r\n\r\n")
    reply = connection.read()
    assert reply.status == 200, reply
    assert reply.body == ONE.replace(b"[8.3252]", b"[8.3252], [8.3252]")
    # and the connection goes on
    assert connection.request("POST", "/invocations", CSV, A).body == ONE


def test_68_one_byte_packets(connect):
    """Head and body, one byte a packet."""
    connection = connect()
    head = (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
    for byte in head + chunked(A, 1) + b"0\r\n\r\n":
        connection.send(bytes([byte]))
    assert connection.read().body == ONE


@pytest.mark.parametrize(
    "line",
    [b"zz\r\n", b"-1\r\n", b"fffffffffffffffffffff\r\n", b"5\r\nabcdefgh\r\n"],
    ids=["no-number", "negative", "overflow", "longer-than-said"],
)
def test_68_bad_chunks(connect, line):
    connection = connect()
    head = (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
    connection.send(head + line + b"0\r\n\r\n")
    try:
        assert connection.read().status in (400, 413)
    except (EOFError, ConnectionResetError):
        pass  # closing is an answer too
    else:
        assert connection.is_closed()


def test_69_expect_continue(connect):
    connection = connect()
    started = time.monotonic()
    head = f"{HEAD}Expect: 100-continue\r\nContent-Length: {len(A)}\r\n\r\n"
    connection.send(head.encode())
    assert connection.read().status == 100
    connection.send(A)
    reply = connection.read()
    assert (reply.status, reply.body) == (200, ONE)
    assert time.monotonic() - started < 0.8


def test_69_expect_continue_unread(connect):
    """A request that is refused for its head need not send its body."""
    connection = connect()
    connection.send(
        b"POST /nope HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        b"Content-Length: 100000000\r\n\r\n"
    )
    reply = connection.read()
    if reply.status == 100:
        pytest.skip("the library asks for the body before it looks")
    assert reply.status == 404


def test_70_keep_alive(connect):
    connection = connect()
    for i in range(1000):
        number = b"%d" % i
        body = number + A[A.index(b",") :]
        reply = connection.request("POST", "/invocations", CSV, body)
        assert reply.status == 200, reply
        assert reply.json() == {"predictions": [[i]]}
    time.sleep(4)
    assert connection.request("POST", "/invocations", CSV, A).body == ONE


def test_70_keep_alive_after_errors(connect):
    connection = connect()
    for body, status in ((b"x", 400), (A, 200), (b"", 400), (A, 200)):
        assert (
            connection.request("POST", "/invocations", CSV, body).status
            == status
        )
    for method, path, status in (
        ("GET", "/nope", 404),
        ("GET", "/invocations", 405),
        ("HEAD", "/ping", 200),
        ("HEAD", "/nope", 404),
    ):
        assert connection.request(method, path).status == status
    assert connection.request("POST", "/invocations", CSV, A).body == ONE


def test_70_error_before_the_body_ends(connect):
    """A bad first row of a long body: 400, and either the connection goes on
    or it is closed; it never answers the next request with a rest of this."""
    connection = connect()
    body = b"x\n" + (A + b"\n") * 30000
    try:
        connection.send(request_bytes("POST", "/invocations", CSV, body))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may close while the body still comes; the reply is sent
    reply = connection.read()
    assert reply.status == 400, reply
    assert b"row 1" in reply.body or not IS_EXACT
    if (reply.header("Connection") or "").lower() != "close":
        assert connection.request("POST", "/invocations", CSV, A).body == ONE


def test_70_connection_close(connect):
    connection = connect()
    reply = connection.request(
        "POST", "/invocations", CSV | {"Connection": "close"}, A
    )
    assert (reply.status, reply.body) == (200, ONE)
    assert reply.header("Connection").lower() == "close"
    assert connection.is_closed()


def test_70_pipelined(connect):
    """Requests sent without waiting are answered in order."""
    connection = connect()
    bodies = [b"%d" % i + A[A.index(b",") :] for i in range(20)]
    connection.send(
        b"".join(request_bytes("POST", "/invocations", CSV, b) for b in bodies)
    )
    for i in range(20):
        assert connection.read().json() == {"predictions": [[i]]}


@pytest.mark.parametrize("host", ["", "Host: a\r\n"], ids=["no-host", "host"])
def test_71_http_1_0(connect, host):
    connection = connect()
    connection.send(
        f"POST /invocations HTTP/1.0\r\n{host}Content-Type: text/csv\r\n"
        f"Content-Length: {len(A)}\r\n\r\n".encode() + A
    )
    reply = connection.read()
    assert (reply.status, reply.body) == (200, ONE)
    assert connection.is_closed()


def test_71_http_1_1_without_host(connect):
    connection = connect()
    connection.send(b"GET /ping HTTP/1.1\r\n\r\n")
    assert connection.read("GET").status == 400


BAD_HEADS = {
    "length-and-chunked": "Content-Length: 60\r\nTransfer-Encoding: chunked",
    "chunked-and-length": "Transfer-Encoding: chunked\r\nContent-Length: 60",
    "two-lengths": "Content-Length: 60\r\nContent-Length: 61",
    "two-lengths-shorter": "Content-Length: 60\r\nContent-Length: 5",
    "negative-length": "Content-Length: -1",
    "word-length": "Content-Length: abc",
    "empty-length": "Content-Length:",
    "huge-length": "Content-Length: 99999999999999999999999",
    "length-list": "Content-Length: 60, 61",
    "plus-length": "Content-Length: +60",
}


@pytest.mark.parametrize("fields", BAD_HEADS.values(), ids=BAD_HEADS)
def test_72_ambiguous_length(connect, fields):
    """400 (413 for a length beyond every limit) and close; what follows the
    head is never taken for a request. (libmicrohttpd 0.9.75 sends the head of
    its own 400 twice, hence the rest.)"""
    connection = connect()
    smuggled = request_bytes("GET", "/ping")
    head = f"{HEAD}{fields}\r\n\r\n".encode()
    try:
        connection.send(head + A + smuggled)
        reply = connection.read()
    except ConnectionError:
        pytest.fail("closed without a response")
    allowed = (400, 413) if "99999" in fields else (400,)
    assert reply.status in allowed, reply
    rest = connection.rest()
    assert rest is not None, "the connection is not closed"
    assert b"200 OK" not in rest


@pytest.mark.parametrize("name", ["Content-Type", "Content-Encoding"])
def test_72_twice_what_a_body_is(connect, name):
    """Which of them others on the way have heard, nobody knows."""
    connection = connect()
    fields = f"{name}: identity\r\n{name}: text/csv\r\n"
    head = "POST /invocations HTTP/1.1\r\nHost: x\r\n"
    connection.send(
        f"{head}{fields}Content-Length: {len(A)}\r\n\r\n".encode() + A
    )
    reply = connection.read()
    assert reply.status == 400
    assert reply.json() == {"error": f"more than one {name}"}


def test_72_equal_lengths(connect):
    """Twice the same length is 400, or one length (RFC 9110, 8.6)."""
    connection = connect()
    fields = f"Content-Length: {len(A)}\r\n" * 2
    connection.send(f"{HEAD}{fields}\r\n".encode() + A)
    reply = connection.read()
    assert reply.status in (200, 400), reply
    assert reply.status == 400 or reply.body == ONE


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /ping HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 60000 + b"\r\n",
        b"GET /ping HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    ],
    ids=["bytes", "no-path", "version", "long-header", "many-headers", "tls"],
)
def test_72_nonsense(connect, head):
    """An error or a closed connection, soon; the server goes on (fixture)."""
    connection = connect(timeout=5)
    try:
        connection.send(head)
        connection.socket.shutdown(socket.SHUT_WR)
        status = connection.read("GET").status
    except (EOFError, ConnectionError, BrokenPipeError):
        return
    except OSError as error:
        assert error.errno == errno.ENOTCONN  # it closed first
        return
    assert 400 <= status < 600


def settled(server, files):
    """The server's open files once they are at most `files`, or after 5 s."""
    assert server.ping() == 200  # accepted last: all before it are too
    deadline = time.monotonic() + 5
    while (now := server.open_files()) > files:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return now


@pytest.mark.parametrize("sent", ["head", 0, 1, 1000, 200000])
def test_9_half_a_request(start, sent):
    """The client goes away in the middle of its request: its connection is
    closed, and no stop waits for it."""
    server = start(GOLDEN / "identity8/model.tar.gz").wait_ready()
    assert server.invoke(A.decode()).body == ONE
    files = server.open_files()
    for i in range(40):
        connection = Connection(server.port)
        if sent == "head":
            connection.send(HEAD[: 3 * i + 1].encode())
        else:
            body = (A + b"\n") * (sent // 60 + 1)
            head = f"{HEAD}Content-Length: {len(body) + 100}\r\n\r\n"
            connection.send(head.encode() + body[:sent])
        if i % 2:
            reset(connection)
        else:
            connection.socket.close()
    assert settled(server, files) <= files
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5


def reset(connection):
    """Closes with RST, as a killed client does."""
    connection.socket.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    connection.socket.close()


def test_9_killed_in_mid_response(serve):
    """1000 clients die while their reply is sent: nothing is left behind."""
    server = serve("identity8")
    body = (A + b"\n") * 5000  # a reply of 50 kB
    request = request_bytes("POST", "/invocations", CSV, body)

    def kill(count):
        for _ in range(count):
            connection = Connection(server.port, receive_buffer=4096)
            connection.send(request)
            assert connection.socket.recv(15) == b"HTTP/1.1 200 OK"
            reset(connection)

    assert server.ping() == 200
    if URLS:  # what it keeps open cannot be seen from here
        kill(1000)
        assert server.invoke(A.decode()).body == ONE
        return
    files = server.open_files()
    kill(200)
    files = settled(server, files)
    memory = server.resident_bytes()
    kill(800)
    assert settled(server, files) <= files
    if not server.is_sanitized():  # which keeps freed memory for a while
        assert server.resident_bytes() - memory < 8 << 20
    assert server.invoke(A.decode()).body == ONE


@pytest.mark.parametrize("megabytes", [6, 25])
def test_73_large_body(serve, megabytes):
    server = serve("identity8")
    rest = A[A.index(b",") :] + b"\n"
    rows = megabytes * (1 << 20) // 66
    body = b"".join(b"%d.5" % (i % 1000) + rest for i in range(rows))
    assert len(body) > megabytes * 1000000 * 0.9
    for accept in ("application/json", "text/csv"):
        with Connection(server.port, timeout=60) as connection:
            reply = connection.request(
                "POST", "/invocations", CSV | {"Accept": accept}, body
            )
        assert reply.status == 200, reply
        if not IS_EXACT:
            found = rows_of(reply.header("Content-Type"), reply.body)
            got = [b"%.1f" % row[0] for row in found]
        elif accept == "text/csv":
            got = reply.body.split()
        else:
            got = reply.body[21:].translate(None, b"[],}").split()
            assert reply.body.startswith(b'{    "predictions": [[0.5], [1.5]')
        assert len(got) == rows
        assert got == [b"%d.5" % (i % 1000) for i in range(rows)]


def test_73_over_the_limit(serve):
    """413 as soon as the length is known, and also when it is not."""
    server = serve("identity8", CLARY_MAX_BODY_BYTES="1000")
    fits = (A + b"\n") * 16
    reply = server.request("POST", "/invocations", CSV, fits)
    assert reply.status == 200, reply
    reply = server.request("POST", "/invocations", CSV, fits + b"\n" * 25)
    assert reply.status == 413
    assert reply.header("Content-Type") == "application/json"
    assert list(reply.json()) == ["error"]
    with Connection(server.port) as connection:
        head = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
        connection.send(
            head.encode() + chunked(fits * 2, 100) + b"0\r\n\r\n"
        )
        assert connection.read().status == 413


def test_73_rows_arrive_in_any_pieces(connect):
    """The bytes of an answer do not depend on how the body was cut."""
    row = A + b"\r\n"
    body = b'"8.3252"' + A[A.index(b",") :] + b"\r\n" + row * 3
    expected = connect().request("POST", "/invocations", CSV, body).body
    for cut in range(1, 140):
        connection = connect()
        head = f"{HEAD}Content-Length: {len(body)}\r\n\r\n"
        connection.send(head.encode() + body[:cut])
        time.sleep(0.001)
        connection.send(body[cut:])
        assert connection.read().body == expected


def test_concurrent_clients_get_their_own_rows(serve):
    """8 clients, each with its own numbers."""
    server = serve("identity8")
    wrong = []

    def client(me):
        rest = A[A.index(b",") :] + b"\n"
        with Connection(server.port) as connection:
            for turn in range(100):
                first = [me * 1000 + turn * 3 + i for i in range(turn % 50 + 1)]
                body = b"".join(b"%d" % n + rest for n in first)
                reply = connection.request("POST", "/invocations", CSV, body)
                if reply.json() != {"predictions": [[n] for n in first]}:
                    wrong.append((me, turn, reply))

    threads = [threading.Thread(target=client, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
