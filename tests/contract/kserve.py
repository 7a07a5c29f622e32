"""The Open Inference Protocol, as KServe and Seldon call it: requests written
by hand, and what their answers hold. tests/clients has a client of theirs.

SPDX-License-Identifier: Apache-2.0
"""
import json

H3 = "half-plus-three"
INFER = "/v2/models/model/infer"
ROWS = [[1.0, 2.0, 5.0], [0.0, 2.0, 5.0]]
THREE = {"y": ("FP32", [2, 3], [3.5, 4.0, 5.5, 3.0, 4.0, 5.5])}


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
