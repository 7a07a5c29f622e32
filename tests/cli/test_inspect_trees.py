"""`clary inspect` of models of trees: what the artifact says of itself, what
its trees are like, the names of its columns and of its categories.

SPDX-License-Identifier: Apache-2.0
"""
import json
import tarfile

import pytest

from contract.program import clary
from contract.server import GOLDEN, ROOT

XGBOOST = ROOT / "tests/golden/xgboost"
LIGHTGBM = ROOT / "tests/golden/lightgbm"


def inspect(model, *more):
    run = clary("inspect", "--model", model, *more)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def report(model):
    return json.loads(inspect(model, "--json"))


def test_xgboost():
    got = report(XGBOOST / "best-iteration/model.tar.gz")
    assert got["framework"].startswith("XGBoost 3.")
    facts = got["facts"]
    assert facts["objective"] == "reg:squarederror"
    assert facts["booster"] == "gbtree"
    assert isinstance(facts["base_score"], float)
    assert facts["best_iteration"] < facts["trees_trained"] - 1
    assert got["trees"]["trees"] == facts["trees_trained"]
    assert got["trees"]["leaves"] == (
        got["trees"]["splits"] + got["trees"]["trees"]
    )
    assert got["trees"]["columns_used"] == 5
    assert got["trees"]["columns_missing"] == {
        "nan": 5, "nan_or_zero": 0, "nothing": 0
    }
    assert got["contributions"] == 6
    assert "not_explained" not in got


def test_counts_are_called_what_they_are():
    text = inspect(XGBOOST / "binary-logistic/model.tar.gz")
    got = report(XGBOOST / "binary-logistic/model.tar.gz")
    assert f"from {got['trees']['splits']} splits of trees" in text
    assert "objective: binary:logistic" in text
    assert "signature:" not in text
    text = inspect(LIGHTGBM / "binary/model.txt")
    got = report(LIGHTGBM / "binary/model.txt")
    assert f"from {got['trees']['splits']} splits of trees" in text
    assert "nodes" not in inspect(XGBOOST / "linear/model.tar.gz")
    text = inspect(GOLDEN / "identity8/model.tar.gz")
    assert "signature: serving_default" in text
    assert "nodes of the graph" in text


def refused(model):
    run = clary("inspect", "--model", model)
    assert run.returncode == 1 and run.stdout == ""
    return run.stderr


def test_two_kinds_of_models(tmp_path):
    """Nothing tells which is meant, so none is chosen."""
    with tarfile.open(XGBOOST / "binary-logistic/model.tar.gz") as tar:
        member = next(m for m in tar if m.isfile())
        model = tar.extractfile(member).read()
    (tmp_path / "a").write_bytes(model)
    (tmp_path / "b").write_bytes(model)
    assert "2 answer together" in inspect(tmp_path)
    text = (LIGHTGBM / "binary/model.txt").read_bytes()
    (tmp_path / "lgb.txt").write_bytes(text)
    message = refused(tmp_path)
    assert '"lgb.txt" (LightGBM' in message and '"a" (XGBoost)' in message
    (tmp_path / "a").unlink()
    (tmp_path / "b").unlink()
    (tmp_path / "scaler.pkl").write_bytes(b"\x80\x04N.")
    assert "LightGBM" in inspect(tmp_path)


@pytest.mark.parametrize("pickle, names", [
    (b"cos\nsystem\n(S'id'\ntR.", "os.system"),
    (b"(ios\nsystem\n.", "INST, OBJ"),
    (b"(cos\nsystem\nS'id'\no.", "os.system"),
    (b"]q\0(cos\nsystem\ne.", "os.system"),
    (b"\x80\x63N.", "protocol"),
])
def test_hostile_pickles_are_refused_by_name(tmp_path, pickle, names):
    (tmp_path / "xgboost-model").write_bytes(pickle)
    message = refused(tmp_path)
    assert names in message and "no model found" not in message


def test_trees_that_are_not_used():
    got = report(XGBOOST / "best-ntree-limit/model.tar.gz")
    assert got["trees"]["trees"] < got["facts"]["trees_trained"]


def test_several_base_scores():
    got = report(XGBOOST / "multi-softprob/model.tar.gz")
    assert got["facts"]["objective"] == "multi:softprob"
    assert len(got["facts"]["base_score"].split(",")) == 4
    assert got["contributions"] == 4 * 6


def test_models_together():
    got = report(XGBOOST / "ensemble-mean/model.tar.gz")
    assert got["facts"]["models"] == 3
    assert got["trees"]["trees"] == 3 * got["facts"]["trees_trained"]
    assert got["trees"]["columns_used"] == 5
    assert got["trees"]["columns_missing"]["nan"] == 5
    assert got["contributions"] == 0
    assert "3 answer together" in got["not_explained"]


@pytest.mark.parametrize("case, missing", [
    ("regression", [4, 0, 0]), ("zero-as-missing", [0, 3, 0]),
    ("no-missing", [0, 0, 4]),
])
def test_missing(case, missing):
    got = report(LIGHTGBM / case / "model.txt")
    assert got["framework"] == "LightGBM v4"
    assert got["facts"]["objective"] == "regression"
    used = got["trees"]["columns_used"]
    assert list(got["trees"]["columns_missing"].values()) == [
        used if n > 0 else 0 for n in missing
    ]


def test_categories():
    got = report(XGBOOST / "categories-named/model.tar.gz")
    assert got["signature"]["csv_columns"] == ["x", "colour", "size"]
    assert got["categories"] == [
        {"column": 2, "name": "colour", "takes_codes": True,
         "values": ["amber", "blue", "green", "gr\u00fcn"],
         "unknown": "refused"},
        {"column": 3, "name": "size", "takes_codes": False,
         "values": ["10", "20", "35"], "unknown": "refused"},
    ]
    got = report(LIGHTGBM / "pandas-categorical/model.txt")["categories"]
    assert [c["column"] for c in got] == [2, 3, 4]
    assert got[2]["values"] == ["False", "True"]
    assert {c["unknown"] for c in got} == {"missing"}


def test_for_people():
    """Everything of the report, in lines."""
    model = XGBOOST / "categories-named/model.tar.gz"
    lines = inspect(model).splitlines()
    facts = report(model)["facts"]
    for name, value in facts.items():
        assert f"{name.replace('_', ' ')}: {value}" in lines
    trees = report(model)["trees"]
    assert f"trees: {trees['trees']}, depth {trees['depth']}, " \
        f"{trees['leaves']} leaves" in lines
    assert f"columns used: {trees['columns_used']} of 3" in lines
    assert "missing: NaN, in 2 columns" in lines
    assert "explained: 4 contributions a row" in lines
    assert "CSV column 3\tsize\t3 categories\tsuch as 10\tunknown: refused" \
        in lines
    assert "not explained: contributions of trees with linear leaves are not " \
        "defined" in inspect(LIGHTGBM / "linear/model.txt").splitlines()


def test_models_without_trees():
    got = report(GOLDEN / "half-plus-three/model.tar.gz")
    assert got["facts"] == {} and got["categories"] == []
    assert "trees" not in got and got["contributions"] == 0
    assert "booster" not in inspect(GOLDEN / "half-plus-three/model.tar.gz")
