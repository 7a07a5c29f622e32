"""The Open Inference Protocol, as KServe and Seldon call it: requests written
by hand. tests/clients has a client of theirs.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import signal
import time

import pytest

from contract.client import Connection, request_bytes
from contract.errors import assert_error
from contract.server import GOLDEN, ROOT

H3 = "half-plus-three"
COLUMNS = ROOT / "tests/golden/xgboost/column-names/model.tar.gz"
LIGHTGBM = ROOT / "tests/golden/lightgbm/multiclass"
INFER = "/v2/models/model/infer"


def tensor(rows, name="x", datatype="FP32", **members):
    shape = [len(rows), len(rows[0])]
    flat = [value for row in rows for value in row]
    described = {"name": name, "shape": shape, "datatype": datatype}
    return described | {"data": flat} | members


def infer(server, body, path=INFER, headers=()):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    return server.request("POST", path, headers, body)


def assert_outputs(reply, outputs, **others):
    """`outputs`: {name: (datatype, shape, data)}, in that order."""
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    answer = reply.json()
    got = {
        each["name"]: (each["datatype"], each["shape"], each["data"])
        for each in answer.pop("outputs")
    }
    assert list(got.items()) == list(outputs.items())
    assert answer == {"model_name": "model", "model_version": "1"} | others


THREE = {"y": ("FP32", [2, 3], [3.5, 4.0, 5.5, 3.0, 4.0, 5.5])}
ROWS = [[1.0, 2.0, 5.0], [0.0, 2.0, 5.0]]


# --- what a server says of itself


def test_server(serve):
    for path in ("/v2", "/v2/"):
        reply = serve(H3).request("GET", path)
        assert reply.status == 200, reply
        assert reply.header("Content-Type") == "application/json"
        answer = reply.json()
        assert answer["name"] == "clary"
        assert re.fullmatch(r"\d+\.\d+\.\d+", answer["version"])
        assert answer["extensions"] == []


@pytest.mark.parametrize(
    "path, answer",
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/model/ready", {"name": "model", "ready": True}),
        ("/v2/models/model/versions/1/ready", {"name": "model", "ready": True}),
        ("/v2/models/mo%64el/ready", {"name": "model", "ready": True}),
    ],
)
def test_health(serve, path, answer):
    reply = serve(H3).request("GET", path)
    assert (reply.status, reply.json()) == (200, answer)


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_metadata(serve, version):
    reply = serve("two-inputs").request("GET", f"/v2/models/model{version}")
    assert reply.status == 200, reply
    assert reply.json() == {
        "name": "model",
        "versions": ["1"],
        "platform": "tensorflow_savedmodel",
        "inputs": [
            {"name": "deep", "datatype": "FP32", "shape": [-1, 5]},
            {"name": "wide", "datatype": "FP32", "shape": [-1, 6]},
        ],
        "outputs": [{"name": "output_0", "datatype": "FP32", "shape": [-1, 1]}],
    }


def test_metadata_of_other_types(serve):
    answer = serve("many-dtypes-out").request("GET", "/v2/models/model").json()
    types = {each["datatype"] for each in answer["outputs"]}
    assert {"FP32", "INT64", "BOOL"} <= types


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/v2/models/other"),
        ("GET", "/v2/models/other/ready"),
        ("GET", "/v2/models/model/versions/2"),
        ("GET", "/v2/models/model/versions/01/ready"),
        ("POST", "/v2/models/other/infer"),
        ("POST", "/v2/models/model/versions/2/infer"),
        ("POST", "/v2/models/..%2F..%2Fetc/infer"),
    ],
)
def test_unknown_model(serve, method, path):
    body = b"{}" if method == "POST" else None
    reply = serve(H3).request(method, path, body=body)
    assert_error(reply, 404, '^no such model; this server has "model"')


@pytest.mark.parametrize(
    "method, path, allow",
    [
        ("POST", "/v2", "GET"),
        ("POST", "/v2/health/ready", "GET"),
        ("DELETE", "/v2/models/model", "GET"),
        ("GET", INFER, "POST"),
    ],
)
def test_wrong_method(serve, method, path, allow):
    reply = serve(H3).request(method, path)
    assert_error(reply, 405)
    assert reply.header("Allow") == allow


def test_model_name(start):
    """CLARY_MODEL_NAME: an InferenceService is called as its owner likes."""
    name = "price of/houses"
    server = start(
        GOLDEN / H3 / "model.tar.gz", {"CLARY_MODEL_NAME": name}
    ).wait_ready()
    path = "/v2/models/price%20of%2Fhouses"
    assert server.request("GET", f"{path}/ready").json()["name"] == name
    assert server.request("GET", path).json()["name"] == name
    reply = infer(server, {"inputs": [tensor(ROWS)]}, f"{path}/infer")
    assert_outputs(reply, THREE, model_name=name)
    assert server.request("GET", "/v2/models/model").status == 404


def test_not_ready(start, tmp_path):
    """No 200 before the model is there; then both are ready."""
    server = start(GOLDEN / "wide-512/model.tar.gz")
    while server.ping() != 200:
        assert server.process.poll() is None
        try:
            with Connection(server.port) as connection:
                live = connection.request("GET", "/v2/health/live")
                ready = connection.request("GET", "/v2/health/ready")
                model = connection.request("GET", "/v2/models/model/ready")
        except (ConnectionError, EOFError):
            continue
        assert live.status == 200
        assert ready.status in (200, 503)
        assert model.status in ((200,) if ready.status == 200 else (200, 503))
    assert server.request("GET", "/v2/health/ready").status == 200


# --- predictions


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


@pytest.fixture(scope="module")
def forest():
    """A forest's server, for all of these tests."""
    from contract.server import Server

    server = Server(COLUMNS).wait_ready()
    yield server
    assert server.stop() == 0


