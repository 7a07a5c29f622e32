"""Requests and answers of contract.md section 3: cases 11 to 45 and 60 to 67.

Each id begins with the number of the case. Where clary answers otherwise than
TensorFlow Serving's container the README lists it under "Deviations".

SPDX-License-Identifier: Apache-2.0
"""
import json
import random
import re
import struct

import pytest

from contract.meaning import IS_EXACT, near, rows_of
from contract.server import ROOT

A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
B = "8.3014,21,6.23813708,0.97188049,2401,2.10984183,37.86,-122.22"
REST = A.split(",", 1)[1]  # columns 2 to 8
HEADER = (
    "MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude"
)
ONE = b'{\n    "predictions": [[8.3252]\n    ]\n}'
TWO = b'{\n    "predictions": [[8.3252], [8.3014]\n    ]\n}'
H3 = "half-plus-three"


def assert_error(reply, status, text=""):
    """A short compact JSON object with one member, a sentence for a client.
    Another server than clary need only tell whose fault it is, in few bytes
    and without HTML or paths."""
    if not IS_EXACT:
        assert reply.status // 100 == status // 100, reply
        assert len(reply.body) < 1024, reply
        text = bytes(reply.body).decode(errors="replace")
        assert "<html" not in text.lower() and "/opt/" not in text, reply
        try:
            return str(json.loads(text)["error"])
        except (ValueError, KeyError, TypeError):
            return text
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    assert re.fullmatch(rb'\{"error": "[^\n]+"\}', reply.body), reply
    assert list(reply.json()) == ["error"]
    assert len(reply.body) < 1024
    message = reply.json()["error"]
    assert re.search(text, message), message
    for secret in ("<html", "/opt/", str(ROOT), ".c:", "0x7f"):
        assert secret not in message
    return message


# (case, model, body, answer)
CSV = [
    ("11", "identity8", A, ONE),
    ("13", "identity8", f"{A}\n{B}\n", TWO),
    ("13-no-final-lf", "identity8", f"{A}\n{B}", TWO),
    ("14-crlf", "identity8", f"{A}\r\n{B}\r\n", TWO),
    ("14-crlf-no-final", "identity8", f"{A}\r\n{B}", TWO),
    ("15-blank-lines", "identity8", f"{A}\n\n  \n{B}\n\n", TWO),
    ("15-blank-lines-crlf", "identity8", f"\r\n{A}\r\n \t\r\n{B}\r\n\r\n", TWO),
    ("16-blanks", "identity8", f"  {A.replace(',', ' , ')} \n", ONE),
    ("16-tabs", "identity8", "\t" + A.replace(",", "\t,\t") + "\t", ONE),
    (
        "17",
        H3,
        "1.0,2.0,5.0",
        b'{\n    "predictions": [[3.5, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "18",
        H3,
        "1.0,2.0,5.0\n1.0,2.0,5.0",
        b'{\n    "predictions": [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "19",
        H3,
        "0.0,2.0,5.0",
        b'{\n    "predictions": [[3.0, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "28-exponents",
        "identity8",
        f"-1e-3,{REST}\n2E5,{REST}\n1e+2,{REST}",
        b'{\n    "predictions": [[-0.001], [200000.0], [100.0]\n    ]\n}',
    ),
    (
        "31-quoted",
        "identity8",
        ",".join(f'"{cell}"' for cell in A.split(",")),
        ONE,
    ),
    ("34-bom", "identity8", "\ufeff" + A, ONE),
    (
        "35-integers",
        "identity8",
        "8,41,6,1,322,2,37,-122",
        b'{\n    "predictions": [[8.0]\n    ]\n}',
    ),
]


@pytest.mark.parametrize(
    "model, body, answer", [c[1:] for c in CSV], ids=[c[0] for c in CSV]
)
def test_csv(serve, model, body, answer):
    reply = serve(model).invoke(body)
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.body == answer
    # The same rows, asked for as JSON by name: line feeds removed (case 12).
    named = serve(model).invoke(body, accept="application/json")
    assert named.header("Content-Type") == "application/json"
    assert named.body == answer.replace(b"\n", b"")


def test_12_accept_json(serve):
    reply = serve("identity8").invoke(A, accept="application/json")
    assert reply.body == b'{    "predictions": [[8.3252]    ]}'
    assert len(reply.body) == 35 or not IS_EXACT


@pytest.mark.parametrize("body", ["1.0\n2.0\n5.0", "1.0\r\n2.0\r\n5.0\r\n"])
def test_20_one_feature(serve, body):
    """A line without a comma is a row of one column."""
    reply = serve("one-feature").invoke(body)
    assert reply.status == 200, reply
    rows = reply.json()["predictions"]
    assert [len(row) for row in rows] == [1, 1, 1]


def test_20_one_feature_is_not_eight(serve):
    assert_error(serve("identity8").invoke("1.0\n2.0\n"), 400, "8")


