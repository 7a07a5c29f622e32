"""What the Open Inference Protocol's route refuses, and why.

SPDX-License-Identifier: Apache-2.0
"""
import json

import pytest

from contract.errors import assert_error
from contract.kserve import H3, ROWS, infer, tensor

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
    reply = infer(serve(H3), body, headers=headers)
    assert_error(reply, 400, "Inference-Header-Content-Length")


def test_an_error_in_the_last_row(serve):
    """Behind many that were computed."""
    body = {"inputs": [tensor([[1, 2, 5]] * 20000 + [[1, "x", 5]])]}
    assert_error(infer(serve(H3), body), 400, "row 20001, column 2")


def test_the_same_limits(serve):
    """What /invocations may not, this may not either."""
    server = serve(H3, CLARY_MAX_BODY_BYTES="1000")
    body = {"inputs": [tensor(ROWS * 100)]}
    assert_error(infer(server, body), 413, "1000 bytes")
