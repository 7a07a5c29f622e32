"""A style is the artifact's own, or the one that CLARY_STYLE forces.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math

from contract.server import GOLDEN, ROOT
from contract.xgboost import answer, expected_of, input_of, single


def test_another_style_can_be_forced(xgboost):
    body = "\n".join(input_of("binary-logistic", 1))
    plain = xgboost("binary-logistic", CLARY_STYLE="plain").invoke(body)
    (score,) = json.loads(answer(plain, "application/json"))["predictions"]
    assert single(score) == expected_of("binary-logistic", 1)[0][0]
    tf = xgboost("binary-logistic", CLARY_STYLE="tfserving").invoke(body)
    assert answer(tf, "application/json").startswith('{\n    "predictions": [')


def test_it_can_be_forced_on_another_model(start):
    model = GOLDEN / "half-plus-three/model.tar.gz"
    server = start(model, {"CLARY_STYLE": "xgboost"}).wait_ready()
    assert server.invoke("1.0;2.0;5.0").body == b"3.5,4.0,5.5\n"
    reply = server.invoke("1.0,2.0,5.0", accept="application/json")
    assert reply.body == b'{"predictions": [{"score": [3.5, 4.0, 5.5]}]}'


def test_lightgbm_answers_in_the_plain_style(start):
    model = ROOT / "tests/golden/lightgbm/binary/model.txt"
    server = start(model).wait_ready()
    rows = (model.parent / "input.csv").read_text()
    expected = (model.parent / "expected.csv").read_text().splitlines()
    predictions = server.invoke(rows).json()["predictions"]
    assert len(predictions) == len(expected)
    for got, wanted in zip(predictions, expected):
        assert math.isclose(got, float(wanted), rel_tol=1e-15)
