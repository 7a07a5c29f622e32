"""Categories of a data frame, as rows of text have them.

SPDX-License-Identifier: Apache-2.0
"""
import json

import pytest

from contract.server import ROOT

XGBOOST = ROOT / "tests/golden/xgboost/categories-named"
LIGHTGBM = ROOT / "tests/golden/lightgbm/pandas-categorical"


@pytest.fixture
def xgboost(start):
    return start(XGBOOST / "model.tar.gz").wait_ready()


@pytest.fixture
def lightgbm(start):
    return start(LIGHTGBM / "model.txt").wait_ready()


def scores(reply):
    assert reply.status == 200, reply
    return [float(line) for line in reply.body.splitlines()]


def test_xgboost_s_data_frame(xgboost):
    got = scores(xgboost.invoke((XGBOOST / "categories.csv").read_bytes(),
                                accept="text/csv"))
    want = (XGBOOST / "categories_expected.csv").read_text().splitlines()
    assert got == pytest.approx([float(v) for v in want], rel=1e-8, abs=0)


def test_lightgbm_s_data_frame(lightgbm):
    got = scores(lightgbm.invoke((LIGHTGBM / "categories.csv").read_bytes(),
                                 accept="text/csv"))
    want = (LIGHTGBM / "categories_expected.csv").read_text().splitlines()
    assert got == [float(v) for v in want]


def test_the_first_row_is_scored(xgboost):
    """The row to measure with is one that the model takes."""
    assert "first row refused" not in xgboost.output()


def test_unknown_to_xgboost(xgboost):
    reply = xgboost.invoke("0.5,green,20\n0.5,purple,20\n")
    assert reply.status == 415  # as the container says: it cannot be read
    assert reply.json()["error"] == (
        'row 2, column 2 (colour): "purple" is not a category, expected '
        '"amber", "blue", "green" or one of 1 more'
    )
    metrics = xgboost.request("GET", "/metrics").body.decode()
    colour = '{column="2",feature="colour"}'
    assert f"clary_feature_unparsable_total{colour} 1" in metrics


def test_unknown_to_lightgbm_is_missing(lightgbm):
    unknown = scores(lightgbm.invoke("1,Roma,3,True\n", accept="text/csv"))
    missing = scores(lightgbm.invoke("1,,3,True\n", accept="text/csv"))
    assert unknown == missing
    metrics = lightgbm.request("GET", "/metrics").body.decode()
    assert 'clary_feature_missing_total{column="2",feature="city"} 2' in metrics


def test_the_open_inference_protocol(xgboost):
    """It has no text here: words are given as their codes, numbers are
    categories."""
    body = {"inputs": [{"name": "rows", "shape": [2, 3], "datatype": "FP32",
                        "data": [0.5, 2, 20, 0.5, 0, 35]}]}
    reply = xgboost.request("POST", "/v2/models/model/infer", {},
                            json.dumps(body).encode())
    assert reply.status == 200, reply
    want = scores(xgboost.invoke("0.5,green,20\n0.5,amber,35\n",
                                 accept="text/csv"))
    assert reply.json()["outputs"][0]["data"] == pytest.approx(want, rel=1e-7)
