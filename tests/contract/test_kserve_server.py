"""What a server says of itself and its model, to KServe.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import signal
import time

import pytest

from contract.client import Connection, request_bytes
from contract.errors import assert_error
from contract.kserve import H3, INFER, ROWS, THREE
from contract.kserve import assert_outputs, infer, tensor
from contract.server import GOLDEN


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


def test_the_same_metrics(start):
    server = start(GOLDEN / H3 / "model.tar.gz").wait_ready()
    assert infer(server, {"inputs": [tensor(ROWS)]}).status == 200
    assert infer(server, "{}").status == 400
    text = server.request("GET", "/metrics").body.decode()
    route = 'route="/v2/models/{model}/infer"'
    assert f"clary_requests_total{{{route}}} 2" in text
    assert re.search(r"^clary_rows_total\S* 2$", text, re.M), text
