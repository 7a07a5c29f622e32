"""LightGBM models from elsewhere, where the folder that holds them is there:
../shared/models/lightgbm, or that of $CLARY_SHARED_MODELS.

Every case is served as its case.json says. `predict` is what the model as it
is must answer, `raw` what it must without its objective: the one to the last
place, the other to the bit.

SPDX-License-Identifier: Apache-2.0
"""
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
CORPUS = MODELS / "lightgbm"
CASES = sorted(path.parent for path in CORPUS.glob("*/*/case.json"))


def rows_of(text):
    """One list of doubles a line; an empty cell is NaN."""
    return [
        [float(cell) if cell.strip() else math.nan for cell in line.split(",")]
        for line in text.splitlines()
    ]


def predict(model, body, tmp_path):
    """What `clary predict` answers, as rows."""
    (tmp_path / "input.csv").write_text(body)
    words = ["--model", model, "--accept", "text/csv", tmp_path / "input.csv"]
    done = clary("predict", *words)
    assert done.returncode == 0, done.stderr
    return rows_of(done.stdout)


def without_objective(model, tmp_path):
    text = model.read_bytes()
    text = re.sub(rb"^(objective=.*|average_output)\r?\n", b"", text,
                  flags=re.MULTILINE)
    (tmp_path / "model.txt").write_bytes(text)
    return tmp_path / "model.txt"


@pytest.mark.skipif(not CASES, reason=f"there is no {CORPUS}")
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case, tmp_path):
    about = json.loads((case / "case.json").read_text())
    (name,) = about["models"]
    body = (case / about["input"].split()[0]).read_text()
    if "," not in body.split("\n")[0]:
        # an empty line of one column is a blank line, not a missing value
        body = "".join((line or '""') + "\n" for line in body.splitlines())
    for what, file in about["expected"].items():
        model = case / name
        if what == "raw":
            model = without_objective(model, tmp_path)
        got = predict(model, body, tmp_path)
        expected = rows_of((case / file).read_text())
        assert [len(row) for row in got] == [len(row) for row in expected]
        for r, (ours, theirs) in enumerate(zip(got, expected)):
            for a, b in zip(ours, theirs):
                units = 0 if a == b else abs(a - b) / math.ulp(b)
                assert units <= (what == "predict"), (what, r, a, b)


def test_models_are_there():
    """A folder that is there but empty would pass without a word."""
    assert not CORPUS.is_dir() or len(CASES) == 18
