"""Two pictures of an evaluation, as PNG, with NumPy alone: the prebuilt
containers have no library that draws.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 60, 56
INK = (40, 44, 52)
FAINT = (222, 226, 232)
BLUE = (31, 99, 170)
RED = (200, 60, 50)
TICKS = 6  # at most, on an axis
BINS = 10  # of the calibration

# 3 by 5 points a letter, a row a digit, its bits from left to right
FONT = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711",
    "5": "74717", "6": "74757", "7": "71122", "8": "75757", "9": "75717",
    "A": "75755", "B": "65656", "C": "74447", "D": "65556", "E": "74747",
    "F": "74744", "G": "74557", "H": "55755", "I": "72227", "J": "11157",
    "K": "55655", "L": "44447", "M": "57755", "N": "65555", "O": "75557",
    "P": "75744", "Q": "75571", "R": "65655", "S": "74717", "T": "72222",
    "U": "55557", "V": "55552", "W": "55775", "X": "55255", "Y": "55222",
    "Z": "71247", ".": "00002", "-": "00700", ",": "00024", ":": "02020",
    "_": "00007", "(": "24442", ")": "21112", "%": "51245", "=": "07070",
    "/": "11244",
}  # fmt: skip
SCALE = 2
ADVANCE = 4 * SCALE  # from one letter to the next


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
        self._write(title, LEFT, 10, scale=3)
        for value in ticks(*x):
            at = self._column(value)
            self.pixels[TOP : HEIGHT - BOTTOM, at] = FAINT
            label = f"{value:g}"
            self._write(
                label, at - len(label) * ADVANCE // 2, HEIGHT - BOTTOM + 8
            )
        for value in ticks(*y):
            at = self._row(value)
            self.pixels[at, LEFT : WIDTH - RIGHT] = FAINT
            label = f"{value:g}"
            self._write(label, LEFT - len(label) * ADVANCE - 6, at - 5)
        self.pixels[TOP : HEIGHT - BOTTOM, LEFT] = INK
        self.pixels[HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT] = INK
        middle = (LEFT + WIDTH - RIGHT - len(names[0]) * ADVANCE) // 2
        self._write(names[0], middle, HEIGHT - 24)
        self._write(names[1], 8, TOP - 20)

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
        strength: float = 0.35,
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
        steps = WIDTH
        xs = np.linspace(start[0], end[0], steps)
        ys = np.linspace(start[1], end[1], steps)
        self.points(xs, ys, colour, size=2, strength=1.0)

    def _write(self, text: str, x: int, y: int, scale: int = SCALE) -> None:
        for letter in text.upper():
            for row, bits in enumerate(FONT.get(letter, "00000")):
                for column in range(3):
                    if int(bits) >> (2 - column) & 1:
                        top, left = y + row * scale, x + column * scale
                        self.pixels[top : top + scale, left : left + scale] = (
                            INK
                        )
            x += 4 * scale

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
    return [round(float(n * step), 10) for n in np.arange(first, last + 1)]


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
    for (x, y), (to_x, to_y) in zip(
        means[:-1].tolist(), means[1:].tolist(), strict=True
    ):
        picture.line((x, y), (to_x, to_y), BLUE)
    picture.points(means[:, 0], means[:, 1], BLUE, size=8, strength=1.0)
    picture.save(path)


def calibrated(predicted: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(bins, 2): mean predicted and mean measured, by what was predicted."""
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    return np.array([[predicted[p].mean(), label[p].mean()] for p in parts])
