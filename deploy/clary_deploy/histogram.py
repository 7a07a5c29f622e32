"""A histogram as a picture (SVG) and as lines of text.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

BINS = 25
WIDTH, HEIGHT, MARGIN = 640, 320, 48


@dataclass(frozen=True)
class Histogram:
    """Counts of values in bins of one width."""

    low: float
    high: float
    counts: Sequence[int]

    def edge(self, index: int) -> float:
        return self.low + (self.high - self.low) * index / len(self.counts)


def of_values(values: Sequence[float], bins: int = BINS) -> Histogram:
    """Over the whole range; all in one bin when they are all the same."""
    low, high = min(values), max(values)
    if low == high:
        reach = abs(low) * 1e-6 or 1e-6
        low, high = low - reach, high + reach
    counts = [0] * bins
    for value in values:
        index = int((value - low) / (high - low) * bins)
        counts[min(index, bins - 1)] += 1
    return Histogram(low, high, counts)


def lines(histogram: Histogram, width: int = 40) -> list[str]:
    """One line for each run of bins, with a bar."""
    top = max(histogram.counts) or 1
    return [
        f"{histogram.edge(index):>12.5g}  "
        f"{'#' * math.ceil(count * width / top):<{width}}  {count}"
        for index, count in enumerate(histogram.counts)
    ]


def svg(histogram: Histogram, title: str, axis: str) -> str:
    """A picture that needs nothing but itself."""
    top = max(histogram.counts) or 1
    step = (WIDTH - 2 * MARGIN) / len(histogram.counts)
    room = HEIGHT - 2 * MARGIN
    bars = []
    for index, count in enumerate(histogram.counts):
        tall = room * count / top
        bars.append(
            f'<rect x="{MARGIN + index * step:.1f}" '
            f'y="{HEIGHT - MARGIN - tall:.1f}" width="{step - 1:.1f}" '
            f'height="{tall:.1f}"><title>{histogram.edge(index):.6g} to '
            f"{histogram.edge(index + 1):.6g}: {count}</title></rect>"
        )
    ticks = []
    for part in range(5):
        value = histogram.low + (histogram.high - histogram.low) * part / 4
        at = MARGIN + (WIDTH - 2 * MARGIN) * part / 4
        ticks.append(
            f'<text x="{at:.1f}" y="{HEIGHT - MARGIN + 16}" '
            f'text-anchor="middle">{value:.4g}</text>'
        )
    middle = WIDTH / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{middle}" y="24" text-anchor="middle" font-size="15">'
            f"{escape(title)}</text>",
            f'<g fill="#4c78a8">{"".join(bars)}</g>',
            f'<line x1="{MARGIN}" y1="{HEIGHT - MARGIN}" '
            f'x2="{WIDTH - MARGIN}" y2="{HEIGHT - MARGIN}" stroke="black"/>',
            *ticks,
            f'<text x="{MARGIN - 6}" y="{MARGIN + 4}" text-anchor="end">'
            f"{top}</text>",
            f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">'
            f"{escape(axis)}</text>",
            "</svg>",
            "",
        ]
    )
