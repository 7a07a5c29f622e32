"""Where SageMaker puts things, and the rows that the steps hand each other.

Everything is under /opt/ml. CLARY_PIPELINE_ROOT puts another folder before it,
so that a step runs on any machine.

A table is CSV with a header, the label first: what `claryctl register
--labelled` takes, too. An empty cell is a missing value.

The steps run in containers of several makers: this folder but for definition.py
keeps to Python 3.10 and NumPy.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

ML = Path(os.environ.get("CLARY_PIPELINE_ROOT", "/")) / "opt/ml"
PROCESSING = ML / "processing"
CHANNELS = ML / "input/data"
HYPERPARAMETERS = ML / "input/config/hyperparameters.json"
MODEL = ML / "model"  # becomes model.tar.gz
OUTPUT = ML / "output"  # why a job failed
REASON_MAX = 1024

SEED = 42


def step(main: Callable[[], None]) -> None:
    """Runs a step; why it failed goes where SageMaker looks for it, too: of a
    training job into `failure`, of a processing job into `message`."""
    try:
        main()
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        OUTPUT.mkdir(parents=True, exist_ok=True)
        for name in ("failure", "message"):
            (OUTPUT / name).write_text(reason[:REASON_MAX], "utf-8")
        if not isinstance(error, StepError):
            raise
        raise SystemExit(str(error)) from error


class StepError(Exception):
    """What is wrong with what a step was given."""


def hyperparameter(name: str, otherwise: str) -> str:
    """SageMaker hands all of them on as text."""
    if not HYPERPARAMETERS.is_file():
        return otherwise
    found = json.loads(HYPERPARAMETERS.read_text("utf-8"))
    return str(found.get(name, otherwise))


class Table:
    """Labels and features, float64; missing values are NaN."""

    def __init__(
        self, names: list[str], labels: np.ndarray, features: np.ndarray
    ) -> None:
        self.names = names  # the label's, then the features'
        self.labels = labels
        self.features = features

    def rows(self, wanted: np.ndarray) -> Table:
        """Those rows, in that order."""
        return Table(self.names, self.labels[wanted], self.features[wanted])

    def whole(self) -> Table:
        """The rows without a missing value."""
        return self.rows(~np.isnan(self.features).any(axis=1))


def read(folder: Path) -> Table:
    """All CSV files of a folder, one table."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise StepError(f"{folder} has no .csv file")
    tables = [_read(path) for path in files]
    names = tables[0][0]
    for path, (other, _) in zip(files, tables, strict=True):
        if other != names:
            raise StepError(
                f"{path} has the columns {', '.join(other)}; {files[0]} has "
                f"{', '.join(names)}"
            )
    cells = np.concatenate([cells for _, cells in tables])
    return Table(names, cells[:, 0], cells[:, 1:])


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        cells = [_numbers(path, n, row, names) for n, row in enumerate(rows, 2)]
    if not cells:
        raise StepError(f"{path} has no rows")
    return names, np.array(cells)


def _numbers(
    path: Path, line: int, row: list[str], names: list[str]
) -> list[float]:
    if len(row) != len(names):
        raise StepError(
            f"{path}:{line} has {len(row)} cells; the header has {len(names)}"
        )
    try:
        return [float(cell) if cell.strip() else np.nan for cell in row]
    except ValueError as error:
        raise StepError(f"{path}:{line}: {error}") from error


def write(path: Path, table: Table) -> None:
    """The shortest text of each number that reads back as the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(table.names)]
    lines += [
        ",".join([text(label), *map(text, features)])
        for label, features in zip(
            table.labels.tolist(), table.features.tolist(), strict=True
        )
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def text(number: float) -> str:
    """A cell; nothing for what is missing."""
    return "" if number != number else repr(float(number))


def feature_lines(table: Table) -> list[str]:
    """Rows as a caller of the endpoint sends them: no header, no label."""
    return [",".join(map(text, row)) for row in table.features.tolist()]
