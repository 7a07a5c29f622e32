"""What every golden case of LightGBM needs: rows at the edges of a model's
splits, predictions by LightGBM itself, and the files of a case.

Edges. For every node of every tree there is a row that reaches it: one of the
training rows, with the node's feature set to the threshold, to the next double
below and to the next above (a category: to each code around the set). Then
each feature in turn is NaN, infinite, zero of both signs, and around 1e-35f,
where LightGBM's zero ends.
"""

from __future__ import annotations

import math
import platform
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import lightgbm as lgb
import numpy as np

ZERO = float(np.float32(1e-35))  # kZeroThreshold
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-35, ZERO, -ZERO,
           math.nextafter(ZERO, 1), math.nextafter(-ZERO, -1), 1e300, -1e300]
CODES = [math.nan, math.inf, -math.inf, -1.0, -0.5, -0.0, 0.9, 31.0, 32.0,
         63.5, 1e10, -1e10]
MOST_EDGES = 200
EXPLAINED = 5  # one edge of so many


@dataclass
class Case:
    """Everything `write` needs to know about one case."""

    folder: Path
    model: str  # the text of model.txt
    rows: np.ndarray  # ordinary rows, of the training set
    about: str
    parameters: dict
    facts: dict[str, str] = field(default_factory=dict)
    frame: object = None  # a data frame with categories


# --- reading the model ------------------------------------------------------


def trees_of(model: str) -> list[dict[str, str]]:
    """The keys of every tree."""
    blocks = re.split(r"^Tree=\d+\n", model.split("end of trees")[0],
                      flags=re.MULTILINE)[1:]
    return [dict(line.split("=", 1) for line in block.splitlines()
                 if "=" in line) for block in blocks]


