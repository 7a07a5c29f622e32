"""The golden cases of LightGBM: one small model for each objective, booster
and kind of split.

    cases.py --out FOLDER [CASE...]
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

import golden

SEED = 20240613
N_ROWS = 600
COMMON = {"num_leaves": 6, "learning_rate": 0.3, "min_data_in_leaf": 5,
          "verbosity": -1, "seed": SEED, "deterministic": True,
          "num_threads": 1, "force_row_wise": True}
ITERATIONS = 8


def features(n: int = 4, missing: float = 0.1) -> np.ndarray:
    """Rounded numbers around 0, some 0, some missing."""
    random = np.random.default_rng(SEED)
    x = np.round(random.normal(scale=2, size=(N_ROWS, n)), 2)
    x[random.random(x.shape) < 0.15] = 0
    x[random.random(x.shape) < missing] = np.nan
    return x


def signal(x: np.ndarray) -> np.ndarray:
    """Something to learn."""
    z = np.nan_to_num(x, nan=1.5)
    second = z[:, 1 % z.shape[1]]
    return z[:, 0] - 2 * (second > 0.3) + np.abs(z[:, -1]) + 0.1 * second ** 2


LABELS = {
    "real": signal,
    "count": lambda x: np.floor(np.exp(signal(x) / 4)).clip(0, 50),
    "positive": lambda x: np.exp(signal(x) / 4) + 0.01,
    "binary": lambda x: (signal(x) > 1).astype(float),
    "class3": lambda x: np.digitize(signal(x), [0, 2]).astype(float),
    "probability": lambda x: 1 / (1 + np.exp(-signal(x))),
    "grade": lambda x: np.digitize(signal(x), [-1, 1, 3]).astype(float),
}


def train(x: np.ndarray, label: str, iterations: int = ITERATIONS,
          **parameters) -> str:
    group = [N_ROWS // 20] * 20 if label == "grade" else None
    data = lgb.Dataset(x, LABELS[label](x), group=group)
    return lgb.train(COMMON | parameters, data, iterations).model_to_string()


# name: (what it shows, kind of label, parameters)
PLAIN = {
    "regression": ("Squared error; NaN is missing.", "real", {}),
    "regression-sqrt": ("Trained on square roots: the margin is squared.",
                        "real", {"objective": "regression", "reg_sqrt": True}),
    "regression-l1": ("", "real", {"objective": "regression_l1"}),
    "regression-l1-sqrt": ("The transform of L1 regression on roots.", "real",
                           {"objective": "regression_l1", "reg_sqrt": True}),
    "huber": ("", "real", {"objective": "huber"}),
    "fair": ("", "real", {"objective": "fair"}),
    "quantile": ("", "real", {"objective": "quantile", "alpha": 0.8}),
    "mape": ("", "positive", {"objective": "mape"}),
    "poisson": ("", "count", {"objective": "poisson"}),
    "gamma": ("", "positive", {"objective": "gamma"}),
    "tweedie": ("", "count", {"objective": "tweedie"}),
    "binary": ("", "binary", {"objective": "binary"}),
    "binary-sigmoid": ("A sigmoid that is no short binary number.", "binary",
                       {"objective": "binary", "sigmoid": 1.7}),
    "multiclass": ("", "class3", {"objective": "multiclass", "num_class": 3,
                                  "iterations": 4, "num_leaves": 4}),
    "multiclassova": ("", "class3",
                      {"objective": "multiclassova", "num_class": 3,
                       "sigmoid": 0.7, "iterations": 4, "num_leaves": 4}),
    "cross-entropy": ("", "probability", {"objective": "cross_entropy"}),
    "cross-entropy-lambda": ("", "probability",
                             {"objective": "cross_entropy_lambda"}),
    "lambdarank": ("", "grade", {"objective": "lambdarank"}),
    "rank-xendcg": ("", "grade", {"objective": "rank_xendcg"}),
    "dart": ("Dropped trees; their weights are in the leaves.", "binary",
             {"objective": "binary", "boosting": "dart", "drop_rate": 0.5}),
    "forest-regression": ("Averaged.", "real",
                          {"boosting": "rf", "bagging_fraction": 0.6,
                           "bagging_freq": 1}),
    "forest-binary": ("The average is transformed.", "binary",
                      {"objective": "binary", "boosting": "rf",
                       "bagging_fraction": 0.6, "bagging_freq": 1}),
    "forest-multiclass": ("The averages are transformed.", "class3",
                          {"objective": "multiclass", "num_class": 3,
                           "boosting": "rf", "bagging_fraction": 0.6,
                           "bagging_freq": 1, "iterations": 4,
                           "num_leaves": 4}),
    "zero-as-missing": ("Zeros are missing, and NaN with them.", "real",
                        {"zero_as_missing": True}),
    "no-missing": ("Nothing is missing: NaN is taken as 0.", "real",
                   {"use_missing": False}),
    "linear": ("Linear models in the leaves; NaN takes the plain value.",
               "real", {"linear_tree": True}),
    "linear-binary": ("", "binary", {"linear_tree": True,
                                     "objective": "binary"}),
}


def case(out: Path, name: str, model: str, rows: np.ndarray, about: str,
         parameters: dict, frame=None, **facts) -> None:
    golden.write(golden.Case(out / name, model, rows, about, parameters,
                             facts, frame))


def plain(out: Path, name: str) -> None:
    about, label, parameters = PLAIN[name]
    x = features()
    model = train(x, label, **parameters)
    case(out, name, model, x, about or f"Objective {name}.",
         {"objective": "regression"} | parameters)


# --- cases with data of their own -------------------------------------------


def one_feature(out: Path) -> None:
    x = features(1, missing=0)
    case(out, "one-feature", train(x, "real"), x, "One column.", {})


def constant(out: Path) -> None:
    x = features()
    model = lgb.train(COMMON, lgb.Dataset(x, np.full(N_ROWS, 2.5)),
                      2).model_to_string()
    case(out, "constant", model, x, "Trees of one leaf.", {})


def custom(out: Path) -> None:
    def gradient(predicted, data):
        return predicted - data.get_label(), np.ones(len(predicted))

    x = features()
    case(out, "custom-objective", train(x, "real", objective=gradient), x,
         "A function of the user's own: raw scores.", {"objective": "custom"})


def categorical(out: Path) -> None:
    random = np.random.default_rng(SEED)
    x = features(3)
    x[:, 1] = random.integers(0, 70, N_ROWS)  # more than two words of codes
    x[:, 2] = random.integers(0, 3, N_ROWS)
    x[random.random(N_ROWS) < 0.1, 1] = np.nan
    y = (x[:, 2] == 1) * 2.0 + np.sin(np.nan_to_num(x[:, 1]) * 7)
    parameters = {"max_cat_to_onehot": 4, "min_data_per_group": 5,
                  "cat_smooth": 1}
    data = lgb.Dataset(x, y, categorical_feature=[1, 2])
    model = lgb.train(COMMON | parameters, data, 5).model_to_string()
    case(out, "categorical", model, x,
         "Splits by sets of categories and by one against the rest.",
         parameters | {"categorical_feature": "1,2"})


def pandas_categorical(out: Path) -> None:
    random = np.random.default_rng(SEED)
    frame = pd.DataFrame({
        "income in USD": features(1)[:, 0],
        "city": pd.Categorical(random.choice(["Lyon", "Kraków", 'a,"b"'],
                                             N_ROWS)),
        "rooms": pd.Categorical(random.choice([2, 3, 5], N_ROWS)),
        "owned": pd.Categorical(random.choice([True, False], N_ROWS)),
    })
    y = (frame["city"] == "Lyon") * 2.0 + frame["rooms"].astype(float)
    parameters = {"min_data_per_group": 5, "cat_smooth": 1}
    booster = lgb.train(COMMON | parameters, lgb.Dataset(frame, y), 5)
    codes = np.column_stack([
        frame["income in USD"],
        *(frame[c].cat.codes for c in ("city", "rooms", "owned"))])
    some = frame[:30].copy()
    some["city"] = some["city"].cat.add_categories(["Roma"])
    some["rooms"] = some["rooms"].cat.add_categories([4])
    some.loc[3, "city"], some.loc[5, "rooms"] = "Roma", 4  # unknown: missing
    some.loc[7, "city"] = some.loc[9, "owned"] = np.nan
    case(out, "pandas-categorical", booster.model_to_string(),
         codes.astype(float), "Categories of pandas: input.csv and edges.csv "
         "give codes, categories.csv a data frame.", parameters, some)


def older(out: Path, version: str) -> None:
    """The text that older versions wrote: fewer keys, another number."""
    later = {"v2": "leaf_weight|internal_weight|is_linear", "v3": "leaf_weight"}
    x = features()
    model = train(x, "binary", objective="binary")
    model = re.sub(rf"^(?:{later[version]})=.*\n", "", model, flags=re.M)
    model = re.sub(r"^tree_sizes=.*\n", "", model, flags=re.M)
    case(out, f"text-{version}", model.replace("version=v4",
                                               f"version={version}"),
         x, f"The model of version=v4 rewritten as {version}: keys left out "
         "that came later, and tree_sizes.", {"objective": "binary"})


OWN = {
    "one-feature": one_feature,
    "constant": constant,
    "custom-objective": custom,
    "categorical": categorical,
    "pandas-categorical": pandas_categorical,
    "text-v2": lambda out: older(out, "v2"),
    "text-v3": lambda out: older(out, "v3"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("cases", nargs="*", default=[*PLAIN, *OWN])
    arguments = parser.parse_args()
    for name in arguments.cases:
        if name in PLAIN:
            plain(arguments.out, name)
        else:
            OWN[name](arguments.out)


if __name__ == "__main__":
    main()
