"""What every golden case of an XGBoost model needs: thresholds and the rows
around them, packing, predicting, writing.

A case is written by XGBoost itself, in the version that is on the path. For
every split of every tree there is a row that reaches it, at the threshold, one
unit in the last place below and one above (a category: at the ends of its set
and behind it). Then each feature in turn is missing, a zero of either sign, the
smallest and the largest float, and infinite.
"""

from __future__ import annotations

import gzip
import io
import json
import platform
import struct
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np
import xgboost as xgb

EXPLAINED = 4  # one row of so many
LARGEST = np.finfo(np.float32).max
SPECIAL = [np.nan, -0.0, 0.0, 1e-45, -1e-45, LARGEST, -LARGEST, np.inf, -np.inf]
OLD = xgb.__version__.startswith(("0.", "1.0."))  # takes infinities in a DMatrix


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
    frame: object = None  # a data frame with categories


# --- trees -------------------------------------------------------------------


@dataclass
class Tree:
    """A tree as its file states it, to find rows that reach its nodes."""

    left: list[int]
    right: list[int]
    feature: list[int]
    threshold: list[np.float32]
    default_left: list[bool]
    sets: dict[int, set[int]]  # of the nodes that split by categories

    def goes_left(self, node: int, x: np.float32) -> bool:
        if np.isnan(x):
            return self.default_left[node]
        if node in self.sets:
            return int(x) not in self.sets[node]
        return bool(x < self.threshold[node])

    def path(self, row: np.ndarray):
        node = 0
        while self.left[node] != -1:
            yield node
            left = self.goes_left(node, row[self.feature[node]])
            node = (self.left if left else self.right)[node]

    def splits(self):
        """The nodes that split; pruning leaves others behind."""
        stack = [0]
        while stack:
            node = stack.pop()
            if self.left[node] != -1:
                yield node
                stack += [self.right[node], self.left[node]]

    def reach(self, node: int, rows: list[np.ndarray], value):
        """The first row that still reaches the node with `value` in it. None:
        splits of the same feature above the node keep that value away, and
        only what is missing comes there."""
        for row in rows:
            changed = row.copy()
            changed[self.feature[node]] = value
            if node in self.path(changed):
                return row
        assert not self.admits(node, value), f"node {node} with {value}"
        return None

    def admits(self, node: int, value) -> bool:
        above = {child: (n, side) for n in self.splits()
                 for child, side in ((self.left[n], True),
                                     (self.right[n], False))}
        feature = self.feature[node]
        while node in above:
            node, side = above[node]
            if (self.feature[node] == feature and
                    self.goes_left(node, value) != side):
                return False
        return True

    def edges(self, node: int) -> list[np.float32]:
        if node in self.sets:
            codes = sorted(self.sets[node])
            return [np.float32(c) for c in
                    (codes[0], codes[-1], codes[-1] + 1, codes[0] + 0.5)]
        t = self.threshold[node]
        return [t, np.nextafter(t, np.float32(-np.inf)),
                np.nextafter(t, np.float32(np.inf))]


def binary_trees(model: bytes):
    """Of the binary format of 0.x: only there JSON cannot tell them."""
    at = 4 if model[:4] == b"binf" else 0
    at += 136
    for _ in range(2):  # objective, booster
        (length,) = struct.unpack_from("<Q", model, at)
        at += 8 + length
    (trees,) = struct.unpack_from("<i", model, at)
    at += 160
    for _ in range(trees):
        (n,) = struct.unpack_from("<i", model, at + 4)
        at += 148
        nodes = [struct.unpack_from("<iiiIf", model, at + 20 * i)
                 for i in range(n)]
        at += 36 * n
        yield Tree([a[1] for a in nodes], [a[2] for a in nodes],
                   [a[3] & 0x7FFFFFFF for a in nodes],
                   [np.float32(a[4]) for a in nodes],
                   [bool(a[3] >> 31) for a in nodes], {})


def json_trees(model: dict):
    booster = model["learner"]["gradient_booster"]
    booster = booster.get("gbtree", booster)
    for tree in booster["model"].get("trees", []):
        sets = {}
        for i, node in enumerate(tree.get("categories_nodes", [])):
            begin = tree["categories_segments"][i]
            end = begin + tree["categories_sizes"][i]
            sets[node] = set(tree["categories"][begin:end])
        yield Tree(tree["left_children"], tree["right_children"],
                   tree["split_indices"],
                   [np.float32(t) for t in tree["split_conditions"]],
                   [bool(d) for d in tree["default_left"]], sets)


