"""JSON and other bodies: cases 46 to 59, and what other servers than
TensorFlow Serving read.

Each id begins with the number of the case where there is one.

SPDX-License-Identifier: Apache-2.0
"""
import json
import struct

import pytest

from contract.errors import assert_error
from contract.server import GOLDEN

H3 = "half-plus-three"
JSON = "application/json"
LINES = "application/jsonlines"
ONE = b'{\n    "predictions": [[3.5, 4.0, 5.5]\n    ]\n}'
TWO = b'{\n    "predictions": [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]\n    ]\n}'
OUTPUTS = (
    b'{\n    "outputs": [\n        [\n            3.5,\n            4.0,\n'
    b"            5.5\n        ]\n    ]\n}"
)
ROW = "[1.0,2.0,5.0]"

# (case, Content-Type, body, answer)
GOOD = [
    ("46", JSON, f'{{"instances":[{ROW},{ROW}]}}', TWO),
    ("46-blanks", JSON, f' {{ "instances" : [ {ROW} , {ROW} ] }}\r\n', TWO),
    ("46-integers", JSON, '{"instances": [[1, 2, 5]]}', ONE),
    ("47", JSON, ROW, ONE),
    ("48", JSON, f"[{ROW},{ROW}]", TWO),
    ("49-json", JSON, f"{ROW}\n{ROW}", TWO),
    ("49-jsonlines", LINES, f"{ROW}\n{ROW}", TWO),
    ("49-jsons", "application/jsons", f"{ROW}\n{ROW}", TWO),
    ("49-parameters", "Application/JSON; charset=utf-8", ROW, ONE),
    ("50", JSON, f'{{"x":{ROW}}}\n{{"x":{ROW}}}', TWO),
    ("50-instances", JSON, f'{{"instances":[{{"x":{ROW}}}]}}', ONE),
    ("50-elements", JSON, '{"x[2]":5,"x[0]":1,"x[1]":2}', ONE),
    ("50-elements-dots", JSON, '{"x.2":5,"x[0]":1,"x.1":2}', ONE),
    ("51", JSON, f'{{"inputs":[{ROW}]}}', OUTPUTS),
    ("51-named", JSON, f'{{"inputs":{{"x":[{ROW}]}}}}', OUTPUTS),
    (
        "52",
        JSON,
        f'{{"signature_name":"serving_default","instances":[{ROW}]}}',
        ONE,
    ),
    (
        "52-behind",
        JSON,
        f'{{"instances":[{ROW}],"signature_name":"serving_default"}}',
        ONE,
    ),
    (
        "58b",
        JSON,
        f'{{"instances":[{ROW}]}}\n{{"instances":[{ROW}]}}\n',
        TWO,
    ),
    ("features", JSON, f'{{"instances":[{{"features":{ROW}}}]}}', ONE),
    (
        "features-lines",
        LINES,
        f'{{"features":{ROW}}}\n{{"features":{ROW}}}\n',
        TWO,
    ),
    (
        "features-data",
        JSON,
        f'{{"data":{{"features":{{"values":{ROW}}}}}}}',
        ONE,
    ),
    ("libsvm", "text/libsvm", "1 0:1 1:2 2:5\n0:1 1:2 2:5\n", TWO),
    ("x-libsvm", "text/x-libsvm; q=1", "0 2:5 0:1 1:2 # row", ONE),
]

