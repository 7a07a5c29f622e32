"""What every golden case of an XGBoost model needs: thresholds and the rows
around them, packing, predicting, writing.

A case is written by XGBoost itself, in the version that is on the path. Rows
stand at thresholds, one unit in the last place below and above them, and hold
missing cells, -0.0 and the largest floats; XGBoost takes no infinities, so the
tests hold those against the largest floats.
"""

from __future__ import annotations

import gzip
import io
import json
import platform
import struct
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np
import xgboost as xgb

MAX_ROWS = 140
EXPLAINED = 4  # one row of so many
LARGEST = np.finfo(np.float32).max


@dataclass
class Case:
    """Everything `write` needs to know about one case."""

    about: str
    models: dict[str, bytes]  # files of the artifact
    boosters: list  # whose predictions are expected
    data: np.ndarray  # rows to begin with
    predict: dict = field(default_factory=dict)  # arguments of predict
    matrix: dict = field(default_factory=dict)  # arguments of DMatrix
    combine: Callable | None = None  # predictions of several models to one
    header: list[str] | None = None
    cells: list = field(default_factory=list)  # (column, value) to try
    explained: bool = True  # contributions add up to the margin


def binary_nodes(model: bytes):
    """(feature, threshold) of every split in the binary format of 0.x: only
    there JSON cannot tell them."""
    at = 4 if model[:4] == b"binf" else 0
    at += 136
    for _ in range(2):  # objective, booster
        (length,) = struct.unpack_from("<Q", model, at)
        at += 8 + length
    (trees,) = struct.unpack_from("<i", model, at)
    at += 160
    for _ in range(trees):
        (nodes,) = struct.unpack_from("<i", model, at + 4)
        at += 148
        for _ in range(nodes):
            _, left, _, split, value = struct.unpack_from("<iiiIf", model, at)
            if left != -1:
                yield split & 0x7FFFFFFF, value
            at += 20
        at += 16 * nodes


def json_nodes(model: dict):
    """(feature, threshold) of every numerical split."""
    booster = model["learner"]["gradient_booster"]
    booster = booster.get("gbtree", booster)
    for tree in booster["model"].get("trees", []):
        types = tree.get("split_type") or [0] * len(tree["left_children"])
        for node, left in enumerate(tree["left_children"]):
            if left != -1 and types[node] == 0:
                yield (tree["split_indices"][node],
                       tree["split_conditions"][node])


def splits(booster) -> list[tuple[int, np.float32]]:
    """Sorted, each once."""
    raw = bytes(booster.save_raw())
    try:
        raw = bytes(booster.save_raw("json"))
    except TypeError:  # before 1.6
        pass
    if raw[:1] == b"{":
        nodes = json_nodes(json.loads(raw))
    elif b"gblinear" in raw[:200]:
        nodes = []
    else:
        nodes = binary_nodes(raw)
    return sorted({(f, np.float32(t)) for f, t in nodes})


def rows_of(case: Case) -> np.ndarray:
    """The rows of a case, at most MAX_ROWS beside those it begins with."""
    rng = np.random.default_rng(2018)
    cells = [(f, value)
             for booster in case.boosters
             for f, t in splits(booster)
             for value in (t, np.nextafter(t, np.float32(-np.inf)),
                           np.nextafter(t, np.float32(np.inf)))]
    cells += [(f, value) for f in range(case.data.shape[1])
              for value in (np.nan, -0.0, LARGEST, -LARGEST)]
    cells += case.cells
    if len(cells) > MAX_ROWS:
        keep = sorted(rng.choice(len(cells), MAX_ROWS, replace=False))
        cells = [cells[i] for i in keep]
    rows = [case.data[:20].astype(np.float32)]
    for i, (f, value) in enumerate(cells):
        row = case.data[i % len(case.data)].astype(np.float32)
        row[f] = value
        rows.append(row[np.newaxis])
    return np.concatenate(rows)


def text(value) -> str:
    """A number that reads back to the same float; nothing for a missing one."""
    return "" if np.isnan(value) else f"{np.float32(value):.9g}"


def csv(rows: np.ndarray, header: list[str] | None = None) -> str:
    lines = [",".join(header)] if header else []
    lines += [",".join(text(v) for v in row) for row in rows]
    return "".join(line + "\n" for line in lines)


def pack(path: Path, files: dict[str, bytes]) -> None:
    """A tar.gz whose bytes depend on nothing but the files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def predictions(case: Case, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins of the first model, predictions of all: (rows, outputs) each."""
    matrix = xgb.DMatrix(rows, **case.matrix)
    margin = case.boosters[0].predict(matrix, output_margin=True,
                                      **case.predict)
    parts = [b.predict(matrix, **case.predict) for b in case.boosters]
    scores = case.combine(parts) if case.combine else parts[0]
    return (np.asarray(margin, np.float32).reshape(len(rows), -1),
            np.asarray(scores, np.float32).reshape(len(rows), -1))


def contributions(case: Case, rows: np.ndarray) -> np.ndarray | None:
    """What each feature adds to the margin of the only model."""
    if case.combine or not case.explained:
        return None
    values = case.boosters[0].predict(xgb.DMatrix(rows, **case.matrix),
                                      pred_contribs=True, **case.predict)
    return np.asarray(values, np.float32).reshape(len(rows), -1)


def write(folder: Path, case: Case) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(case)
    margin, scores = predictions(case, rows)
    width = scores.shape[1]
    pack(folder / "model.tar.gz", case.models)
    (folder / "input.csv").write_text(csv(rows, case.header))
    (folder / "expected.csv").write_text(csv(scores))
    (folder / "expected_margin.csv").write_text(csv(margin))
    explained = contributions(case, rows[::EXPLAINED])
    if explained is not None:
        (folder / "contributions.csv").write_text(csv(explained))
    shape = [width] if width > 1 else []
    (folder / "signature.json").write_text(
        '{\n  "inputs": [\n    {"name": "features", "dtype": "float32", '
        f'"row_shape": [{rows.shape[1]}]}}\n  ],\n'
        '  "outputs": [\n    {"name": "score", "dtype": "float32", '
        f'"row_shape": {json.dumps(shape)}}}\n  ]\n}}\n')
    sizes = ", ".join(f"{name} {len(content)}"
                      for name, content in sorted(case.models.items()))
    (folder / "MADE.md").write_text(
        f"# {folder.name}\n\n{case.about}\n\n"
        "- Script: `tests/golden/xgboost/cases.py`\n"
        f"- Libraries: Python {platform.python_version()}, XGBoost "
        f"{xgb.__version__}, numpy {np.__version__}\n"
        f"- Inputs: {rows.shape[1]} features, {len(rows)} rows\n"
        f"- Outputs: {width}; margins: {margin.shape[1]}\n"
        f"- Bytes: {sizes}\n")
    print(f"  {folder.name}")
