"""What an artifact carries to defend itself when it is served.

    clary/golden.csv      rows of features with what training's own framework
                          answers: clary must answer the same
    clary/baseline.json   {"MedInc": {"min": ..., "max": ..., "mean": ...,
                          "missing_rate": ..., "quantiles": {"0.5": ...}}, ...}
                          of the training rows: what is outside is counted

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
from pathlib import Path

import layout
import numpy as np

GOLDEN_ROWS = 64
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def golden_rows(table: layout.Table) -> layout.Table:
    """Some rows, evenly spread."""
    count = min(GOLDEN_ROWS, len(table.labels))
    spread = np.linspace(0, len(table.labels) - 1, count)
    return table.rows(spread.astype(int))


def write(
    model: Path,
    train: layout.Table,
    golden: layout.Table,
    predictions: np.ndarray,
) -> None:
    """Puts both files into the artifact; `predictions` are of `golden`."""
    folder = model / "clary"
    folder.mkdir(parents=True, exist_ok=True)
    header = ",".join([*golden.names[1:], f"predicted_{golden.names[0]}"])
    rows = [
        f"{line},{layout.text(value)}"
        for line, value in zip(
            layout.feature_lines(golden),
            predictions.reshape(-1).tolist(),
            strict=True,
        )
    ]
    text = "\n".join([header, *rows]) + "\n"
    (folder / "golden.csv").write_text(text, "utf-8")
    text = json.dumps(baseline(train), indent=2, allow_nan=False)
    (folder / "baseline.json").write_text(text + "\n", "utf-8")


def baseline(train: layout.Table) -> dict[str, dict[str, object]]:
    """Of each feature; a column without any value has no range."""
    found = {}
    for index, name in enumerate(train.names[1:]):
        column = train.features[:, index]
        there = column[~np.isnan(column)]
        about: dict[str, object] = {
            "missing_rate": 1 - len(there) / len(column)
        }
        if len(there):
            about.update(
                min=float(there.min()),
                max=float(there.max()),
                mean=float(there.mean()),
                quantiles={
                    str(q): float(np.quantile(there, q)) for q in QUANTILES
                },
            )
        found[name] = about
    return found