# (case, Content-Type, body, what the message holds)
BAD = [
    ("52-unknown", JSON, '{"signature_name":"other"}', 'signature "other"'),
    ("53", JSON, "whatever", "whatever"),
    (
        "54",
        JSON,
        '{"junk":"data"}',
        "^Failed to process element: 0 key: junk of 'instances' list[.]",
    ),
    ("55", JSON, '{"instances":["]["]}', "string, expected a number"),
    ("56", JSON, '{"instances":[]}', "empty"),
    ("57", JSON, "", "empty"),
    ("57-blank", JSON, " \n ", "no rows"),
    ("57-jsonlines", LINES, "", "empty"),
    ("58", JSON, "[1,2,5][1,2,5]", "same line"),
    ("58c", JSON, f'{{"instances":[{ROW}]}} trailing', "same line"),
    ("58c-line", JSON, f'{{"instances":[{ROW}]}}\ntrailing', "trailing"),
    ("58d-broken", JSON, "{ this is not valid json", "JSON Parse error"),
    (
        "58d-not-a-list",
        JSON,
        '{"instances":"not_a_list_of_lists"}',
        "must be a list",
    ),
    ("58e-words", "text/csv", '1.0,hello,"world,earth"\n', "hello"),
    ("59-arrays", JSON, "[" * 100000, "array"),
    ("59-objects", JSON, '{"x":' * 100000, "object"),
    ("59-mixed", JSON, '{"instances":[' * 50000, "instances"),
    ("59-lines", LINES, "[" * 100000, "array"),
    ("columns", JSON, f"{ROW}\n[1,2]", "row 2: expected 3 columns, found 2"),
    ("type", JSON, '[1,"x",5]', r"row 1, column 2 \(x\[1\]\): .x. is a string"),
    ("null", JSON, "[1,null,5]", r"row 1, column 2 \(x\[1\]\): null"),
    ("utf8", JSON, b'{"\xff":1}', "UTF-8"),
    ("twice", JSON, f'{{"x":{ROW},"x":{ROW}}}', "twice"),
    ("unknown-key", JSON, f'{{"instances":[{ROW}],"a":1}}', 'unknown key "a"'),
    ("libsvm-index", "text/libsvm", "1 3:1", "counted from 0"),
    ("libsvm-word", "text/libsvm", "1,2,5", "label"),
    ("npy-text", "application/x-npy", "1,2,5", "numpy"),
]


@pytest.mark.parametrize(
    "content_type, body, answer",
    [c[1:] for c in GOOD],
    ids=[c[0] for c in GOOD],
)
def test_good(serve, content_type, body, answer):
    reply = serve(H3).invoke(body, content_type)
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == JSON
    assert reply.body == answer


@pytest.mark.parametrize(
    "content_type, body, text", [c[1:] for c in BAD], ids=[c[0] for c in BAD]
)
def test_bad(serve, content_type, body, text):
    assert_error(serve(H3).invoke(body, content_type), 400, text)


def test_58d_unknown_type(serve):
    reply = serve(H3).invoke("[1,2,5]", "application/x-unsupported-mimetype")
    assert_error(reply, 415, "^Unsupported Media Type: application/x-unsup")


def test_58e_rows(serve):
    reply = serve(H3).invoke("1.0,2.0,3.0\n4.0,5.0,6.0\n", accept=JSON)
    assert reply.json() == {"predictions": [[3.5, 4.0, 4.5], [5.0, 5.5, 6.0]]}


def test_46_not_finite(serve):
    """TensorFlow Serving takes these words for numbers."""
    reply = serve(H3).invoke('{"instances":[[NaN,Infinity,-Infinity]]}', JSON)
    assert reply.status == 200, reply
    assert b"[[NaN, Infinity, -Infinity]" in reply.body


def test_51_several_inputs(serve):
    server = serve("two-inputs")
    wide, deep = [1, 2, 3, 4, 5, 6], [0.5, 1, 2, 3, 4]
    body = {"inputs": {"wide": [wide] * 3, "deep": [deep] * 3}}
    by_column = server.invoke(json.dumps(body), JSON)
    assert by_column.status == 200, by_column
    body = {"instances": [{"wide": wide, "deep": deep}] * 3}
    by_row = server.invoke(json.dumps(body), JSON)
    csv = server.invoke(",".join(map(str, deep + wide)))
    assert by_row.json()["predictions"] == by_column.json()["outputs"]
    assert by_row.json()["predictions"] == csv.json()["predictions"] * 3
    body = {"inputs": {"wide": [wide] * 3, "deep": [deep] * 2}}
    assert_error(server.invoke(json.dumps(body), JSON), 400, "rows in")


