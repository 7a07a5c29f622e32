"""Two samples compared: intervals, and a test that may be looked at any time.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

ENOUGH = 30  # values in each sample, before anything is said


@dataclass(frozen=True)
class Sample:
    """What is kept of a sample."""

    count: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Interval:
    """Where a difference lies, with a stated confidence."""

    difference: float
    low: float
    high: float

    @property
    def decided(self) -> bool:
        """Whether zero is outside."""
        return self.low > 0 or self.high < 0


def sample(values: Sequence[float]) -> Sample:
    """Mean and unbiased variance."""
    count = len(values)
    if count == 0:
        return Sample(0, math.nan, math.nan)
    mean = math.fsum(values) / count
    squares = math.fsum((value - mean) ** 2 for value in values)
    return Sample(count, mean, squares / (count - 1) if count > 1 else math.nan)


def fixed(a: Sample, b: Sample, confidence: float = 0.95) -> Interval | None:
    """Welch's interval of mean(b) - mean(a): for one look, at the end."""
    if min(a.count, b.count) < 2:
        return None
    parts = (a.variance / a.count, b.variance / b.count)
    error = math.sqrt(sum(parts))
    if error == 0:
        difference = b.mean - a.mean
        return Interval(difference, difference, difference)
    freedom = sum(parts) ** 2 / (
        parts[0] ** 2 / (a.count - 1) + parts[1] ** 2 / (b.count - 1)
    )
    reach = student(1 - (1 - confidence) / 2, freedom) * error
    difference = b.mean - a.mean
    return Interval(difference, difference - reach, difference + reach)


def student(probability: float, freedom: float) -> float:
    """A quantile of Student's t, by the Cornish-Fisher expansion: right to
    three digits from 5 degrees of freedom on."""
    z = NormalDist().inv_cdf(probability)
    n = freedom
    terms = (
        z,
        (z**3 + z) / (4 * n),
        (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2),
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3),
    )
    return sum(terms)


def anytime(
    a: Sample, b: Sample, confidence: float = 0.95, tuned_for: int = 500
) -> Interval | None:
    """An interval of mean(b) - mean(a) that holds at every moment at once, so
    that one may look after each request and stop when zero is outside.

    Two confidence sequences, each with half the error: Robbins' normal mixture
    with an estimated variance (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences",
    2021, theorem 2.2). `tuned_for`: the size at which it is narrowest.

    Both with the larger of the two variances: of errors that are seldom large
    a small sample may have seen none yet, and its own variance says nothing.
    """
    if min(a.count, b.count) < ENOUGH:
        return None
    error = (1 - confidence) / 2
    variance = max(a.variance, b.variance)
    reach = sum(_reach(of.count, variance, error, tuned_for) for of in (a, b))
    difference = b.mean - a.mean
    return Interval(difference, difference - reach, difference + reach)


def _reach(n: int, variance: float, error: float, tuned_for: int) -> float:
    wide = -2 * math.log(error)
    rho = (wide + math.log(wide) + 1) / tuned_for  # squared
    inside = 2 * (n * rho + 1) / (n * n * rho)
    inside *= math.log(math.sqrt(n * rho + 1) / error)
    return math.sqrt(variance * inside)


def split_p_value(counts: Sequence[int], weights: Sequence[float]) -> float:
    """The chance of a split this far from the weights (chi-squared with one
    degree of freedom: two variants)."""
    total, whole = sum(counts), sum(weights)
    if total == 0:
        return 1.0
    chi = sum(
        (count - total * weight / whole) ** 2 / (total * weight / whole)
        for count, weight in zip(counts, weights, strict=True)
        if weight
    )
    return math.erfc(math.sqrt(chi / 2))
