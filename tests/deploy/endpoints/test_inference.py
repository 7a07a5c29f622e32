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


class Growing:
    """A sample that grows, without looking at all of it again."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def add(self, value):
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)

    def sample(self):
        variance = self.squares / max(self.count - 1, 1)
        return inference.Sample(self.count, self.mean, variance)


def looks(dice, draw, challenger, steps, share):
    """Whether a test that is looked at after every value ever decides."""
    a, b = Growing(), Growing()
    for _ in range(steps):
        if dice.random() < share:
            b.add(challenger(dice))
        else:
            a.add(draw(dice))
        found = inference.anytime(a.sample(), b.sample())
        if found and found.decided:
            return True
    return False


ERRORS = {
    "of a normal": lambda dice: dice.gauss(0, 1) ** 2,
    "heavy": lambda dice: dice.gauss(0, 1) ** 4 / 3,
    "seldom": lambda dice: 100.0 * (dice.random() < 0.01),
}


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize(
    ("champion", "challenger"),
    [(name, name) for name in ERRORS]
    + [("of a normal", "heavy"), ("heavy", "of a normal")],
)
def test_looking_at_any_time_costs_nothing(champion, challenger, share):
    """With the same mean, a look after each of 1500 values: wrong at most once
    in twenty."""
    dice = random.Random(11)
    a, b = ERRORS[champion], ERRORS[challenger]
    wrong = sum(looks(dice, a, b, 1500, share) for _ in range(60))
    assert wrong <= 3


def test_a_fixed_interval_cannot_be_looked_at_any_time():
    """The same, with the interval for one look: what the other is for."""
    dice = random.Random(11)
    wrong = 0
    for _ in range(60):
        a, b = Growing(), Growing()
        decided = False
        for count in range(1500):
            (b if count % 2 else a).add(dice.gauss(0, 1) ** 2)
            if count > 2 * inference.ENOUGH:
                found = inference.fixed(a.sample(), b.sample())
                decided = decided or found.decided
        wrong += decided
    assert wrong > 12


def test_and_it_finds_a_difference():
    dice = random.Random(12)

    def better(dice):
        return 0.5 * dice.gauss(0, 1) ** 2

    normal = ERRORS["of a normal"]
    assert all(looks(dice, normal, better, 4000, 0.5) for _ in range(20))


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
