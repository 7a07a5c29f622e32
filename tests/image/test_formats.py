"""The golden models of every format, served by the image: the values of the
library that made each. Their bytes, and all else of a format, are for the
suites of the program; here it is proved that the image has all that they take.

SPDX-License-Identifier: Apache-2.0
"""
import math

import pytest

from contract.server import ROOT

GOLDEN = ROOT / "tests/golden"
# the last digits are another machine's, whose libm made the expected ones
NEAR = {"savedmodel": 1e-6, "xgboost": 1e-6, "lightgbm": 1e-6}
CASES = sorted(
    path.parent
    for format in NEAR
    for path in (GOLDEN / format).glob("*/expected.csv")
    if not (path.parent / "refused").exists()
)


WORDS = {"": math.nan, "true": 1, "false": 0}


def numbers(text):
    """Of each line, its cells; an empty one is a missing value."""
    return [
        [float(WORDS.get(cell, cell)) for cell in line.split(",")]
        for line in text.splitlines()
    ]


def are_near(got, expected, tolerance):
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    return got == expected or (
        abs(got - expected) <= tolerance + tolerance * abs(expected)
    )


def test_there_are_some():
    assert {case.parent.name for case in CASES} == set(NEAR)
    assert len(CASES) >= 100


@pytest.mark.parametrize(
    "case", CASES, ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_format(start, case):
    archive = case / "model.tar.gz"
    model = archive if archive.exists() else case / "model.txt"
    settings = {"CLARY_STYLE": "plain", "CLARY_CSV_HEADER": "auto"}
    server = start(model, settings)
    server.wait_ready()
    # a model that knows its categories by name is asked by name
    rows, answers = case / "categories.csv", case / "categories_expected.csv"
    if not rows.exists():
        rows, answers = case / "input.csv", case / "expected.csv"
    reply = server.invoke(rows.read_bytes(), accept="text/csv")
    assert reply.status == 200, reply
    got = numbers(reply.body.decode())
    expected = numbers(answers.read_text())
    tolerance = NEAR[case.parent.name]
    assert [len(row) for row in got] == [len(row) for row in expected]
    for row, (a, b) in enumerate(zip(got, expected), 1):
        assert all(are_near(x, y, tolerance) for x, y in zip(a, b)), row
    assert server.stop() == 0
