"""Compressed bodies: requests with Content-Encoding, replies for
Accept-Encoding.

SageMaker's own endpoints hand such headers on to nobody; these are for
direct callers.

SPDX-License-Identifier: Apache-2.0
"""
import functools
import gzip
import random
import zlib

import pytest

from contract.client import Connection, request_bytes

A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
REST = A[A.index(",") :]
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}


@functools.cache
def rows(count):
    """Numbers that do not repeat, as a body and as the answer."""
    source = random.Random(1)
    numbers = [source.randrange(10**6) / 8 for _ in range(count)]
    body = "".join(f"{n}{REST}\n" for n in numbers).encode()
    return body, numbers


def bare(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def post(server, body, coding, **headers):
    return server.request(
        "POST",
        "/invocations",
        CSV | {"Content-Encoding": coding} | headers,
        body,
    )


@pytest.mark.parametrize(
    "coding, pack",
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare),
        ("identity", bytes),
        ("", bytes),
    ],
    ids=["gzip", "x-gzip", "GZIP", "deflate", "bare", "identity", "empty"],
)
@pytest.mark.parametrize("count", [1, 3, 20000])
def test_inflated(serve, coding, pack, count):
    """The same bytes as for the plain body."""
    server = serve("identity8")
    body, numbers = rows(count)
    plain = server.request("POST", "/invocations", CSV, body)
    reply = post(server, pack(body), coding)
    assert reply.status == 200, reply
    assert reply.body == plain.body
    assert [float(line) for line in reply.body.split()] == numbers
    assert reply.header("Content-Encoding") is None


def test_members(serve):
    """A gzip body of several members is their contents, one after another."""
    body, _ = rows(100)
    cut = 1234  # in the middle of a row
    packed = gzip.compress(body[:cut]) + gzip.compress(body[cut:])
    server = serve("identity8")
    plain = server.request("POST", "/invocations", CSV, body)
    assert post(server, packed, "gzip").body == plain.body


@pytest.mark.parametrize("size", [1, 5, 3000, 50000])
def test_chunked(serve, size):
    """Also over a connection that goes on."""
    server = serve("identity8")
    body, _ = rows(300 if size == 1 else 20000)
    packed = gzip.compress(body)
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(packed[i : i + size]), packed[i : i + size])
        for i in range(0, len(packed), size)
    )
    head = CSV | {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
    plain = server.request("POST", "/invocations", CSV, body)
    with Connection(server.port) as connection:
        for _ in range(3):
            connection.send(request_bytes("POST", "/invocations", head))
            connection.send(chunks + b"0\r\n\r\n")
            assert connection.read().body == plain.body


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd", "compress"])
def test_other_codings(serve, coding):
    reply = post(serve("identity8"), gzip.compress(A.encode()), coding)
    assert reply.status == 415, reply
    assert coding in reply.json()["error"]
    assert "gzip" in reply.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(A.encode())[:-1],
        gzip.compress(A.encode())[:12],
        gzip.compress(A.encode())[:1],
        gzip.compress(A.encode()) + b"more",
        A.encode(),
        b"\x1f\x8b" + b"\xff" * 100,
        gzip.compress(A.encode())[:-8] + bytes(8),
    ],
    ids=["cut", "head", "one-byte", "more", "plain", "damaged", "checksum"],
)
def test_damaged(serve, body):
    server = serve("identity8")
    with Connection(server.port) as connection:
        connection.send(
            request_bytes(
                "POST", "/invocations", CSV | {"Content-Encoding": "gzip"}, body
            )
        )
        reply = connection.read()
        assert reply.status == 400, reply
        assert "compressed" in reply.json()["error"]
        # and the connection goes on
        reply = connection.request("POST", "/invocations", CSV, A.encode())
        assert reply.status == 200


def test_refused_inside(serve):
    """An error in the inflated rows says where, as ever."""
    body = f"{A}\nx{REST}\n".encode()
    reply = post(serve("identity8"), gzip.compress(body), "gzip")
    assert reply.status == 400
    assert "row 2, column 1" in reply.json()["error"]


@pytest.mark.parametrize(
    "body", [b"", gzip.compress(b"")], ids=["nothing", "packed"]
)
def test_empty(serve, body):
    reply = post(serve("identity8"), body, "gzip")
    assert reply.status == 400, reply


