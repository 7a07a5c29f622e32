"""Real SavedModels from elsewhere, where the folder that holds them is there:
../shared/models, or $CLARY_SHARED_MODELS. Each is predicted with `clary
predict`, or refused with its reason.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import math
import os
import pathlib
import re

import pytest

from contract.program import clary
from contract.server import ROOT

MODELS = pathlib.Path(
    os.environ.get("CLARY_SHARED_MODELS", ROOT.parent / "shared/models")
)
FOLDER = MODELS / "tf_savedmodel"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/case.json"))
LEFT_OUT = f"left out: the real SavedModels, as there is no {FOLDER}"

# Models that take strings, and what the refusal must say.
REFUSED = {
    "sagemaker_sdk_tf_iris_estimator_tf13": 'input "inputs" is of type '
    "DT_STRING, only numbers are supported",
}
# float32 sums in another order
RELATIVE, ABSOLUTE = 1e-5, 1e-6


def natural(name):
    """The order of a signature's tensors: runs of digits by their number."""
    return [
        (0, int(part)) if part.isdigit() else (1, part)
        for part in re.findall(r"\d+|\D+", name)
    ]


def numbers(text):
    rows = csv.reader(text.splitlines())
    return [[float(cell) for cell in row] for row in rows]


def expected_rows(folder, case):
    """All outputs beside each other, in the signature's order."""
    outputs = [
        numbers((folder / case["expected"][name]).read_text())
        for name in sorted(case["expected"], key=natural)
    ]
    assert len({len(rows) for rows in outputs}) == 1
    return [sum(cells, []) for cells in zip(*outputs)]


def is_near(got, want):
    if math.isnan(want) or math.isinf(want):
        return str(got) == str(want)
    return abs(got - want) <= ABSOLUTE + RELATIVE * abs(want)


def test_there_are_cases():
    if not FOLDER.is_dir():
        pytest.skip(LEFT_OUT)
    assert len(CASES) >= 10
    assert set(REFUSED) <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_shared_model(name):
    folder = FOLDER / name
    case = json.loads((folder / "case.json").read_text())
    header = "absent" if "no header" in case["input"] else "present"
    # the folder that holds the versions, as model.tar.gz would
    model = (folder / case["model"]).parent
    result = clary(
        "predict", "--model", model, "--accept", "text/csv",
        folder / "input.csv", settings={"CLARY_CSV_HEADER": header},
    )
    if name in REFUSED:
        assert result.returncode == 1
        assert REFUSED[name] in result.stderr
        assert result.stdout == ""
        return
    assert result.returncode == 0, result.stderr
    got, want = numbers(result.stdout), expected_rows(folder, case)
    assert [len(row) for row in got] == [len(row) for row in want]
    for i, (row, expected) in enumerate(zip(got, want)):
        for a, b in zip(row, expected):
            assert is_near(a, b), f"row {i + 1}: {a} is not near {b}"


@pytest.mark.parametrize("name", [n for n in CASES if n not in REFUSED])
def test_version_that_is_served(name):
    folder = FOLDER / name
    case = json.loads((folder / "case.json").read_text())
    model = folder / case["model"]
    result = clary("inspect", "--json", "--model", model.parent)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["version"] == int(model.name)
