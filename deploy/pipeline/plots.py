"""Two pictures of an evaluation, as PNG, with NumPy alone: the prebuilt
containers have no library that draws.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 70, 62
INK = (40, 44, 52)
FAINT = (226, 230, 236)
BLUE = (31, 99, 170)
RED = (200, 60, 50)
TICKS = 6  # at most, on an axis
BINS = 10  # of the calibration

# A letter is strokes, a stroke is points, a point is x (0 to 4, to the right)
# and y (0 to 8, down; 6 is the line on which letters stand).
LETTERS = {
    "0": "10 30 41 45 36 16 05 01 10",
    "1": "11 20 26",
    "2": "01 10 30 41 42 06 46",
    "3": "01 10 30 41 42 33 23|33 44 45 36 16 05",
    "4": "36 30 04 44",
    "5": "40 00 03 33 44 45 36 16 05",
    "6": "40 20 02 05 16 36 45 44 33 13 04",
    "7": "00 40 16",
    "8": "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",
    "9": "06 26 44 41 30 10 01 02 13 33 42",
    "a": "42 46|43 32 12 03 05 16 36 45",
    "b": "00 06|03 12 32 43 45 36 16 05",
    "c": "43 32 12 03 05 16 36 45",
    "d": "40 46|43 32 12 03 05 16 36 45",
    "e": "04 44 43 32 12 03 05 16 36 45",
    "f": "40 30 21 26|12 42",
    "h": "00 06|03 12 32 43 46",
    "i": "22 26|20 20",
    "l": "20 26",
    "m": "02 06|03 12 23 26|23 32 43 46",
    "n": "02 06|03 12 32 43 46",
    "o": "12 32 43 45 36 16 05 03 12",
    "p": "02 08|03 12 32 43 45 36 16 05",
    "r": "02 06|03 12 32 43",
    "s": "43 32 12 03 14 34 45 36 16 05",
    "t": "10 15 26 36|02 32",
    "u": "02 05 16 36 45|42 46",
    "w": "02 16 23 36 42",
    ",": "25 26 17",
    "-": "03 43",
    "+": "03 43|21 25",
    ".": "26 26",
}
GAP, SPACE = 2.2, 2.5  # units between letters, and of a space
SMALL, LARGE = 2.0, 2.6  # pixels a unit


class Picture:
    """A white field with axes, on which `point` and `line` draw in the units
    of the data."""

    def __init__(
        self,
        title: str,
        names: tuple[str, str],
        x: tuple[float, float],
        y: tuple[float, float],
    ) -> None:
        self.pixels = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
        self.x, self.y = x, y
        self._write(title, LEFT, 12, LARGE)
        for value in ticks(*x):
            at = self._column(value)
            self.pixels[TOP : HEIGHT - BOTTOM, at] = FAINT
            label = f"{value:g}"
            self._write(label, at - wide(label) / 2, HEIGHT - BOTTOM + 10)
        for value in ticks(*y):
            at = self._row(value)
            self.pixels[at, LEFT : WIDTH - RIGHT] = FAINT
            label = f"{value:g}"
            self._write(label, LEFT - wide(label) - 8, at - 3 * SMALL)
        self.pixels[TOP : HEIGHT - BOTTOM, LEFT] = INK
        self.pixels[HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT] = INK
        middle = (LEFT + WIDTH - RIGHT - wide(names[0])) / 2
        self._write(names[0], middle, HEIGHT - 26)
        self._write(names[1], 8, TOP - 26)

    def _column(self, value: float) -> int:
        share = (value - self.x[0]) / (self.x[1] - self.x[0])
        return LEFT + round(share * (WIDTH - RIGHT - LEFT - 1))

    def _row(self, value: float) -> int:
        share = (value - self.y[0]) / (self.y[1] - self.y[0])
        return HEIGHT - BOTTOM - round(share * (HEIGHT - BOTTOM - TOP - 1))

    def points(
        self,
        x: np.ndarray,
        y: np.ndarray,
        colour: tuple[int, int, int] = BLUE,
        size: int = 2,
        strength: float = 0.45,
    ) -> None:
        """Squares; where many lie over each other it gets darker. What lies
        outside is not drawn."""
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            if not (
                self.x[0] <= a <= self.x[1] and self.y[0] <= b <= self.y[1]
            ):
                continue
            column, row = self._column(a), self._row(b)
            part = self.pixels[
                row - size // 2 : row - size // 2 + size,
                column - size // 2 : column - size // 2 + size,
            ]
            part[:] = (1 - strength) * part + strength * np.array(colour)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: tuple[int, int, int],
    ) -> None:
        self._stroke(
            self._column(start[0]), self._row(start[1]),
            self._column(end[0]), self._row(end[1]), 2.0, colour,
        )  # fmt: skip

    def _stroke(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        thick: float,
        colour: tuple[int, int, int],
    ) -> None:
        """A line with round ends: a pixel is covered by how near it is."""
        left, right = int(min(x0, x1) - thick), int(max(x0, x1) + thick) + 2
        top, bottom = int(min(y0, y1) - thick), int(max(y0, y1) + thick) + 2
        part = self.pixels[top:bottom, left:right]
        down, along = np.mgrid[top:bottom, left:right]
        dx, dy = x1 - x0, y1 - y0
        square = dx * dx + dy * dy
        share = ((along - x0) * dx + (down - y0) * dy) / (square or 1.0)
        share = np.clip(share, 0.0, 1.0)
        away = np.hypot(along - x0 - share * dx, down - y0 - share * dy)
        cover = np.clip(thick / 2 + 0.5 - away, 0.0, 1.0)[..., np.newaxis]
        part[:] = (1 - cover) * part + cover * np.array(colour)

    def _write(
        self, text: str, x: float, y: float, unit: float = SMALL
    ) -> None:
        for letter in text:
            strokes, left, width = drawn(letter)
            for stroke in strokes:
                points = [
                    (x + unit * (across - left), y + unit * down)
                    for across, down in stroke
                ]
                for (x0, y0), (x1, y1) in itertools.pairwise(points):
                    self._stroke(x0, y0, x1, y1, 0.7 * unit, INK)
            x += (width + GAP) * unit

    def save(self, path: Path) -> None:
        """An 8-bit RGB PNG without filters."""
        rows = [b"\0" + row.tobytes() for row in self.pixels]
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
            + chunk(b"IEND", b"")
        )


def drawn(letter: str) -> tuple[list[list[tuple[int, int]]], int, float]:
    """Its strokes, where they begin, and how wide they are, in units."""
    if letter == " ":
        return [], 0, SPACE
    strokes = [
        [(int(point[0]), int(point[1])) for point in stroke.split()]
        for stroke in LETTERS[letter].split("|")
    ]
    across = [x for stroke in strokes for x, _ in stroke]
    return strokes, min(across), max(across) - min(across)


def wide(text: str) -> float:
    """Pixels of a small text."""
    return SMALL * (sum(drawn(c)[2] + GAP for c in text) - GAP)


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", check)
    )


def ticks(low: float, high: float) -> list[float]:
    """Round values between the two."""
    rough = (high - low) / TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min(m for m in (1, 2, 5, 10) if m * power >= rough)
    first = np.ceil(low / step)
    last = np.floor(high / step)
    return [
        round(float(n * step), 10) + 0.0 for n in np.arange(first, last + 1)
    ]


def span(*arrays: np.ndarray) -> tuple[float, float]:
    """All the values, and a little room."""
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    room = 0.03 * (high - low) or 1.0
    return low - room, high + room


def residuals(path: Path, predicted: np.ndarray, label: np.ndarray) -> None:
    """What was predicted, and how far that was off."""
    off = predicted - label
    picture = Picture(
        "residuals",
        ("predicted", "predicted - measured"),
        span(predicted),
        span(off),
    )
    picture.points(predicted, off)
    picture.line((picture.x[0], 0.0), (picture.x[1], 0.0), RED)
    picture.save(path)


def calibration(path: Path, predicted: np.ndarray, label: np.ndarray) -> None:
    """The mean of what was measured where about that was predicted: on the red
    line, predictions mean what they say."""
    means = calibrated(predicted, label)
    both = span(means)
    picture = Picture(
        "calibration, tenths of the rows",
        ("mean predicted", "mean measured"),
        both,
        both,
    )
    picture.line((both[0], both[0]), (both[1], both[1]), RED)
    for (x, y), (to_x, to_y) in itertools.pairwise(means.tolist()):
        picture.line((x, y), (to_x, to_y), BLUE)
    picture.points(means[:, 0], means[:, 1], BLUE, size=8, strength=1.0)
    picture.save(path)


def calibrated(predicted: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(bins, 2): mean predicted and mean measured, by what was predicted."""
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    return np.array([[predicted[p].mean(), label[p].mean()] for p in parts])
