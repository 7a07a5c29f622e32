"""Makes formats/VERSION.tar.gz: small models of every booster with every
objective that the version of XGBoost on the path trains together, in every
format that it writes.

    formats.py --out FOLDER

make.sh runs it once for each version of versions.txt. In the archive is a
folder BOOSTER/OBJECTIVE for each model, and in that

    json, ubj, binf, binary, pickleN   the model: `binf` is the binary format
                                       with that mark, `binary` without it
    rows.csv                           rows as golden.py chooses them
    margin.csv, score.csv              what XGBoost predicts for them

Protocols of pickles take turns. What a version refuses to train is left out:
MADE.md lists what there is.
"""

from __future__ import annotations

import argparse
import gzip
import io
import pickle
import tarfile
from pathlib import Path

import cases
import golden
import numpy as np
import xgboost as xgb

VERSION = xgb.__version__
ERA = tuple(int(part) for part in VERSION.split(".")[:2])
COMMON = {"max_depth": 2, "eta": 0.5, "seed": 1, "nthread": 1}
BOOSTERS = {
    "gbtree": {},
    "dart": {"booster": "dart", "rate_drop": 0.5, "one_drop": 1},
    "gblinear": {"booster": "gblinear"},
    "forest": {"num_parallel_tree": 3, "subsample": 0.7},
    "onehot": {"tree_method": "hist", "max_cat_to_onehot": 100},
    "sets": {"tree_method": "hist", "max_cat_to_onehot": 1},
    "targets": {"tree_method": "hist"},
}
if ERA < (1, 6):
    del BOOSTERS["onehot"], BOOSTERS["sets"], BOOSTERS["targets"]
OBJECTIVES = dict(cases.OBJECTIVES, **{"survival:aft": None})
if ERA < (1, 0):
    OBJECTIVES["reg:linear"] = cases.TARGET
X = cases.X
CODES = X.copy()
CODES[:, 3] = np.arange(len(X)) * 7 % 40
CODES[:, 4] = np.arange(len(X)) % 3
CODES[::9, 3] = np.nan
ODD = [-1, -0.5, 0.5, 2.5, 39.5, 40, 41, 1e6, 16777216, 1e9]


def features_of(booster: str):
    """Rows, arguments of DMatrix, cells to try."""
    if booster not in ("onehot", "sets"):
        return X, {}, []
    matrix = {"feature_types": ["q"] * 3 + ["c"] * 2,
              "enable_categorical": True}
    return CODES, matrix, [(f, code) for f in (3, 4) for code in ODD]


def label_of(booster: str, objective: str) -> np.ndarray:
    label = np.asarray(OBJECTIVES[objective], float)
    if objective.startswith("multi:"):
        label = np.minimum(label, 2)
    if booster in ("onehot", "sets") and objective == "reg:squarederror":
        label = label + np.nan_to_num(CODES[:, 3]) % 5 + CODES[:, 4]
    if booster == "targets":
        label = np.c_[label, label[::-1]]
    return label


def train(booster: str, objective: str) -> golden.Case:
    data, matrix, cells = features_of(booster)
    params = dict(COMMON, objective=objective, **BOOSTERS[booster])
    params.update(cases.quiet())
    params.update(cases.EXTRA.get(objective, {}))
    if objective.startswith("multi:"):
        params["num_class"] = 3
    if objective == "survival:aft":
        rows = xgb.DMatrix(data, **matrix)
        rows.set_float_info("label_lower_bound", cases.POSITIVE)
        rows.set_float_info("label_upper_bound", np.where(
            np.arange(len(data)) % 5, cases.POSITIVE, np.inf))
    else:
        rows = xgb.DMatrix(data, label=label_of(booster, objective), **matrix)
    if objective.startswith("rank:"):
        rows.set_group([24] * 10)
    model = xgb.train(params, rows, 1 if booster == "forest" else 3)
    # 0.x drops trees of dart at prediction unless it is told how many to use
    is_told = ERA < (1, 0) and booster != "gblinear"
    predict = {"ntree_limit": 100} if is_told else {}
    return golden.Case("", {}, [model], data, predict=predict, matrix=matrix,
                       cells=cells)


def formats_of(model, protocol: int) -> dict[str, bytes]:
    found = {f"pickle{protocol}": pickle.dumps(model, protocol)}
    if ERA >= (1, 0):
        found["json"] = cases.saved(model, "json")
    if ERA >= (1, 6):
        found["ubj"] = cases.saved(model, "ubj")
    if ERA < (3, 1) and not any(t.sets for t in golden.trees_of(model)):
        binary = cases.saved(model, "deprecated" if ERA >= (2, 0) else "model")
        binary = binary[4:] if binary[:4] == b"binf" else binary
        found.update(binary=binary, binf=b"binf" + binary)
    return found


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    folder = parser.parse_args().out / "formats"
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    made: dict[str, list[str]] = {}
    n = 0
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for booster in BOOSTERS:
            for objective in OBJECTIVES:
                try:
                    case = train(booster, objective)
                    rows = golden.rows_of(case)
                    margin, score = golden.predictions(case, rows)
                    files = formats_of(case.boosters[0], n % 6)
                except (xgb.core.XGBoostError, ValueError, TypeError):
                    continue  # not in this version, or not together
                if np.isnan(margin).any() or booster in (
                        "onehot", "sets") and not any(
                            t.sets for t in golden.trees_of(case.boosters[0])):
                    continue
                files |= {"rows.csv": golden.csv(rows).encode(),
                          "margin.csv": golden.csv(margin).encode(),
                          "score.csv": golden.csv(score).encode()}
                for name, content in sorted(files.items()):
                    add(tar, f"{booster}/{objective.replace(':', '-')}/{name}",
                        content)
                made.setdefault(booster, []).append(objective)
                n += 1
    path = folder / f"{VERSION}.tar.gz"
    path.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))
    lines = [f"- {booster}: {', '.join(objectives)}"
             for booster, objectives in made.items()]
    (folder / f"{VERSION}.md").write_text(
        f"# XGBoost {VERSION}\n\n{n} models, by `formats.py`.\n\n"
        + "\n".join(lines) + "\n")
    print(f"  {path.name}: {n} models, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
