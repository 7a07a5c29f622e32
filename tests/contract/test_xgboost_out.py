"""What XGBoost's container answers: by Accept, and in batch transform.

SPDX-License-Identifier: Apache-2.0
"""
import json
import tarfile

import pytest

from contract.client import Connection
from contract.program import clary
from contract.xgboost import XGBOOST, answer, expected_of, input_of


@pytest.mark.parametrize("accept, content_type", [
    (None, "text/csv"), ("*/*", "text/csv"), ("text/csv", "text/csv"),
    ("text/csv; charset=utf-8", "text/csv"), ("TEXT/CSV", "text/csv"),
    ("application/json", "application/json"),
    ("application/json;verbose=True", "application/json"),
    ("Application/JSON", "application/json"),
    ("application/jsonlines", "application/jsonlines")])
def test_accept_types(xgboost, accept, content_type):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5", accept=accept)
    answer(reply, content_type)


@pytest.mark.parametrize("accept", ["image/png", "text/libsvm", "text/html",
                                    "application/xml", "nonsense"])
def test_other_accepts_406(xgboost, accept):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5", accept=accept)
    assert reply.status == 406, reply
    message = reply.json()["error"]
    assert message.startswith(f"Accept type {accept} is not supported"), message


@pytest.mark.parametrize("accept", [None, "*/*"])
def test_the_default_can_be_set(xgboost, accept):
    server = xgboost("binary-logistic",
                     SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/json")
    answer(server.invoke("1,2,3,4,5", accept=accept), "application/json")
    answer(server.invoke("1,2,3,4,5", accept="text/csv"), "text/csv")


ONE = ["binary-logistic", "reg-squarederror", "multi-softmax", "binary-hinge",
       "reg-gamma", "count-poisson", "best-ntree-limit", "ensemble-vote",
       "pickle0-0721", "survival-cox", "rank-ndcg", "linear"]
MANY = ["multi-softprob", "classes-0721", "ensemble-mean", "targets"]


@pytest.mark.parametrize("case", ONE)
def test_csv_out(xgboost, case):
    """A line a row, each ends in LF; Python's repr of the float32."""
    reply = xgboost(case).invoke("\n".join(input_of(case)))
    expected = "".join(f"{p!r}\n" for (p,) in expected_of(case))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("case", MANY)
def test_csv_out_several(xgboost, case):
    reply = xgboost(case).invoke("\n".join(input_of(case)))
    expected = "".join(
        ",".join(map(repr, row)) + "\n" for row in expected_of(case)
    )
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("case", ONE + MANY)
def test_json_out(xgboost, case):
    reply = xgboost(case).invoke("\n".join(input_of(case)),
                                 accept="application/json")
    rows = expected_of(case)
    scores = [row[0] if case in ONE else row for row in rows]
    expected = json.dumps({"predictions": [{"score": s} for s in scores]})
    assert answer(reply, "application/json") == expected


def test_jsonlines_out(xgboost):
    case = "binary-logistic"
    reply = xgboost(case).invoke("\n".join(input_of(case)),
                                 accept="application/jsonlines")
    expected = "".join(
        json.dumps({"score": p}) + "\n" for (p,) in expected_of(case)
    )
    assert answer(reply, "application/jsonlines") == expected


def test_a_row_has_the_same_bytes_in_every_batch(xgboost):
    server = xgboost("multi-softprob")
    lines = input_of("multi-softprob", 200)
    together = server.invoke("\n".join(lines)).body.decode().splitlines()
    with Connection(server.port) as connection:
        for line, expected in zip(lines, together):
            alone = connection.request(
                "POST", "/invocations", {"Content-Type": "text/csv"},
                line.encode())
            assert alone.body.decode() == expected + "\n"


@pytest.mark.parametrize("truth", ["true", "True"])
@pytest.mark.parametrize("accept", [None, "text/csv", "application/json",
                                    "application/jsonlines"])
def test_batch_lines_whatever_accept_says(xgboost, truth, accept):
    for case in ("binary-logistic", "multi-softprob"):
        server = xgboost(case, SAGEMAKER_BATCH=truth)
        reply = server.invoke("\n".join(input_of(case)), accept=accept)
        rows = [row if len(row) > 1 else row[0] for row in expected_of(case)]
        expected = "".join(f"{row}\n" for row in rows)
        assert answer(reply, accept or "text/csv") == expected


def test_batch_execution_parameters(xgboost):
    server = xgboost("binary-logistic", SAGEMAKER_BATCH="true")
    parameters = server.request("GET", "/execution-parameters").json()
    assert parameters["BatchStrategy"] == "MULTI_RECORD"
    assert isinstance(parameters["MaxConcurrentTransforms"], int)
    assert isinstance(parameters["MaxPayloadInMB"], int)


def test_several_models_in_a_folder(tmp_path, start):
    """The container loads every file that is not hidden."""
    with tarfile.open(XGBOOST / "ensemble-mean/model.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    server = start(tmp_path).wait_ready()
    reply = server.invoke("\n".join(input_of("ensemble-mean")))
    expected = "".join(
        ",".join(map(repr, row)) + "\n" for row in expected_of("ensemble-mean")
    )
    assert answer(reply, "text/csv") == expected
    told = clary("inspect", "--model", tmp_path).stdout
    assert "3 models answer together" in told
