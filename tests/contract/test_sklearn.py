"""SageMaker's scikit-learn container over HTTP: style sklearn.

SPDX-License-Identifier: Apache-2.0
"""
import json
import struct

import pytest

from contract.errors import assert_error
from contract.server import GOLDEN, ROOT
from contract.test_json import npy

JSON = "application/json"
FOREST = ROOT / "tests/golden/xgboost/binary-logistic"
STYLE = {"CLARY_STYLE": "sklearn"}
ROW = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"


@pytest.fixture
def server(serve):
    return serve("identity8", **STYLE)


@pytest.mark.parametrize("accept", [None, "*/*", JSON, "a/b, application/json"])
def test_a_list_alone(server, accept):
    """As json.dumps(array.tolist()) has it, float32 widened to double."""
    reply = server.invoke(f"{ROW}\n{ROW}", accept=accept)
    assert reply.header("Content-Type") == JSON
    assert reply.body == b"[[8.325200080871582], [8.325200080871582]]"


def test_one_value_a_row(start):
    """A classifier's or regressor's predictions are a flat list."""
    server = start(FOREST / "model.tar.gz", STYLE).wait_ready()
    rows = (FOREST / "input.csv").read_text().splitlines()[:3]
    reply = server.invoke("\n".join(rows))
    got = json.loads(reply.body)
    assert [type(value) for value in got] == [float] * 3
    assert reply.body.decode() == json.dumps(got)
    lines = server.invoke("\n".join(rows), accept="text/csv").body.decode()
    assert lines == "".join(f"{value}\n" for value in got)


def test_bodies_in(server):
    values = [float(cell) for cell in ROW.split(",")]
    want = b"[[8.325200080871582]]"
    assert server.invoke(json.dumps([values]), JSON).body == want
    data = npy("<f8", "(1, 8)", struct.pack("<8d", *values))
    assert server.invoke(data, "application/x-npy").body == want


def test_inputs_are_no_columns(server):
    """There is no other form of the reply."""
    body = json.dumps({"inputs": [[1, 2, 3, 4, 5, 6, 7, 8]] * 2})
    assert server.invoke(body, JSON).body == b"[[1.0], [1.0]]"


def test_what_is_refused(server):
    assert_error(server.invoke(ROW, accept="image/png"), 406, "image/png")
    assert_error(server.invoke(ROW, "text/plain"), 415, "text/plain")
    assert_error(server.invoke("1,2"), 400, "8")


def test_not_finite(serve):
    """null in JSON, numpy's words in CSV."""
    server = serve("special-values", **STYLE)
    body = (GOLDEN / "special-values/input.csv").read_text()
    values = json.loads(server.invoke(body).body)
    cells = server.invoke(body, accept="text/csv").body.decode().splitlines()
    found = [
        (value, cell)
        for row, line in zip(values, cells, strict=True)
        for value, cell in zip(row, line.split(","), strict=True)
    ]
    assert {cell for value, cell in found if value is None} >= {"nan", "inf"}
    for value, cell in found:
        assert value is None or str(value) == cell
