"""The first step: raw data to rows for training and rows for evaluation.

    preprocess.py [--label NAME] [--test-share 0.2]

reads    /opt/ml/processing/input/data/*.csv, with a header
writes   /opt/ml/processing/train/train.csv and /opt/ml/processing/test/test.csv

Nothing is scaled here: scaling is a layer of the model, so that callers send
raw features and training and serving cannot disagree.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse

import layout
import numpy as np

# fewer would make an MSE that says nothing
ROWS_MIN = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label", default="", help="the last column")
    parser.add_argument("--test-share", type=float, default=0.2)
    args = parser.parse_args()
    table = labelled(layout.read(layout.PROCESSING / "input/data"), args.label)
    train, test = split(len(table.labels), args.test_share)
    layout.write(layout.PROCESSING / "train/train.csv", table.rows(train))
    layout.write(layout.PROCESSING / "test/test.csv", table.rows(test))
    print(f"{len(train)} rows to train with, {len(test)} to evaluate with")


def labelled(raw: layout.Table, label: str) -> layout.Table:
    """The label to the front; rows without one are of no use."""
    label = label or raw.names[-1]
    if label not in raw.names:
        raise layout.StepError(
            f"there is no column {label} among {', '.join(raw.names)}"
        )
    at = raw.names.index(label)
    cells = np.column_stack([raw.labels, raw.features])
    names = [label, *raw.names[:at], *raw.names[at + 1 :]]
    found = layout.Table(names, cells[:, at], np.delete(cells, at, axis=1))
    kept = found.rows(~np.isnan(found.labels))
    dropped = len(found.labels) - len(kept.labels)
    if dropped:
        print(f"{dropped} rows have no {label}; they are left out")
    if len(kept.labels) < ROWS_MIN:
        raise layout.StepError(
            f"{len(kept.labels)} rows with {label}; at least {ROWS_MIN} are "
            "expected"
        )
    return kept


def split(rows: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train and to evaluate with; always the same."""
    order = np.random.RandomState(layout.SEED).permutation(rows)
    tests = int(np.ceil(share * rows))
    return order[tests:], order[:tests]


if __name__ == "__main__":
    layout.step(main)
