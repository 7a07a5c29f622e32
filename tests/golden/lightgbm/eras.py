"""Makes eras/VERSION.tar.gz: small models of every boosting with every
objective that the version of LightGBM on the path trains together.

    eras.py --out FOLDER

make.sh runs it once for each version of versions.txt. In the archive is a
folder BOOSTING/OBJECTIVE for each model, and in that

    model.txt              as LightGBM saves it
    rows.csv               rows at the edges of its splits (golden.py)
    raw.csv, score.csv     what LightGBM predicts for them

What a version refuses to train is left out: VERSION.md lists what there is.
"""

from __future__ import annotations

import argparse
import gzip
import io
import tarfile
import tempfile
from pathlib import Path

import cases
import golden
import lightgbm as lgb
import numpy as np

VERSION = lgb.__version__
COMMON = {"num_leaves": 4, "learning_rate": 0.3, "min_data_in_leaf": 5,
          "min_data_in_bin": 1, "verbose": -1, "seed": 3, "num_threads": 1,
          "max_cat_to_onehot": 4, "min_data_per_group": 5, "cat_smooth": 1}
BOOSTINGS = {
    "gbdt": {},
    "dart": {"boosting": "dart", "drop_rate": 0.5},
    "goss": {"boosting": "goss"},
    "rf": {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1,
           "feature_fraction": 0.9},
    "zero": {"zero_as_missing": True},
    "none": {"use_missing": False},
    "linear": {"linear_tree": True},
    "sets": {},
}
if tuple(int(part) for part in VERSION.split(".")[:2]) < (3, 2):
    del BOOSTINGS["linear"]
OBJECTIVES = {
    "regression": "real", "regression_l1": "real", "huber": "real",
    "fair": "real", "quantile": "real", "mape": "positive",
    "poisson": "count", "gamma": "positive", "tweedie": "count",
    "binary": "binary", "multiclass": "class3", "multiclassova": "class3",
    "cross_entropy": "probability", "cross_entropy_lambda": "probability",
    "lambdarank": "grade", "rank_xendcg": "grade", "sqrt": "real",
}
ROWS = cases.features(4)
CODES = ROWS.copy()
CODES[:, 1] = np.arange(len(ROWS)) * 7 % 70
CODES[:, 2] = np.arange(len(ROWS)) % 3
CODES[::9, 1] = np.nan


def train(boosting: str, objective: str) -> lgb.Booster:
    label = cases.LABELS[OBJECTIVES[objective]]
    data, more = ROWS, {}
    if boosting == "sets":
        data, more = CODES, {"categorical_feature": [1, 2]}
    params = dict(COMMON, objective=objective, **BOOSTINGS[boosting])
    if objective == "sqrt":
        params.update(objective="regression", reg_sqrt=True)
    if objective.startswith("multiclass"):
        params.update(num_class=3, num_leaves=3)
    y = label(ROWS)
    if boosting == "sets" and OBJECTIVES[objective] == "real":
        y = y + np.sin(np.nan_to_num(CODES[:, 1]) * 7) + (CODES[:, 2] == 1)
    group = [len(ROWS) // 20] * 20 if objective in ("lambdarank",
                                                    "rank_xendcg") else None
    return lgb.train(params, lgb.Dataset(data, y, group=group, **more), 3)


def add(tar: tarfile.TarFile, name: str, content: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content.encode())
    tar.addfile(info, io.BytesIO(content.encode()))


def files_of(boosting: str, objective: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.txt"
        train(boosting, objective).save_model(path)
        model = Path(path).read_text()
        booster = lgb.Booster(model_file=path)
    case = golden.Case(Path(), model, CODES if boosting == "sets" else ROWS,
                       "", {})
    rows = golden.edge_rows(case)

    def predict(**how) -> str:
        return golden.csv_text(np.reshape(booster.predict(rows, **how),
                                          (len(rows), -1)))

    return {"model.txt": model, "rows.csv": golden.csv_text(rows),
            "raw.csv": predict(raw_score=True), "score.csv": predict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    folder = parser.parse_args().out / "eras"
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    made: dict[str, list[str]] = {}
    n = 0
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for boosting in BOOSTINGS:
            for objective in OBJECTIVES:
                try:
                    files = files_of(boosting, objective)
                except (lgb.basic.LightGBMError, ValueError):
                    continue  # not in this version, or not together
                for name, content in sorted(files.items()):
                    add(tar, f"{boosting}/{objective}/{name}", content)
                made.setdefault(boosting, []).append(objective)
                n += 1
    path = folder / f"{VERSION}.tar.gz"
    path.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))
    lines = [f"- {boosting}: {', '.join(objectives)}"
             for boosting, objectives in made.items()]
    (folder / f"{VERSION}.md").write_text(
        f"# LightGBM {VERSION}\n\n{n} models, by `eras.py`.\n\n"
        + "\n".join(lines) + "\n")
    print(f"  {path.name}: {n} models, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
