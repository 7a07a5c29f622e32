"""SAGEMAKER_INFERENCE_OUTPUT: what XGBoost's container can be told to answer.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import csv
import io
import json
import math

import pytest

from contract.xgboost import XGBOOST, answer, expected_of, input_of

KEYS = ["predicted_label", "labels", "probability", "probabilities",
        "raw_score", "raw_scores", "predicted_score"]
VALID = {
    "reg-squarederror": {"predicted_score"},
    "reg-logistic": {"predicted_score"},
    "reg-gamma": {"predicted_score"},
    "reg-absoluteerror": {"predicted_score"},
    "reg-tweedie": {"predicted_score"},
    "binary-logistic": set(KEYS) - {"predicted_score"},
    "binary-logitraw": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "binary-hinge": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "multi-softmax": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "multi-softprob": set(KEYS) - {"predicted_score"},
}
CLASSES = 4


def label_of(case, row):
    if case == "binary-logistic":
        return int(row[0] > 0.5)
    if case == "binary-logitraw":
        return int(row[0] > 0)
    return row.index(max(row)) if case == "multi-softprob" else row[0]


def selected(case, row, key):
    """What the container computes of one prediction."""
    if key not in VALID[case]:
        return math.nan
    if key == "predicted_label":
        return label_of(case, row)
    if key == "labels":
        return list(range(CLASSES if "multi" in case else 2))
    if key in ("probability", "raw_score", "predicted_score"):
        return max(row)
    return row if case == "multi-softprob" else [1.0 - row[0], row[0]]


def cell_of(value):
    return f'"{value}"' if isinstance(value, list) else str(value)


ALL = dict(SAGEMAKER_INFERENCE_OUTPUT=",".join(KEYS))


@pytest.mark.parametrize("case", VALID)
def test_selected_csv(xgboost, case):
    reply = xgboost(case, **ALL).invoke("\n".join(input_of(case)))
    expected = "\n".join(
        ",".join(cell_of(selected(case, row, key)) for key in KEYS)
        for row in expected_of(case)
    )
    text = answer(reply, "text/csv")
    assert text == expected
    # and it is CSV: as many cells as keys, lists readable
    for cells in csv.reader(io.StringIO(text)):
        assert len(cells) == len(KEYS)
        if "labels" in VALID[case]:
            assert ast.literal_eval(cells[1])[0] == 0


def without_nan(value):
    """JSON has no NaN; clary prints null."""
    return None if isinstance(value, float) and math.isnan(value) else value


def members_of(case, row, keys):
    """The container's order: those that are valid, then the others."""
    ordered = [k for k in KEYS if k in keys and k in VALID[case]]
    ordered += [k for k in keys if k not in VALID[case]]
    return {k: without_nan(selected(case, row, k)) for k in ordered}


@pytest.mark.parametrize("case", VALID)
@pytest.mark.parametrize(
    "accept", ["application/json", "application/jsonlines"]
)
def test_selected_json(xgboost, case, accept):
    reply = xgboost(case, **ALL).invoke("\n".join(input_of(case)),
                                        accept=accept)
    rows = [members_of(case, row, KEYS) for row in expected_of(case)]
    expected = "".join(json.dumps(row) + "\n" for row in rows)
    if accept == "application/json":
        expected = json.dumps({"predictions": rows})
    assert answer(reply, accept) == expected


def test_the_default_type_and_spelling(xgboost):
    """Case and blanks of the setting do not matter; CSV keeps its order."""
    case = "binary-logistic"
    server = xgboost(
        case, SAGEMAKER_INFERENCE_OUTPUT=" Probability , PREDICTED_LABEL ")
    reply = server.invoke("\n".join(input_of(case)))
    expected = "\n".join(
        f"{row[0]},{label_of(case, row)}" for row in expected_of(case)
    )
    assert answer(reply, "text/csv") == expected


def test_selected_in_batch(xgboost):
    """CSV then ends in LF, and Accept is heard."""
    case = "binary-logistic"
    server = xgboost(case, SAGEMAKER_BATCH="true",
                     SAGEMAKER_INFERENCE_OUTPUT="predicted_label")
    labels = [label_of(case, row) for row in expected_of(case)]
    body = "\n".join(input_of(case))
    expected = "".join(f"{label}\n" for label in labels)
    assert answer(server.invoke(body), "text/csv") == expected
    reply = server.invoke(body, accept="application/jsonlines")
    assert answer(reply, "application/jsonlines") == "".join(
        json.dumps({"predicted_label": label}) + "\n" for label in labels
    )


def test_an_objective_that_has_nothing_to_select(start):
    """The container answers each request with 500; clary does not start."""
    server = start(XGBOOST / "rank-ndcg/model.tar.gz",
                   dict(SAGEMAKER_INFERENCE_OUTPUT="predicted_label"))
    assert server.wait() != 0
    assert "Objective `rank:ndcg` unsupported" in server.output()
    assert "SAGEMAKER_INFERENCE_OUTPUT" in server.output()


def test_npy_has_no_members(xgboost):
    server = xgboost("binary-logistic",
                     SAGEMAKER_INFERENCE_OUTPUT="predicted_label")
    reply = server.invoke("\n".join(input_of("binary-logistic")),
                          accept="application/x-npy")
    assert reply.status == 406
    assert "SAGEMAKER_INFERENCE_OUTPUT" in reply.json()["error"]


def test_is_not_heard_in_another_style(start):
    server = start(XGBOOST / "binary-logistic/model.tar.gz",
                   dict(SAGEMAKER_INFERENCE_OUTPUT="labels",
                        CLARY_STYLE="plain")).wait_ready()
    [line] = [json.loads(x) for x in server.output().splitlines()
              if "without effect" in x]
    assert line["name"] == "SAGEMAKER_INFERENCE_OUTPUT"
    assert server.stop() == 0