def test_bomb(serve):
    """32 MB of line feeds in 32 kB; the memory stays where it was."""
    server = serve("identity8")
    bomb = gzip.compress(b"\n" * (32 << 20))
    assert len(bomb) < 40000
    before = server.resident_bytes()
    reply = post(server, bomb, "gzip")
    assert reply.status == 413, reply
    assert "200 times" in reply.json()["error"]
    if not server.is_sanitized():
        assert server.resident_bytes() - before < 4 << 20


def test_any_ratio(serve):
    """By setting: 5 MB of equal rows in 6 kB."""
    body = gzip.compress(f"{A}\n".encode() * 80000, 9)
    assert post(serve("identity8"), body, "gzip").status == 413
    server = serve("identity8", CLARY_MAX_INFLATE_RATIO="0")
    reply = post(server, body, "gzip")
    assert reply.body == b"8.3252\n" * 80000


def test_inflated_size_limit(serve):
    """CLARY_MAX_BODY_BYTES holds for what comes out."""
    server = serve("identity8", CLARY_MAX_BODY_BYTES="100000")
    body, _ = rows(2000)
    packed = gzip.compress(body)
    assert len(packed) < 100000 < len(body)
    reply = post(server, packed, "gzip")
    assert reply.status == 413, reply
    assert "100000" in reply.json()["error"]


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("coding", [None, "identity"])
def test_unannounced(serve, size, coding):
    """gzip without its header: said so, however it arrives."""
    body = gzip.compress(A.encode() * 10)
    head = CSV | {"Transfer-Encoding": "chunked"}
    if coding:
        head |= {"Content-Encoding": coding}
    with Connection(serve("identity8").port) as connection:
        connection.send(request_bytes("POST", "/invocations", head))
        for i in range(0, len(body), size):
            piece = body[i : i + size]
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        reply = connection.read()
    assert reply.status == 415, reply
    assert "Content-Encoding: gzip" in reply.json()["error"]


# --- replies


def test_replies_are_plain(serve):
    """Unless the setting says otherwise."""
    body, _ = rows(2000)
    reply = serve("identity8").request(
        "POST", "/invocations", CSV | {"Accept-Encoding": "gzip"}, body
    )
    assert reply.status == 200
    assert reply.header("Content-Encoding") is None
    assert reply.header("Vary") is None


@pytest.mark.parametrize("asked", ["gzip", "br, gzip;q=0.5", "*", None, "br"])
@pytest.mark.parametrize("count", [1, 2000, 40000])
def test_replies(serve, asked, count):
    server = serve("identity8", CLARY_COMPRESS_BYTES="1000")
    body, numbers = rows(count)
    head = CSV | ({"Accept-Encoding": asked} if asked else {})
    with Connection(server.port) as connection:
        for _ in range(2):
            reply = connection.request("POST", "/invocations", head, body)
            assert reply.status == 200, reply
            assert reply.header("Vary") == "Accept-Encoding"
            assert reply.header("Content-Type") == "text/csv"
            got = reply.body
            if asked not in (None, "br") and count > 1:
                assert reply.header("Content-Encoding") == "gzip"
                got = gzip.decompress(got)
                assert len(reply.body) < len(got)
            else:
                assert reply.header("Content-Encoding") is None
            assert [float(line) for line in got.split()] == numbers


def test_replies_http_1_0(serve):
    """Which knows no chunks: the end is the end of the connection."""
    server = serve("identity8", CLARY_COMPRESS_BYTES="1000")
    body, numbers = rows(2000)
    with Connection(server.port) as connection:
        connection.send(
            b"POST /invocations HTTP/1.0\r\nContent-Type: text/csv\r\n"
            b"Accept: text/csv\r\nAccept-Encoding: gzip\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        reply = connection.read()
    assert reply.header("Content-Encoding") == "gzip"
    got = gzip.decompress(reply.body)
    assert [float(line) for line in got.split()] == numbers


def test_errors_are_plain(serve):
    server = serve("identity8", CLARY_COMPRESS_BYTES="1")
    reply = server.request(
        "POST", "/invocations", CSV | {"Accept-Encoding": "gzip"}, b"x"
    )
    assert reply.status == 400
    assert reply.header("Content-Encoding") is None
    assert "row 1" in reply.json()["error"]