@pytest.mark.parametrize("accept", [LINES, "text/csv"])
def test_80_lines_out(serve, accept):
    """A line out for each line in."""
    for end in ("", "\n"):
        reply = serve(H3).invoke("\n".join([ROW] * 3) + end, LINES, accept)
        assert reply.header("Content-Type") == accept
        lines = reply.body.split(b"\n")
        assert len(lines) == 4 and lines[3] == b""
        row = b"[3.5, 4.0, 5.5]" if accept == LINES else b"3.5,4.0,5.5"
        assert lines[:3] == [row] * 3


def npy(descr, shape, data, fortran=False):
    header = (
        f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}}}"
    )
    return (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
        + header.ljust(117).encode() + b"\n" + data
    )


LETTERS = {"f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i",
           "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q"}


@pytest.mark.parametrize("descr", [
    "<f2", ">f2", "<f4", "<f8", ">f8", "|i1", "<i2", ">i2", "<i4", "<i8",
    "|u1", "<u2", "<u4", ">u4", "<u8"])
def test_npy(serve, descr):
    letter = LETTERS[descr[1:]]
    order = ">" if descr[0] == ">" else "<"
    rows = struct.pack(f"{order}6{letter}", 1, 2, 5, 1, 2, 5)
    body = npy(descr, "(2, 3)", rows)
    reply = serve(H3).invoke(body, "application/x-npy")
    assert (reply.status, reply.body) == (200, TWO)
    reply = serve(H3).invoke(body, "application/x-npy", "application/x-npy")
    assert reply.header("Content-Type") == "application/x-npy"
    assert len(reply.body) == 128 + 6 * 4
    assert b"'descr': '<f4'" in reply.body and b"(2, 3)" in reply.body[:128]
    assert struct.unpack("<6f", reply.body[128:]) == (3.5, 4.0, 5.5) * 2
    assert_error(
        serve(H3).invoke(body[:-1], "application/x-npy"), 400, "body ends"
    )


@pytest.mark.parametrize("descr", ["<f8", "<i4"])
def test_npy_column_by_column(serve, descr):
    """What df.to_numpy() gives for columns of one type; several chunks."""
    rows = [(i % 1000, i // 1000, 5) for i in range(30000)]
    columns = [n for column in zip(*rows) for n in column]
    data = struct.pack(f"<{len(columns)}{LETTERS[descr[1:]]}", *columns)
    body = npy(descr, f"({len(rows)}, 3)", data, fortran=True)
    reply = serve(H3).invoke(body, "application/x-npy", "application/x-npy")
    assert reply.status == 200, reply
    got = struct.iter_unpack("<3f", reply.body[128:])
    assert list(got) == [tuple(n / 2 + 3 for n in row) for row in rows]
    body = npy(descr, "(100000000, 3)", data, fortran=True)
    assert_error(
        serve(H3).invoke(body, "application/x-npy"), 413, "Fortran order"
    )


def test_npy_of_several_types(serve):
    """Outputs of several types make no array."""
    server = serve("many-dtypes-out")
    row = (GOLDEN / "many-dtypes-out/input.csv").read_text().splitlines()[0]
    reply = server.invoke(row, accept="application/x-npy")
    assert_error(reply, 406, "make no array of one type")


def test_large(serve):
    """Megabytes of rows, in order."""
    rows = [[i, 2 * i, 0.5] for i in range(100000)]
    for body in (
        json.dumps({"instances": rows}),
        "\n".join(json.dumps({"x": row}) for row in rows),
    ):
        reply = serve(H3).invoke(body, JSON)
        assert reply.status == 200, reply
        predictions = reply.json()["predictions"]
        assert len(predictions) == len(rows)
        for i in (0, 1, 77777, 99999):
            assert predictions[i] == [0.5 * i + 3, i + 3, 3.25]
