"""What a person or a program sees.

stdout carries the result: text and aligned tables, or with `--json` exactly one
document. stderr carries progress and errors: one line that is rewritten on a
terminal, plain lines (only when something changes) in CodeBuild or a pipe.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

BAR = 24  # characters of a progress bar

COLOURS = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1"}


def to_json(value: object) -> str:
    """Stable JSON, for people and for comparison."""
    return json.dumps(value, indent=2, default=str, ensure_ascii=False)


class Output:
    """The two streams of one command."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.as_json = as_json
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        plain = "NO_COLOR" in environ or environ.get("TERM") == "dumb"
        self.colour = self.stdout.isatty() and not plain
        self.live = self.stderr.isatty() and environ.get("TERM") != "dumb"
        self._requests: list[dict[str, Any]] = []

    def paint(self, text: str, colour: str) -> str:
        """`text` in one of COLOURS, where stdout shows colours."""
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self.colour else text

    def say(self, text: str = "") -> None:
        """A line of the result for a person; nothing with `--json`."""
        if not self.as_json:
            print(text, file=self.stdout, flush=True)

    def heading(self, text: str) -> None:
        """A line that stands out on a terminal."""
        self.say(self.paint(text, "bold"))

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """An aligned table, numbers to the right; nothing with `--json`."""
        if self.as_json:
            return
        cells = [[_cell(value) for value in row] for row in rows]
        right = [
            bool(cells) and all(_is_number(row[i]) for row in cells)
            for i in range(len(columns))
        ]
        widths = [
            max(len(line[i]) for line in [list(columns), *cells])
            for i in range(len(columns))
        ]
        self.heading(_aligned(columns, widths, right))
        for row in cells:
            self.say(_aligned(row, widths, right))

    def request(
        self,
        account: str,
        service: str,
        operation: str,
        body: Mapping[str, Any],
    ) -> None:
        """A request that a dry run does not send."""
        self._requests.append(
            {
                "account": account,
                "service": service,
                "operation": operation,
                "request": dict(body),
            }
        )
        self.say(f"would call {service}:{operation} in {account} with")
        self.say(to_json(body))

    def result(self, value: Mapping[str, Any]) -> None:
        """With `--json`: the one document of the command."""
        if self.as_json:
            document = dict(value)
            if self._requests:
                document["requests"] = self._requests
            print(to_json(document), file=self.stdout, flush=True)

    def note(self, text: str) -> None:
        """A line for a person beside the result, in every mode."""
        print(text, file=self.stderr, flush=True)

    def progress(self, label: str) -> Progress:
        """`with out.progress("stack X") as step: step.update("CREATING")`."""
        return Progress(self.stderr, label, live=self.live)


class Progress:
    """One thing under way: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO, label: str, *, live: bool) -> None:
        self._stream = stream
        self._label = label
        self._live = live
        self._last = ""
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._last:
            print(file=self._stream, flush=True)

    def update(self, text: str, fraction: float | None = None) -> None:
        """The state now; `fraction` (0 to 1) draws a bar on a terminal."""
        if not self._live:
            if text != self._last:
                print(f"{self._label}: {text}", file=self._stream, flush=True)
            self._last = text
            return
        seconds = int(time.monotonic() - self._started)
        bar = "" if fraction is None else _bar(fraction) + " "
        line = f"{self._label} {bar}{text} {seconds // 60}:{seconds % 60:02}"
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{line[:width]}", end="", file=self._stream, flush=True)
        self._last = text

    def event(self, text: str) -> None:
        """A line that stays, above the live one."""
        if self._live:
            print("\r\033[K", end="", file=self._stream)
        print(f"{self._label}: {text}", file=self._stream, flush=True)


def _bar(fraction: float) -> str:
    filled = round(max(0.0, min(1.0, fraction)) * BAR)
    return "[" + "#" * filled + "." * (BAR - filled) + "]"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).lstrip("-").isdigit()


def _aligned(
    cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]
) -> str:
    parts = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(parts).rstrip()
