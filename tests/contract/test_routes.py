"""Paths, methods and how a request names them: cases 64, 66, 67 and
90.

SPDX-License-Identifier: Apache-2.0
"""
import re

import pytest

from contract.errors import assert_error
from contract.housing import A, ONE
from contract.meaning import IS_EXACT

NOT_FOUND = b'{"error": "Not Found"}'


@pytest.mark.parametrize(
    "case, method, path",
    [
        ("64", "GET", "/nope"),
        ("64-root", "GET", "/"),
        ("64-post", "POST", "/nope"),
        ("64-longer", "GET", "/pingpong"),
        ("64-longer-invocations", "POST", "/invocationsXYZ"),
        ("64-case", "GET", "/PING"),
        ("64-dots", "GET", "/../../etc/passwd"),
        ("64-escapes", "GET", "/%00%0a%2e%2e"),
        ("90", "POST", "/models"),
        ("90-list", "GET", "/models"),
    ],
)
def test_unknown_route(serve, case, method, path):
    reply = serve("identity8").request(
        method, path, body=b"x" if method == "POST" else None
    )
    assert reply.status == 404, reply
    if IS_EXACT:
        assert reply.body == NOT_FOUND
        assert reply.header("Content-Type") == "application/json"


def test_64_long_path(serve):
    reply = serve("identity8").request("GET", "/" + "x" * 7000)
    assert reply.status in (404, 414), reply


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "BREW"])
def test_66_wrong_method(serve, method):
    reply = serve("identity8").request(method, "/invocations")
    assert_error(reply, 405)
    if IS_EXACT:
        assert reply.header("Allow") == "POST"


def test_66_wrong_method_with_body(serve):
    reply = serve("identity8").request("PUT", "/invocations", body=b"x" * 99999)
    assert_error(reply, 405)


def test_66_delete_ping(serve):
    reply = serve("identity8").request("DELETE", "/ping")
    assert_error(reply, 405)
    assert not IS_EXACT or {"GET", "HEAD", "POST"} <= set(
        re.split(r",\s*", reply.header("Allow"))
    )


@pytest.mark.parametrize(
    "method, body", [("GET", None), ("HEAD", None), ("POST", b"")]
)
def test_67_ping(serve, method, body):
    reply = serve("identity8").request(method, "/ping", body=body)
    assert reply.status == 200
    if IS_EXACT or method == "HEAD":
        assert reply.body == b""
        assert reply.header("Content-Length") == "0" or not IS_EXACT


@pytest.mark.parametrize(
    "path", ["/ping?a=b", "/invocations?x=%2f"], ids=["ping", "invocations"]
)
def test_64_query_is_ignored(serve, path):
    method = "GET" if "ping" in path else "POST"
    reply = serve("identity8").request(
        method,
        path,
        {"Content-Type": "text/csv"} if method == "POST" else {},
        A.encode() if method == "POST" else None,
    )
    assert reply.status == 200, reply


@pytest.mark.parametrize("host", ["x", "x:8080"])
def test_a_target_as_proxies_get_it(serve, host):
    """RFC 9112 section 3.2.2: absolute-form."""
    target = f"http://{host}/invocations"
    headers = {"Content-Type": "text/csv"}
    reply = serve("identity8").request("POST", target, headers, A.encode())
    assert (reply.status, reply.body) == (200, ONE)
    assert serve("identity8").request("GET", f"http://{host}").status == 404


def test_header_names_in_any_case(serve):
    """Go and AsyncHttpClient write them differently."""
    reply = serve("identity8").request(
        "POST",
        "/invocations",
        {"content-TYPE": "text/csv", "ACCEPT": "application/json"},
        A.encode(),
    )
    assert (reply.status, reply.body) == (200, ONE.replace(b"\n", b""))
