"""XGBoost models from elsewhere, where the folder that holds them is there:
../shared/models/xgboost, or that of $CLARY_SHARED_MODELS.

Every model file of every case gives every prediction that its case.json states,
with the trees that CLARY_XGBOOST_TREES chooses for it; what the container
answers comes without that setting. Values of the same library are met to the
last place, those of other programs to 2e-6. Margins are in
tests/unit/test_xgboost_corpus.c.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os
import pathlib
import struct

import pytest

from contract.program import clary
from contract.server import ROOT

MODELS = pathlib.Path(
    os.environ.get("CLARY_SHARED_MODELS", ROOT.parent / "shared/models")
)
CORPUS = MODELS / "xgboost"
CASES = sorted(path.parent for path in CORPUS.glob("*/*/case.json"))
# What a case states, and with which trees.
ANSWERS = {
    "predict_sagemaker": "auto",
    "predict_best_iteration": "best",
    "predict": "all",
    "predict_all_trees": "all",
}
LEFT_OUT = f"left out: the XGBoost models, as there is no {CORPUS}"


def rows_of(path):
    return [
        [float(cell) if cell else math.nan for cell in line.split(",")]
        for line in path.read_text().splitlines()
    ]


def predict(model, rows, trees="auto"):
    """What `clary predict` answers, as rows. Cells are written anew: some of
    the files have numbers that JSON does not know, like 9.e-05."""
    body = "".join(
        ",".join("" if math.isnan(c) else repr(c) for c in row) + "\n"
        for row in rows
    )
    done = clary(
        "predict", "--model", model, "--accept", "text/csv", "-",
        stdin=body, settings={"CLARY_XGBOOST_TREES": trees},
    )
    assert done.returncode == 0, done.stderr
    return [
        [float(cell) for cell in line.split(",")]
        for line in done.stdout.splitlines()
    ]


def place(value):
    """The number of a float among all floats, in order."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def expected_of(folder, case):
    """Trees and answers, as often as the case states them."""
    for key, file in case["expected"].items():
        if key in ANSWERS:
            yield ANSWERS[key], rows_of(folder / file)
        elif key == "margin" and case.get("xgb", "").find("softmax") >= 0:
            # xgdermatology: multi:softmax
            margins = rows_of(folder / file)
            yield "all", [[float(row.index(max(row)))] for row in margins]


def is_near(got, expected, same_library):
    if same_library:
        return abs(place(got) - place(expected)) <= 1
    return abs(got - expected) <= 2e-6 * max(abs(expected), 1e-6)


@pytest.mark.skipif(not CASES, reason=LEFT_OUT)
@pytest.mark.parametrize(
    "folder", CASES, ids=[f"{p.parent.name}-{p.name}" for p in CASES]
)
def test_case(folder):
    case = json.loads((folder / "case.json").read_text())
    same = folder.parent.name in ("ours-1.7.4", "sagemaker")
    answers = list(expected_of(folder, case))
    rows = rows_of(folder / case["input"].split()[0])
    models = [name for name in case["models"] if name != "MLmodel"]
    assert models
    assert answers or "margin_ntree10" in case["expected"]
    for name in models:
        for trees, expected in answers:
            got = predict(folder / name, rows, trees)
            assert len(got) == len(rows)
            assert [len(row) for row in got] == [len(row) for row in expected]
            for r, (a, b) in enumerate(zip(got, expected)):
                for x, y in zip(a, b):
                    assert is_near(x, y, same), f"{name}, row {r + 1}: {x} {y}"


@pytest.mark.skipif(not CASES, reason=LEFT_OUT)
def test_the_whole_artifact_of_mlflow():
    """A directory with MLmodel beside the model."""
    folder = CORPUS / "sagemaker/mlflow_model_xgb_171"
    if not folder.is_dir():
        pytest.skip(LEFT_OUT)
    expected = rows_of(folder / "expected_predict_all_trees.csv")
    got = predict(folder, rows_of(folder / "input.csv"))
    assert all(is_near(a[0], b[0], True) for a, b in zip(got, expected))


def test_models_are_there():
    """A folder that is there but empty would pass without a word."""
    assert not CORPUS.is_dir() or len(CASES) == 40