class Tree:
    """A tree as its text states it, to find rows that reach its nodes."""

    def __init__(self, keys: dict[str, str]):
        def numbers(key: str) -> list[float]:
            return [float(n) for n in keys.get(key, "").split()]

        self.n_nodes = int(keys["num_leaves"]) - 1
        self.feature = [int(n) for n in numbers("split_feature")]
        self.threshold = numbers("threshold")
        self.decision = [int(n) for n in numbers("decision_type")]
        self.left = [int(n) for n in numbers("left_child")]
        self.right = [int(n) for n in numbers("right_child")]
        bounds = [int(n) for n in numbers("cat_boundaries")]
        words = [int(n) for n in numbers("cat_threshold")]
        self.sets = [words[a:b] for a, b in zip(bounds, bounds[1:])]

    def is_category(self, node: int) -> bool:
        return bool(self.decision[node] & 1)

    def goes_left(self, node: int, x: float) -> bool:
        kind, missing = self.decision[node], self.decision[node] >> 2
        if self.is_category(node):
            words = self.sets[int(self.threshold[node])]
            if math.isnan(x) or not 0 <= int(x) < 32 * len(words):
                return False
            return bool(words[int(x) // 32] >> int(x) % 32 & 1)
        if math.isnan(x) and missing != 2:
            x = 0.0
        if (missing == 1 and abs(x) <= ZERO) or math.isnan(x):
            return bool(kind & 2)
        return x <= self.threshold[node]

    def path(self, row: np.ndarray) -> list[int]:
        nodes, at = [], 0
        while at >= 0 and self.n_nodes > 0:
            nodes.append(at)
            left = self.goes_left(at, row[self.feature[at]])
            at = (self.left if left else self.right)[at]
        return nodes

    def edges(self, node: int) -> list[float]:
        """Values of the node's feature right at its split."""
        threshold = self.threshold[node]
        if not self.is_category(node):
            return [threshold, math.nextafter(threshold, -math.inf),
                    math.nextafter(threshold, math.inf)]
        words = self.sets[int(threshold)]
        codes = [c for c in range(32 * len(words))
                 if words[c // 32] >> c % 32 & 1]
        return [codes[0], codes[-1], codes[-1] + 1, 32.0 * len(words)]


def edge_rows(case: Case) -> np.ndarray:
    """Rows at every split of the model, at most MOST_EDGES."""
    trees = [Tree(keys) for keys in trees_of(case.model)]
    reaching: dict[tuple[int, int], np.ndarray] = {}
    for row in case.rows:
        for t, tree in enumerate(trees):
            for node in tree.path(row):
                reaching.setdefault((t, node), row)
    rows, seen = [], set()

    def add(row: np.ndarray, feature: int, value: float) -> None:
        changed = row.copy()
        changed[feature] = value
        key = changed.tobytes()
        if key not in seen:
            seen.add(key)
            rows.append(changed)

    categories = set()
    for (t, node), row in sorted(reaching.items()):
        tree = trees[t]
        if tree.is_category(node):
            categories.add(tree.feature[node])
        for value in tree.edges(node):
            add(row, tree.feature[node], value)
    n_nodes = sum(tree.n_nodes for tree in trees)
    assert len(reaching) == n_nodes, f"{n_nodes - len(reaching)} not reached"
    for feature in range(case.rows.shape[1]):
        row = next((row for (t, node), row in sorted(reaching.items())
                    if trees[t].feature[node] == feature), case.rows[0])
        for value in CODES if feature in categories else SPECIAL:
            add(row, feature, value)
    add(case.rows[0], slice(None), math.nan)
    assert len(rows) <= MOST_EDGES, f"{len(rows)} edges; train a smaller model"
    return np.array(rows)


# --- writing a case ---------------------------------------------------------


def cell_text(value: float) -> str:
    """The fewest digits that read back to the very same value."""
    return "" if math.isnan(value) else repr(float(value)).removesuffix(".0")


def csv_text(rows: np.ndarray) -> str:
    return "".join(",".join(map(cell_text, row)) + "\n" for row in rows)


def made_text(case: Case, outputs: int) -> str:
    size = (case.folder / "model.txt").stat().st_size
    trees = trees_of(case.model)
    facts = {
        "Script": "`tests/golden/lightgbm/cases.py`",
        "Libraries": f"Python {platform.python_version()}, LightGBM "
                     f"{lgb.__version__}, numpy {np.__version__}",
        "Parameters": ", ".join(f"{k}={v}" for k, v in case.parameters.items()),
        **case.facts,
        "Inputs": f"{case.rows.shape[1]} features",
        "Outputs": str(outputs),
        "Trees": f"{len(trees)}, "
                 f"{sum(int(t['num_leaves']) for t in trees)} leaves",
        "Bytes": f"model.txt {size}",
    }
    lines = [f"# {case.folder.name}", "", case.about, ""]
    return "\n".join(lines + [f"- {k}: {v}" for k, v in facts.items()]) + "\n"


def write(case: Case) -> None:
    """Predicts with the saved model and writes the folder of its case."""
    shutil.rmtree(case.folder, ignore_errors=True)
    case.folder.mkdir(parents=True)
    (case.folder / "model.txt").write_text(case.model)
    booster = lgb.Booster(model_file=str(case.folder / "model.txt"))

    def predict(rows: np.ndarray, **how) -> np.ndarray:
        return booster.predict(rows, num_threads=1, **how).reshape(
            len(rows), -1)

    ordinary, edges = case.rows[:20], edge_rows(case)
    expected = predict(ordinary)
    names = booster.feature_name()
    outputs = expected.shape[1]
    shape = f"[{outputs}]" if outputs > 1 else "[]"
    raw, transformed = predict(edges, raw_score=True), predict(edges)
    texts = {
        "input.csv": csv_text(ordinary),
        "expected.csv": csv_text(expected),
        "edges.csv": csv_text(edges),
        "edges_raw.csv": csv_text(raw),
        "features.txt": "".join(f"{name}\n" for name in names),
        "signature.json":
            '{\n  "inputs": [\n    {"name": "features", "dtype": "float64", '
            f'"row_shape": [{len(names)}]}}\n  ],\n  "outputs": [\n    '
            '{"name": "score", "dtype": "float64", '
            f'"row_shape": {shape}}}\n  ]\n}}\n',
        "MADE.md": made_text(case, outputs),
    }
    if not np.array_equal(raw, transformed, equal_nan=True):
        texts["edges_expected.csv"] = csv_text(transformed)
    if case.frame is not None:
        texts["categories.csv"] = case.frame.to_csv(index=False, header=names)
        texts["categories_expected.csv"] = csv_text(
            booster.predict(case.frame).reshape(len(case.frame), -1))
    if not case.parameters.get("linear_tree"):  # LightGBM refuses these
        texts["contributions.csv"] = csv_text(
            predict(edges[::EXPLAINED], pred_contrib=True))
    for name, text in texts.items():
        (case.folder / name).write_text(text)
    print(f"{case.folder.name:24} {len(case.model):7} B {len(edges):4} edges")