def test_forest(forest):
    """Any name for the rows; or the columns by their names, in any order; a
    null is a missing value."""
    metadata = forest.request("GET", "/v2/models/model").json()
    assert metadata["platform"] == "xgboost"
    header, *lines = (COLUMNS.parent / "input.csv").read_text().splitlines()
    rows = [
        [float(cell) if cell else None for cell in line.split(",")]
        for line in lines
    ]
    expected = [
        float(line)
        for line in (COLUMNS.parent / "expected.csv").read_text().split()
    ]
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
    rows = [[float(cell or "nan") for cell in l.split(",")] for l in lines]
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


BAD = [
    ("empty", "", "the body is empty"),
    ("no-json", "whatever", "whatever"),
    ("instances", '{"instances": [[1, 2, 5]]}', 'unknown key "instances"'),
    ("no-inputs", "{}", 'has no "inputs"'),
    ("empty-inputs", '{"inputs": []}', '"inputs" is empty'),
    ("trailing", {"inputs": [tensor(ROWS)]}, "something follows"),
    ("bytes", {"inputs": [tensor(ROWS, datatype="BYTES")]}, "BYTES"),
    ("datatype", {"inputs": [tensor(ROWS, datatype="float")]}, "no datatype"),
    ("string", {"inputs": [tensor([["a", 2, 5]])]}, "row 1, column 1.*string"),
    ("bool", {"inputs": [tensor([[True, 2, 5]])]}, "row 1, column 1"),
    ("two-columns", {"inputs": [tensor([[1, 2]])]}, r"shape \(1, 2\)"),
    ("fewer", {"inputs": [tensor(ROWS, shape=[3, 3])]}, "fewer rows"),
    ("more", {"inputs": [tensor(ROWS, shape=[1, 3])]}, "more rows"),
    ("two", {"inputs": [tensor(ROWS), tensor(ROWS, "y")]}, "one too many"),
    ("deep", '{"parameters": ' + "[" * 100000, "must be an object"),
    ("deeper", '{"parameters": {"a":' + "[" * 100000, "too many open"),
    (
        "binary",
        {"inputs": [tensor(ROWS, parameters={"binary_data_size": 24})]},
        "binary_data_size",
    ),
]


@pytest.mark.parametrize(
    "body, text", [c[1:] for c in BAD], ids=[c[0] for c in BAD]
)
def test_refused(serve, request, body, text):
    if request.node.callspec.id == "trailing":
        body = json.dumps(body) + "\n{}"
    assert_error(infer(serve(H3), body), 400, text)


def test_binary_data_announced_by_a_header(serve):
    body = json.dumps({"inputs": [tensor(ROWS)]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(body))}
    assert_error(infer(serve(H3), body, headers=headers), 400, "Inference-Header-Content-Length")


def test_an_error_in_the_last_row(serve):
    """Behind many that were computed."""
    body = {"inputs": [tensor([[1, 2, 5]] * 20000 + [[1, "x", 5]])]}
    assert_error(infer(serve(H3), body), 400, "row 20001, column 2")


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


def test_draining(start):
    """Not ready any more; live still; and what is under way is answered."""
    server = start(GOLDEN / H3 / "model.tar.gz").wait_ready()
    body = json.dumps({"inputs": [tensor(ROWS)]}).encode()
    request = request_bytes("POST", INFER, {}, body)
    with Connection(server.port) as busy, Connection(server.port) as asking:
        busy.send(request[:-5])
        asking.send(b"GET /v2/health/ready HTTP/1.1\r\n")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        while "draining" not in server.output():
            time.sleep(0.01)
        asking.send(b"Host: x\r\n\r\n")
        reply = asking.read("GET")
        assert_error(reply, 503, "draining")
        busy.send(request[-5:])
        assert_outputs(busy.read(), THREE)
    assert server.wait(10) == 0


def test_the_same_limits(serve):
    """What /invocations may not, this may not either."""
    server = serve(H3, CLARY_MAX_BODY_BYTES="1000")
    body = {"inputs": [tensor(ROWS * 100)]}
    assert_error(infer(server, body), 413, "1000 bytes")


def test_the_same_metrics(start):
    server = start(GOLDEN / H3 / "model.tar.gz").wait_ready()
    assert infer(server, {"inputs": [tensor(ROWS)]}).status == 200
    assert infer(server, "{}").status == 400
    text = server.request("GET", "/metrics").body.decode()
    route = 'route="/v2/models/{model}/infer"'
    assert f"clary_requests_total{{{route}}} 2" in text
    assert re.search(r"^clary_rows_total\S* 2$", text, re.M), text


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
