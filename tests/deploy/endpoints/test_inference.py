"""The statistics of reports, against what is known of them.

SPDX-License-Identifier: Apache-2.0
"""

import math
import random
import xml.etree.ElementTree as ET

import pytest

from clary_deploy import histogram, inference
from clary_deploy.captured import predictions
from clary_deploy.requests import metrics


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [  # from any table of Student's t
        (0.975, 5, 2.571),
        (0.975, 10, 2.228),
        (0.975, 30, 2.042),
        (0.995, 20, 2.845),
        (0.95, 120, 1.658),
    ],
)
def test_students_quantiles(probability, freedom, quantile):
    found = inference.student(probability, freedom)
    assert found == pytest.approx(quantile, abs=0.004)


def test_welch_covers_95_percent():
    dice = random.Random(7)
    hits = 0
    for _ in range(1000):
        a = inference.sample([dice.gauss(1, 1) for _ in range(20)])
        b = inference.sample([dice.gauss(3, 2) for _ in range(40)])
        found = inference.fixed(a, b)
        hits += found.low <= 2 <= found.high
    assert 930 <= hits <= 970


def looks(dice, shift, steps):
    """Whether a test that is looked at after every value ever decides."""
    a, b = [], []
    for _ in range(steps):
        a.append(dice.expovariate(1))  # skewed, as squared errors are
        b.append(dice.expovariate(1) + shift)
        if len(a) % 10 == 0:
            found = inference.anytime(inference.sample(a), inference.sample(b))
            if found and found.decided:
                return True
    return False


def test_looking_at_any_time_costs_nothing():
    """With no difference, 40 looks each: wrong at most once in twenty."""
    dice = random.Random(11)
    wrong = sum(looks(dice, 0.0, 400) for _ in range(100))
    assert wrong <= 5


def test_and_it_finds_a_difference():
    dice = random.Random(12)
    assert all(looks(dice, 1.0, 1000) for _ in range(20))


def test_nothing_is_said_of_too_few():
    few = inference.sample([1.0] * (inference.ENOUGH - 1))
    enough = inference.sample([1.0, 2.0] * inference.ENOUGH)
    assert inference.anytime(few, enough) is None
    assert inference.fixed(inference.sample([1.0]), enough) is None


def test_chi_squared():
    assert inference.split_p_value([900, 100], [90, 10]) == 1
    # chi-squared 3.841 is the 5 % point of one degree of freedom
    off = math.sqrt(3.841 * 1000 * 0.9 * 0.1)
    found = inference.split_p_value([900 - off, 100 + off], [90, 10])
    assert found == pytest.approx(0.05, abs=1e-4)
    assert inference.split_p_value([500, 500], [90, 10]) < 1e-100


def test_figures_of_two_periods():
    assert metrics.merged("Sum", []) == metrics.merged("p95", []) == 0
    assert metrics.merged("Sum", [3, 4]) == 7
    assert metrics.merged("p95", [3, 4, 2]) == 4


def test_histogram():
    found = histogram.of_values([0, 0, 1, 2, 10], bins=5)
    assert list(found.counts) == [3, 1, 0, 0, 1]
    assert sum(histogram.of_values([3.0] * 7).counts) == 7
    assert len(histogram.lines(found)) == 5
    picture = ET.fromstring(histogram.svg(found, "a < b", "x & y"))
    assert picture.tag.endswith("svg")


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("1.5\n2.5\n", "text/csv", (1.5, 2.5)),
        ("1.5,9\n2.5,9", "text/csv; charset=utf-8", (1.5, 2.5)),
        ('{"predictions": [[1.5], [2.5]]}', "application/json", (1.5, 2.5)),
        ('{"predictions": [{"score": 4}]}', "application/json", (4.0,)),
        ('{"error": "no"}', "application/json", ()),
        ("no number", "text/csv", ()),
    ],
)
def test_predictions_of_captured_answers(text, kind, wanted):
    assert predictions(text, kind) == wanted