SEVEN = A.rsplit(",", 1)[0]
BAD = [
    ("21-header", f"{HEADER}\n{A}", "row 1.*MedInc"),
    ("21-header-e", f"elev,{HEADER.split(',', 1)[1]}\n{A}", "row 1.*elev"),
    ("22-seven-columns", SEVEN, "row 1.*(8.*7|7.*8)"),
    ("22-nine-columns", A + ",1", "row 1.*8"),
    ("23-ragged", f"{A}\n{SEVEN}\n{A}", "row 2.*(8.*7|7.*8)"),
    ("24-empty-field", A.replace(",41,", ",,"), "row 1, column 2"),
    ("24-blank-field", A.replace(",41,", ",  ,"), "row 1, column 2"),
    ("25-word", A.replace(",41,", ",abc,"), "row 1, column 2.*abc"),
    ("25-word-row-2", f"{A}\n{B.replace('2401', 'abc')}", "row 2, column 5"),
    ("26-trailing-comma", A + ",", "row 1"),
    ("27-semicolons", A.replace(",", ";"), "row 1"),
    ("27-tabs", A.replace(",", "\t"), "row 1"),
    ("29-leading-point", f".5,{REST}", r"row 1, column 1.*\.5"),
    ("29-trailing-point", f"1.,{REST}", r"row 1, column 1.*1\."),
    ("29-plus", f"+1,{REST}", r"row 1, column 1.*\+1"),
    ("29-hex", f"0x10,{REST}", "row 1, column 1.*0x10"),
    ("29-underscore", f"1_000,{REST}", "row 1, column 1.*1_000"),
    ("29-leading-zero", f"01,{REST}", "row 1, column 1.*01"),
    ("29-minus-alone", f"-,{REST}", "row 1, column 1"),
    ("29-exponent-alone", f"1e,{REST}", "row 1, column 1"),
    ("29-two-points", f"1.2.3,{REST}", "row 1, column 1"),
    ("30-nan", f"nan,{REST}", "row 1, column 1.*nan"),
    ("30-NaN", f"NaN,{REST}", "row 1, column 1.*NaN"),
    ("30-Infinity", f"Infinity,{REST}", "row 1, column 1.*Infinity"),
    ("30-inf", f"-inf,{REST}", "row 1, column 1.*inf"),
    ("32-blanks", "   \n", "row"),
    ("32-blank-lines", "\n\r\n\n", "row"),
    ("33-empty", "", "empty"),
    ("34-bom-alone", "\ufeff", "row"),
    ("31-open-quote", f'"8.3252,{REST}', "row 1"),
    ("31-after-quote", f'"8.3252"x,{REST}', "row 1, column 1"),
    ("25-invalid-utf8", b"\xff\xfe," + REST.encode(), "row 1, column 1"),
    ("25-nul", b"1\x00," + REST.encode(), "row 1, column 1"),
    ("25-quotes-in-message", f"a\\\"b<'{REST}", "row 1"),
]


@pytest.mark.parametrize(
    "body, text", [c[1:] for c in BAD], ids=[c[0] for c in BAD]
)
def test_refused(serve, body, text):
    """400 names the place; one bad row refuses the request, whatever type was
    asked for."""
    for accept in (None, "text/csv", "application/jsonlines"):
        assert_error(serve("identity8").invoke(body, accept=accept), 400, text)


def test_25_last_of_many_rows(serve):
    """An error behind rows that were already computed is still a 400."""
    body = f"{A}\n" * 20000 + f"x,{REST}\n"
    assert_error(serve("identity8").invoke(body), 400, "row 20001, column 1")


PRINTED = [
    ("8.3252", "8.3252"),
    ("2.4567891", "2.45678902"),
    ("1000000", "1e+06"),
    ("1234567", "1234567.0"),
    ("0.33333334", "0.333333343"),
    ("0.00003", "3e-05"),
    ("100000", "100000.0"),
    ("123456.7", "123456.703"),
    ("16777217", "16777216.0"),
    ("3.4028234663852886e38", "3.40282347e+38"),
    ("1.1754943508222875e-38", "1.17549435e-38"),
    # A little off the middle of two float32, but the nearest double is the
    # middle: read as a double first, as TensorFlow Serving does, they go to
    # the even one.
    ("1.00000017881393432617187499", "1.00000024"),
    ("1.00000005960464477539062501", "1.0"),
    # x W + b is 0.0 for -0.0: TensorFlow's own answer too
    ("-0.0", "0.0"),
]


@pytest.mark.exact
@pytest.mark.parametrize("sent, printed", PRINTED, ids=[p[0] for p in PRINTED])
def test_36_text_of_numbers(serve, sent, printed):
    reply = serve("identity8").invoke(f"{sent},{REST}")
    assert reply.status == 200, reply
    assert re.search(rb"\[\[(.*)\]\n", reply.body)[1].decode() == printed


@pytest.mark.exact
def test_36_negative_zero(serve):
    """-0.0 keeps its sign where the model does."""
    reply = serve("special-values").invoke("0.0,-0.0")
    assert b"[[-Infinity, -Infinity, 0.0, -0.0]" in reply.body


def as_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def serving_text(number):
    """How TensorFlow Serving prints a finite float32."""
    text = f"{number:g}"
    if as_float32(float(text)) != number:
        text = f"{number:.9g}"
    return text if "." in text or "e" in text else text + ".0"


