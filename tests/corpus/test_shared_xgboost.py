"""XGBoost models from elsewhere, where the folder that holds them is there:
../shared/models/xgboost, or that of $CLARY_SHARED_MODELS.

Every model file of every case is served as its case.json says. Where training
stated best_ntree_limit, `predict_best_iteration` and `predict_sagemaker` are
what the container answers, and so is clary's answer. Values of the same
library are met to the last place, those of other programs to 2e-6.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os
import pathlib
import struct
import subprocess

import pytest

from contract.server import CLARY, ROOT, clean_environment

MODELS = pathlib.Path(
    os.environ.get("CLARY_SHARED_MODELS", ROOT.parent / "shared/models")
)
CORPUS = MODELS / "xgboost"
CASES = sorted(path.parent for path in CORPUS.glob("*/*/case.json"))
# The first of these that a case has is the answer of clary.
ANSWERS = (
    "predict_sagemaker",
    "predict_best_iteration",
    "predict",
    "predict_all_trees",
)
LEFT_OUT = f"left out: the XGBoost models, as there is no {CORPUS}"


def rows_of(path):
    return [
        [float(cell) if cell else math.nan for cell in line.split(",")]
        for line in path.read_text().splitlines()
    ]


def predict(model, rows):
    """What `clary predict` answers, as rows. Cells are written anew: some of
    the files have numbers that JSON does not know, like 9.e-05."""
    body = "".join(
        ",".join("" if math.isnan(c) else repr(c) for c in row) + "\n"
        for row in rows
    )
    done = subprocess.run(
        [CLARY, "predict", "--model", model, "--accept", "text/csv", "-"],
        input=body,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
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
    """The answers of a case; None where it states none for all trees."""
    for key in ANSWERS:
        if key in case["expected"]:
            return rows_of(folder / case["expected"][key])
    if "margin" in case["expected"]:
        # xgdermatology: multi:softmax
        margins = rows_of(folder / case["expected"]["margin"])
        return [[float(row.index(max(row)))] for row in margins]
    return None


def is_near(got, expected, same_library):
    if same_library:
        return abs(place(got) - place(expected)) <= 1
    return abs(got - expected) <= 2e-6 * max(abs(expected), 1e-6)


@pytest.mark.skipif(not CASES, reason=LEFT_OUT)
@pytest.mark.parametrize("folder", CASES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_case(folder):
    case = json.loads((folder / "case.json").read_text())
    same = folder.parent.name in ("ours-1.7.4", "sagemaker")
    expected = expected_of(folder, case)
    rows = rows_of(folder / case["input"].split()[0])
    models = [name for name in case["models"] if name != "MLmodel"]
    assert models
    for name in models:
        got = predict(folder / name, rows)
        assert len(got) == len(rows)
        if expected is None:
            continue
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
