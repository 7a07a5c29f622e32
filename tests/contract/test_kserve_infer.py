"""Predictions of the Open Inference Protocol.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re

import pytest

from contract.client import Connection
from contract.errors import assert_error
from contract.kserve import H3, INFER, ROWS, THREE
from contract.kserve import assert_outputs, infer, tensor
from contract.server import GOLDEN, ROOT
from contract.xgboost import XGBOOST

LIGHTGBM = ROOT / "tests/golden/lightgbm/multiclass"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"data": ROWS},
        {"datatype": "FP64"},
        {"data": ROWS, "parameters": {"content_type": "np"}},
        {"name": "input-0"},
        {"datatype": "INT64", "data": [1, 2, 5, 0, 2, 5]},
    ],
    ids=["flat", "nested", "FP64", "parameters", "other-name", "INT64"],
)
def test_infer(serve, changes):
    inputs = [tensor(ROWS) | changes]
    assert_outputs(infer(serve(H3), {"inputs": inputs}), THREE)
    with_id = {"id": "a\"b\u00e9", "inputs": inputs, "parameters": {"x": 1}}
    assert_outputs(infer(serve(H3), with_id), THREE, id="a\"b\u00e9")


def test_bytes_of_a_reply(serve):
    reply = infer(serve(H3), {"id": "42", "inputs": [tensor(ROWS)]})
    assert reply.body == (
        b'{"model_name": "model", "model_version": "1", "outputs": [{"name": '
        b'"y", "datatype": "FP32", "data": [3.5, 4.0, 5.5, 3.0, 4.0, '
        b'5.5], "shape": [2, 3]}], "id": "42"}'
    )


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "application/octet-stream", "text/csv"],
)
def test_headers_do_not_matter(serve, content_type):
    """The route says what the body is."""
    headers = {"Accept": "text/csv"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    reply = infer(serve(H3), {"inputs": [tensor(ROWS)]}, headers=headers)
    assert_outputs(reply, THREE)


def test_members_in_any_order(serve):
    """Some clients sort them, so that the data comes first."""
    body = json.dumps(
        {"inputs": [tensor(ROWS)], "id": "7", "outputs": [{"name": "y"}]},
        sort_keys=True,
    )
    assert body.index('"data"') < body.index('"shape"')
    assert_outputs(infer(serve(H3), body), THREE, id="7")
    body = '{"outputs": [], ' + body[1:].replace('"outputs"', '"parameters"')
    assert_error(infer(serve(H3), body), 400, '"parameters" must be an object')


def test_outputs(serve):
    server = serve("two-outputs")
    inputs = [tensor([[1, 2, 3, 4], [5, 6, 7, 8]], "house")]
    both = infer(server, {"inputs": inputs}).json()["outputs"]
    assert [each["name"] for each in both] == ["band", "price"]
    assert [each["shape"] for each in both] == [[2, 3], [2, 1]]
    for chosen in (["price"], ["band"], ["band", "price"]):
        body = {"inputs": inputs, "outputs": [{"name": n} for n in chosen]}
        outputs = infer(server, body).json()["outputs"]
        assert outputs == [each for each in both if each["name"] in chosen]
    for none in ([], None):
        body = {"inputs": inputs, "outputs": none}
        assert infer(server, body).json()["outputs"] == both
    body = {"inputs": inputs, "outputs": [{"name": "size"}]}
    assert_error(infer(server, body), 400, 'no output "size"')
    body = {"inputs": inputs, "outputs": [{"name": "band"}] * 2}
    assert_error(infer(server, body), 400, "asked for twice")


def test_several_inputs(serve):
    server = serve("two-inputs")
    wide, deep = [[1, 2, 3, 4, 5, 6]] * 3, [[0.5, 1, 2, 3, 4]] * 3
    inputs = [tensor(wide, "wide"), tensor(deep, "deep")]
    reply = infer(server, {"inputs": inputs})
    data = reply.json()["outputs"][0]["data"]
    csv = ",".join(map(str, deep[0] + wide[0]))
    expected = server.invoke(csv, accept="application/json").json()
    assert data == pytest.approx([expected["predictions"][0][0]] * 3, rel=1e-7)
    # the other order, and all columns in one input
    assert infer(server, {"inputs": inputs[::-1]}).body == reply.body
    rows = [a + b for a, b in zip(deep, wide)]
    assert infer(server, {"inputs": [tensor(rows, "all")]}).body == reply.body
    assert_error(
        infer(server, {"inputs": inputs[:1]}), 400, 'input "deep" is missing'
    )
    assert_error(
        infer(server, {"inputs": inputs + inputs[:1]}), 400, "there twice"
    )


def test_an_input_for_each_column(serve):
    """Twelve inputs of one column each, as [n] and as [n, 1]."""
    server = serve("twelve-inputs")
    names = [
        each["name"]
        for each in server.request("GET", "/v2/models/model").json()["inputs"]
    ]
    rows = [[i + 0.25 * c for c in range(12)] for i in range(300)]
    csv = "\n".join(",".join(map(str, row)) for row in rows)
    lines = server.invoke(csv, accept="text/csv").body.split()
    for shape in ([300], [300, 1]):
        inputs = [
            {
                "name": name,
                "shape": shape,
                "datatype": "FP64",
                "data": [row[c] for row in rows],
            }
            for c, name in enumerate(names)
        ]
        data = infer(server, {"inputs": inputs}).json()["outputs"][0]["data"]
        assert data == pytest.approx([float(line) for line in lines], rel=1e-7)


def test_forest(xgboost):
    """Any name for the rows; or the columns by their names, in any order; a
    null is a missing value."""
    forest, folder = xgboost("column-names"), XGBOOST / "column-names"
    metadata = forest.request("GET", "/v2/models/model").json()
    assert metadata["platform"] == "xgboost"
    header, *lines = (folder / "input.csv").read_text().splitlines()
    rows = [
        [float(cell) if cell else None for cell in line.split(",")]
        for line in lines
    ]
    expected = (folder / "expected.csv").read_text().split()
    expected = [float(line) for line in expected]
    reply = infer(forest, {"inputs": [tensor(rows, "input-0")]})
    (output,) = reply.json()["outputs"]
    assert output["data"] == pytest.approx(expected, rel=1e-6)
    assert output["shape"] == [len(rows)]
    names = header.split(",")
    inputs = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "FP32",
            "data": [row[c] for row in rows],
        }
        for c, name in enumerate(names)
    ]
    assert infer(forest, {"inputs": inputs[::-1]}).body == reply.body
    assert_error(
        infer(forest, {"inputs": inputs[1:]}),
        400,
        f'input "{re.escape(names[0])}" is missing',
    )


def test_lightgbm(start):
    server = start(LIGHTGBM / "model.txt").wait_ready()
    lines = (LIGHTGBM / "input.csv").read_text().split()
    rows = [
        [float(cell or "nan") for cell in line.split(",")] for line in lines
    ]
    reply = infer(server, {"inputs": [tensor(rows, datatype="FP64")]})
    (output,) = reply.json()["outputs"]
    assert output["datatype"] == "FP64"
    assert output["shape"] == [len(rows), 3]
    want = (LIGHTGBM / "expected.csv").read_text().split()
    want = [float(cell) for line in want for cell in line.split(",")]
    assert output["data"] == pytest.approx(want, rel=1e-12)


def test_not_finite(serve):
    """JSON has no NaN: null, both ways where a model may miss values."""
    body = {"inputs": [tensor([[float("nan"), float("inf"), 5.0]])]}
    (output,) = infer(serve(H3), body).json()["outputs"]
    assert output["data"] == [None, None, 5.5]
    body = {"inputs": [tensor([[None, 2.0, 5.0]])]}
    assert_error(infer(serve(H3), body), 400, r"row 1, column 1 \(x\[0\]\)")


def test_types(serve):
    """Each output in its own datatype."""
    server = serve("many-dtypes-out")
    row = (GOLDEN / "many-dtypes-out/input.csv").read_text().splitlines()[0]
    values = [float(cell) for cell in row.split(",")]
    (named,) = server.request("GET", "/v2/models/model").json()["inputs"]
    outputs = infer(
        server, {"inputs": [tensor([values], named["name"], named["datatype"])]}
    ).json()["outputs"]
    rows = server.invoke(row, accept="application/json").json()["predictions"]
    for each in outputs:
        want = rows[0][each["name"]]
        want = want if isinstance(want, list) else [want]
        assert each["data"] == pytest.approx(want, rel=1e-7)
        kinds = {"BOOL": bool, "FP32": float, "FP64": float}
        kind = kinds.get(each["datatype"], int)
        assert all(type(value) is kind for value in each["data"]), each


@pytest.mark.parametrize("sort_keys", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_large(serve, sort_keys, nested):
    """Megabytes of rows, in order."""
    rows = [[i, 2 * i, 0.5] for i in range(60000)]
    given = tensor(rows) | ({"data": rows} if nested else {})
    body = json.dumps({"inputs": [given]}, sort_keys=sort_keys)
    reply = infer(serve(H3), body)
    (output,) = reply.json()["outputs"]
    assert output["shape"] == [60000, 3]
    for i in (0, 1, 33333, 59999):
        row = output["data"][3 * i : 3 * i + 3]
        assert row == [0.5 * i + 3, i + 3, 3.25]


def test_chunks_of_one_byte(serve):
    body = json.dumps({"inputs": [tensor(ROWS)]}).encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\n"
    with Connection(serve(H3).port) as connection:
        connection.send((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        for byte in body:
            connection.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        connection.send(b"0\r\n\r\n")
        assert_outputs(connection.read(), THREE)


def test_in_the_workers(serve):
    """A model too slow for an event loop, and one that is draining."""
    server = serve(H3, CLARY_PIECE_BUDGET_US="0")
    rows = [[i, 2 * i, 0.5] for i in range(5000)]
    for sort_keys in (False, True):
        body = json.dumps({"inputs": [tensor(rows)]}, sort_keys=sort_keys)
        (output,) = infer(server, body).json()["outputs"]
        assert output["data"][-3:] == [0.5 * 4999 + 3, 4999 + 3, 3.25]
    body = {"inputs": [tensor([[1, 2, 5]] * 20000 + [[1, "x", 5]])]}
    assert_error(infer(server, body), 400, "row 20001, column 2")


@pytest.mark.parametrize("case", ["california-housing", "identity8"])
def test_the_same_numbers(serve, case):
    """As text: those of style plain."""
    lines = (GOLDEN / case / "input.csv").read_text().split()
    rows = [[float(cell) for cell in line.split(",")] for line in lines]
    server = serve(case, CLARY_STYLE="plain")
    reply = infer(server, {"inputs": [tensor(rows, "rows")]})
    csv = server.invoke("\n".join(lines), accept="text/csv").body.decode()
    data = re.search(rb'"data": \[(.*?)\]', reply.body)[1].decode()
    assert data.split(", ") == csv.replace("\n", ",").rstrip(",").split(",")