def test_37_random_floats(serve):
    """10,000 bit patterns; each number printed reads back to the same one,
    and is printed as TensorFlow Serving does."""
    rng = random.Random(37)
    numbers = []
    while len(numbers) < 10000:
        bits = rng.getrandbits(32)
        if 0 < (bits >> 23 & 0xFF) < 255:  # normal numbers
            numbers.append(struct.unpack("<f", struct.pack("<I", bits))[0])
    body = "".join(f"{n:.9g},0,0,0,0,0,0,0\n" for n in numbers)
    reply = serve("identity8").invoke(body)
    assert reply.status == 200, reply
    rows = rows_of(reply.header("Content-Type"), reply.body)
    assert [as_float32(number) for [number] in rows] == numbers
    if IS_EXACT:
        printed = re.findall(r"\[([^\[\]]+)\]", reply.body.decode())
        assert printed == [serving_text(n) for n in numbers]


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
    reply = serve(H3).invoke(rows, accept="text/csv")
    assert reply.body == b"3.5,4.0,5.5\n3.0,4.0,5.5\n"
    reply = serve(H3).invoke(rows, accept="application/jsonlines")
    assert reply.body == b"[3.5, 4.0, 5.5]\n[3.0, 4.0, 5.5]\n"


def attributes(value):
    return {"X_Amzn_SageMaker_Custom_Attributes": value}


@pytest.fixture
def named(serve):
    """A server and the name its model goes by: case 61's message has it."""
    server = serve("identity8")
    reply = server.invoke(A, **attributes("tfs-model-version=999"))
    found = re.fullmatch(
        r"Servable not found for request: Specific\((\w+), 999\)",
        assert_error(reply, 404),
    )
    assert found, reply
    return server, found[1]


def test_60_attributes(named):
    server, name = named
    for value in (
        f"tfs-model-name={name},tfs-model-version=1",
        f"tfs-model-name={name}",
        "tfs-model-version=1",
        f"tfs-model-version=1, tfs-model-name={name}, tfs-method=predict",
    ):
        reply = server.invoke(A, **attributes(value))
        assert (reply.status, reply.body) == (200, ONE), (value, reply)


def test_61_unknown_model(named):
    server, _ = named
    message = assert_error(
        server.invoke(A, **attributes("tfs-model-name=other")), 404
    )
    assert message == "Servable not found for request: Latest(other)"
    message = assert_error(
        server.invoke(
            A, **attributes("tfs-model-name=other,tfs-model-version=2")
        ),
        404,
    )
    assert message == "Servable not found for request: Specific(other, 2)"


@pytest.mark.parametrize(
    "value, message",
    [
        ("tfs-model-name=../../etc", "invalid tfs-model-name"),
        ("tfs-method=delete", "invalid tfs-method"),
        ("tfs-model-version=abc", "invalid tfs-model-version"),
        ("tfs-model-version=-1", "invalid tfs-model-version"),
    ],
)
def test_62_invalid_attributes(serve, value, message):
    reply = serve("identity8").invoke(A, **attributes(value))
    assert assert_error(reply, 400) == message


@pytest.mark.parametrize(
    "value", ["c000b4f9-df62-4c85-a0bf-7c525f9104a4", "x" * 1024, ",,=,=x"]
)
def test_63_unrelated_attributes(serve, value):
    reply = serve("identity8").invoke(A, **attributes(value))
    assert (reply.status, reply.body) == (200, ONE)
    # D-3: never echoed
    assert reply.header("X-Amzn-SageMaker-Custom-Attributes") is None


@pytest.mark.parametrize(
    "style", ["plain"], ids=["62-plain-style-has-no-tfs-attributes"]
)
def test_62_other_styles(serve, style):
    reply = serve("identity8", CLARY_STYLE=style).invoke(
        A, **attributes("tfs-model-version=999")
    )
    assert reply.status == 200, reply


def test_63_identify(serve):
    """D-3: CLARY_IDENTIFY=1 names the artifact in every response."""
    server = serve("identity8", CLARY_IDENTIFY="1")
    names = set()
    for reply in (
        server.invoke(A),
        server.invoke("x"),
        server.request("GET", "/ping"),
        server.request("GET", "/nope"),
    ):
        names.add(reply.header("X-Amzn-SageMaker-Custom-Attributes"))
    assert len(names) == 1
    assert re.fullmatch(r"clary-model=[0-9a-f]{12}", names.pop())


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
    """D-7."""
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
    """D8 of contract.md: Go and AHC write them differently."""
    reply = serve("identity8").request(
        "POST",
        "/invocations",
        {"content-TYPE": "text/csv", "ACCEPT": "application/json"},
        A.encode(),
    )
    assert (reply.status, reply.body) == (200, FLAT)


def test_predictions_are_json(serve):
    """What is not a NaN or an infinity parses, keys in order."""
    reply = serve("two-outputs").invoke("1,2,3,4\n5,6,7,8")
    rows = json.loads(reply.body)["predictions"]
    assert [list(row) for row in rows] == [["band", "price"]] * 2