def trees_of(booster) -> list[Tree]:
    """None of a linear model."""
    if xgb.__version__.startswith("0."):
        raw = bytes(booster.save_raw())
        return [] if b"gblinear" in raw[:200] else list(binary_trees(raw))
    with tempfile.TemporaryDirectory() as folder:
        booster.save_model(f"{folder}/m.json")
        return list(json_trees(json.loads(Path(f"{folder}/m.json").read_text())))


# --- rows --------------------------------------------------------------------


class Rows:
    """Rows, each once."""

    def __init__(self, rows: np.ndarray):
        self.rows = list(rows.astype(np.float32))
        self.seen = {row.tobytes() for row in self.rows}

    def add(self, row: np.ndarray, feature: int, value) -> None:
        changed = row.astype(np.float32)
        changed[feature] = value
        if changed.tobytes() not in self.seen:
            self.seen.add(changed.tobytes())
            self.rows.append(changed)


def rows_of(case: Case) -> np.ndarray:
    trees = [t for booster in case.boosters for t in trees_of(booster)]
    data = case.data.astype(np.float32)
    reaching: dict[tuple[int, int], list[np.ndarray]] = {}
    for row in data:
        for t, tree in enumerate(trees):
            for node in tree.path(row):
                reaching.setdefault((t, node), []).append(row)
    rows = Rows(data[:20])
    reader = {}  # a row that reaches a split of the feature
    for t, tree in enumerate(trees):
        for node in tree.splits():
            candidates = reaching[t, node]
            reader.setdefault(tree.feature[node], candidates[0])
            for value in tree.edges(node):
                row = tree.reach(node, candidates, value)
                if row is not None:
                    rows.add(row, tree.feature[node], value)
    for feature in range(data.shape[1]):
        for value in SPECIAL:
            if trees or not np.isinf(value):
                rows.add(reader.get(feature, data[0]), feature, value)
    for i, (feature, value) in enumerate(case.cells):
        rows.add(data[i % len(data)], feature, value)
    rows.add(data[0], slice(None), np.nan)
    return np.array(rows.rows)


def text(value) -> str:
    """A number that reads back to the same float; nothing for a missing one."""
    if np.isinf(value):  # no number of CSV, but what overflows is one
        return "1e39" if value > 0 else "-1e39"
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


def predict(booster, rows: np.ndarray, margin: bool, case: Case) -> np.ndarray:
    """(rows, outputs). A DMatrix refuses infinities; there rows are predicted
    with the largest floats instead, after inplace_predict, which takes them but
    has other last digits for dart, has told that they go the same way."""
    finite = np.clip(rows, -LARGEST, LARGEST)
    infinite = np.isinf(rows).any(axis=1)
    if infinite.any() and not OLD:
        out = [booster.inplace_predict(
            x[infinite], predict_type="margin", validate_features=False,
            **case.predict) for x in (rows, finite)]
        assert np.array_equal(*out), "infinities go their own way"
    out = booster.predict(xgb.DMatrix(rows if OLD else finite, **case.matrix),
                          output_margin=margin, **case.predict)
    return np.asarray(out, np.float32).reshape(len(rows), -1)


def predictions(case: Case, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins of the first model, predictions of all: (rows, outputs) each."""
    margin = predict(case.boosters[0], rows, True, case)
    parts = [predict(b, rows, False, case) for b in case.boosters]
    if not case.combine:
        return margin, parts[0]
    if parts[0].shape[1] == 1:
        parts = [part[:, 0] for part in parts]
    scores = np.asarray(case.combine(parts), np.float32)
    return margin, scores.reshape(len(rows), -1)


def contributions(case: Case, rows: np.ndarray) -> np.ndarray | None:
    """What each feature adds to the margin of the only model. Infinities, which
    a DMatrix refuses, go where the largest floats go."""
    if case.combine or not case.explained:
        return None
    matrix = xgb.DMatrix(np.clip(rows, -LARGEST, LARGEST), **case.matrix)
    values = case.boosters[0].predict(matrix, pred_contribs=True,
                                      **case.predict)
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
    if case.frame is not None:
        case.frame.to_csv(folder / "categories.csv", index=False)
        matrix = xgb.DMatrix(case.frame, enable_categorical=True)
        scores = np.asarray(case.boosters[0].predict(matrix), np.float32)
        (folder / "categories_expected.csv").write_text(
            csv(scores.reshape(len(case.frame), -1)))
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
