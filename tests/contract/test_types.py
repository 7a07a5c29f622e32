"""Content-Type and Accept: cases 38 to 45.

SPDX-License-Identifier: Apache-2.0
"""
import pytest

from contract.errors import assert_error
from contract.housing import A, ONE
from contract.meaning import IS_EXACT, near, rows_of


@pytest.mark.parametrize(
    "content_type",
    [
        "text/csv; charset=utf-8",
        "text/csv;label_size=0",
        "TEXT/CSV",
        "  text/csv  ",
        "Text/Csv ; charset=UTF-8",
    ],
)
def test_38_content_type(serve, content_type):
    reply = serve("identity8").invoke(A, content_type)
    assert (reply.status, reply.body) == (200, ONE)


def test_39_unsupported_type(serve):
    reply = serve("identity8").invoke(A, "text/plain")
    assert_error(reply, 415)
    if IS_EXACT:
        assert reply.body == b'{"error": "Unsupported Media Type: text/plain"}'


@pytest.mark.parametrize(
    "content_type", ["application/x-nothing", 'a/"b\\', "text/csv2", "csv", ";"]
)
def test_39_other_types(serve, content_type):
    assert_error(serve("identity8").invoke(A, content_type), 415)


def test_40_no_content_type(serve):
    reply = serve("identity8").invoke(A, None)
    assert_error(reply, 415)
    if IS_EXACT:
        assert reply.body == b'{"error": "Unsupported Media Type: Unknown"}'
        assert len(reply.body) == 44


JSON = "application/json"
CSV_TYPE = "text/csv"
LINES = "application/jsonlines"
FLAT = ONE.replace(b"\n", b"")
# (case, style, Accept, Content-Type, body)
ACCEPT = [
    ("41", "auto", "*/*", JSON, ONE),
    ("41-strict", "tfserving-strict", "*/*", JSON, ONE),
    ("41-q", "auto", "*/*;q=0.8", JSON, ONE),
    ("42", "auto", LINES, LINES, b"[8.3252]\n"),
    ("42-strict", "tfserving-strict", LINES, LINES, FLAT),
    ("43", "auto", CSV_TYPE, CSV_TYPE, b"8.3252\n"),
    ("43-upper-case", "auto", "TEXT/CSV", CSV_TYPE, b"8.3252\n"),
    ("43-parameter", "auto", "text/csv; a=b", CSV_TYPE, b"8.3252\n"),
    ("43-strict", "tfserving-strict", CSV_TYPE, JSON, ONE),
    ("44", "auto", "text/csv, application/json", CSV_TYPE, b"8.3252\n"),
    ("44-json-first", "auto", "application/json, text/csv", JSON, FLAT),
    ("44-q", "auto", "text/csv;q=0.1, application/json", JSON, FLAT),
    ("44-refused", "auto", "text/csv;q=0, application/json", JSON, FLAT),
    ("45-list", "auto", "application/json;q=0.9, */*", JSON, None),
    ("45-unknown", "auto", "image/png", JSON, ONE),
    ("45-unknown-strict", "tfserving-strict", "image/png", JSON, ONE),
    ("45-empty", "auto", "", JSON, ONE),
    ("45-nonsense", "auto", ",;q=,/", JSON, ONE),
]


@pytest.mark.parametrize(
    "style, accept, content_type, body",
    [c[1:] for c in ACCEPT],
    ids=[c[0] for c in ACCEPT],
)
def test_accept(serve, style, accept, content_type, body):
    settings = {} if style == "auto" else {"CLARY_STYLE": style}
    reply = serve("identity8", **settings).invoke(A, accept=accept)
    assert reply.status == 200, reply
    if not IS_EXACT:  # whatever the type: it and the body must agree
        found = rows_of(reply.header("Content-Type"), reply.body)
        assert near(found, [[8.3252]]), reply
        return
    assert reply.header("Content-Type") == content_type
    if body is None:
        assert reply.json() == {"predictions": [[8.3252]]}
    else:
        assert reply.body == body


def test_44_strict_labels_agree(serve):
    reply = serve("identity8", CLARY_STYLE="tfserving-strict").invoke(
        A, accept="text/csv, application/json"
    )
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.json() == {"predictions": [[8.3252]]}


def test_43_several_rows_and_values(serve):
    rows = "1.0,2.0,5.0\n0.0,2.0,5.0\n"
    server = serve("half-plus-three")
    reply = server.invoke(rows, accept="text/csv")
    assert reply.body == b"3.5,4.0,5.5\n3.0,4.0,5.5\n"
    reply = server.invoke(rows, accept="application/jsonlines")
    assert reply.body == b"[3.5, 4.0, 5.5]\n[3.0, 4.0, 5.5]\n"
