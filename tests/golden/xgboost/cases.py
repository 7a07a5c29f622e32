"""Makes the golden cases of XGBoost models that the version of XGBoost on the
path is to make: cases.py --out FOLDER [CASE...].

make.sh runs it once for each version of versions.txt.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc
import pickle
import tempfile
from pathlib import Path
from typing import Callable

if not hasattr(collections, "Mapping"):  # XGBoost 0.72 on Python 3.10 and on
    collections.Mapping = collections.abc.Mapping

import numpy as np  # noqa: E402
import xgboost as xgb  # noqa: E402

from golden import Case, write  # noqa: E402

N, K = 240, 5
VERSION = xgb.__version__
CASES: dict[str, tuple[str, Callable[[], Case]]] = {}


def case(version: str):
    """Registers a function that makes a case of its name with one version."""
    def register(function):
        CASES[function.__name__.replace("_", "-")] = (version, function)
        return function
    return register


# --- data ------------------------------------------------------------------


def features(missing: float = 0.1) -> np.ndarray:
    """Continuous, quarters, tenths (no float is one), small whole numbers."""
    rng = np.random.RandomState(5)
    x = rng.normal(size=(N, K)).astype(np.float32)
    x[:, 1] = np.round(x[:, 1] * 4) / 4
    x[:, 2] = rng.randint(0, 12, N) * 0.1
    x[:, 3] = rng.randint(0, 4, N)
    x[rng.rand(N, K) < missing] = np.nan
    return x


X = features()
FILLED = np.nan_to_num(X)
TARGET = (FILLED[:, 0] + FILLED[:, 1] * FILLED[:, 2] - FILLED[:, 3] / 2 +
          np.random.RandomState(6).normal(size=N) / 10)
POSITIVE = np.abs(TARGET) + 0.1
BINARY = (TARGET > 0) * 1.0
CLASSES = np.digitize(TARGET, [-1.5, -0.5, 0.5]).astype(float)


def quiet() -> dict:
    return {"silent": 1} if VERSION.startswith("0.7") else {"verbosity": 0}


def train(label=TARGET, rounds: int = 5, data=X, matrix=None, **params):
    """A small model."""
    settings = {"max_depth": 3, "eta": 0.3, "seed": 1, "nthread": 1}
    settings.update(quiet())
    settings.update(params)
    dtrain = xgb.DMatrix(data, label=label, **(matrix or {}))
    if str(params.get("objective", "")).startswith("rank:"):
        dtrain.set_group([24] * 10)
    return xgb.train(settings, dtrain, rounds)


def saved(booster, suffix: str = "json") -> bytes:
    """The file that save_model writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/m.{suffix}"
        booster.save_model(path)
        return Path(path).read_bytes()


def one(about: str, booster, suffix: str = "json", name: str = "xgboost-model",
        **more) -> Case:
    return Case(about, {name: saved(booster, suffix)}, [booster],
                more.pop("data", X), **more)


# --- the newest: every objective, JSON and UBJSON --------------------------

NEW = "3.4.1"
OBJECTIVES = {
    "reg:squarederror": TARGET,
    "reg:squaredlogerror": POSITIVE,
    "reg:pseudohubererror": TARGET,
    "reg:absoluteerror": TARGET,
    "reg:quantileerror": TARGET,
    "reg:expectileerror": TARGET,
    "reg:logistic": 1 / (1 + np.exp(-TARGET)),
    "reg:gamma": POSITIVE,
    "reg:tweedie": POSITIVE,
    "binary:logistic": BINARY,
    "binary:logitraw": BINARY,
    "binary:hinge": BINARY,
    "count:poisson": np.floor(POSITIVE * 3),
    "multi:softprob": CLASSES,
    "multi:softmax": CLASSES,
    "rank:pairwise": CLASSES,
    "rank:ndcg": CLASSES,
    "rank:map": BINARY,
    "survival:cox": np.where(BINARY > 0, POSITIVE, -POSITIVE),
}
EXTRA = {
    "multi:softprob": {"num_class": 4},
    "multi:softmax": {"num_class": 4},
    "reg:quantileerror": {"quantile_alpha": 0.7},
    "reg:expectileerror": {"expectile_alpha": 0.7},
}


def objective_case(number: int, objective: str) -> None:
    suffix = "ubj" if number % 2 else "json"

    def make() -> Case:
        booster = train(OBJECTIVES[objective], objective=objective,
                        **EXTRA.get(objective, {}))
        return one(f"Objective {objective}, saved as {suffix}.", booster,
                   suffix)

    CASES[objective.replace(":", "-")] = (NEW, make)


for _number, _objective in enumerate(OBJECTIVES):
    objective_case(_number, _objective)


@case(NEW)
def survival_aft():
    matrix = xgb.DMatrix(X)
    matrix.set_float_info("label_lower_bound", POSITIVE)
    matrix.set_float_info("label_upper_bound",
                          np.where(np.arange(N) % 5, POSITIVE, np.inf))
    booster = xgb.train({"objective": "survival:aft", "max_depth": 3,
                         "verbosity": 0}, matrix, 5)
    return one("Objective survival:aft with censored rows.", booster)


@case(NEW)
def quantiles_three():
    booster = train(objective="reg:quantileerror", tree_method="hist",
                    quantile_alpha=np.array([0.1, 0.5, 0.9]))
    return one("Three quantiles, which do not cross: sorted from 3.4 on.",
               booster, "ubj")


@case(NEW)
def base_score():
    return one("base_score 0.2, given by the user.",
               train(BINARY, objective="binary:logistic", base_score=0.2))


@case(NEW)
def steep():
    return one("Margins in the hundreds: both ends of the sigmoid.",
               train(BINARY, objective="binary:logistic", eta=400, max_depth=2,
                     reg_lambda=0, rounds=3))


@case(NEW)
def dart_new():
    return one("dart, whose weights stand in the model of a gbtree since 3.4.",
               train(booster="dart", rate_drop=0.5, rounds=8))


@case(NEW)
def linear():
    return one("gblinear: missing cells are passed over.",
               train(booster="gblinear", objective="reg:squarederror"))


@case(NEW)
def linear_classes():
    return one("gblinear with classes and one base_score for all of them.",
               train(CLASSES, booster="gblinear", objective="multi:softprob",
                     num_class=4), "ubj")


@case(NEW)
def random_forest():
    return one("A random forest: two rounds of six trees.",
               train(num_parallel_tree=6, subsample=0.5, eta=1, rounds=2))


@case(NEW)
def random_forest_classes():
    return one("A random forest with classes.",
               train(CLASSES, objective="multi:softprob", num_class=4,
                     num_parallel_tree=2, subsample=0.5, eta=1, rounds=2))


@case(NEW)
def targets():
    return one("Three targets, one tree for each.",
               train(np.c_[TARGET, -TARGET, TARGET * 2], tree_method="hist"))


@case(NEW)
def labels():
    return one("Three labels of which any may hold.",
               train(np.c_[TARGET > 0, TARGET < -1, TARGET > 1] * 1.0,
                     objective="binary:logistic", tree_method="hist"), "ubj")


@case(NEW)
def leaves_only():
    return one("Trees of one leaf.", train(gamma=1e9, rounds=3))


@case(NEW)
def pruned():
    return one("Nodes that pruning left behind.",
               train(gamma=1, max_depth=6, tree_method="exact", rounds=4))


@case(NEW)
def deep():
    return one("Trees of depth 10, grown by loss.",
               train(tree_method="hist", grow_policy="lossguide", max_depth=10,
                     max_leaves=40, rounds=3))


@case(NEW)
def best_iteration():
    rows = xgb.DMatrix(X[:160], label=TARGET[:160])
    rest = xgb.DMatrix(X[160:], label=TARGET[160:])
    booster = xgb.train({"max_depth": 3, "eta": 0.5, "verbosity": 0}, rows, 60,
                        evals=[(rest, "rest")], early_stopping_rounds=4,
                        verbose_eval=False)
    return one("Training stopped after its best iteration; Booster.predict "
               "uses all trees.", booster)


@case(NEW)
def column_names():
    names = ["income", "house age", "rooms", "bed", "\u00fcber"]
    return one("Feature names; the rows come with a header.",
               train(matrix={"feature_names": names}),
               matrix={"feature_names": names}, header=names)


def categorical(about: str, classes: int, **params) -> Case:
    rng = np.random.RandomState(8)
    data = X.copy()
    data[:, 3] = rng.randint(0, classes, N)
    data[:, 4] = rng.randint(0, 3, N)
    data[::9, 3] = np.nan
    matrix = {"feature_types": ["q"] * 3 + ["c"] * 2,
              "enable_categorical": True}
    codes = np.nan_to_num(data[:, 3])
    booster = train(TARGET + codes % 3 + data[:, 4], data=data, matrix=matrix,
                    tree_method="hist", **params)
    odd = [-1, -0.5, 0.5, 1.75, classes - 0.5, classes, classes + 40, 1e6,
           16777215, 16777216, 1e9, np.nan]
    return one(about, booster, data=data, matrix=matrix,
               cells=[(f, value) for f in (3, 4) for value in odd] * 2)


@case(NEW)
def categories_sets():
    return categorical("Splits by sets of 50 categories.", 50,
                       max_cat_to_onehot=1)


@case(NEW)
def categories_single():
    return categorical("Splits by one category against the rest.", 5,
                       max_cat_to_onehot=100)


@case(NEW)
def categories_named():
    import pandas as pd
    rng = np.random.RandomState(9)
    codes = rng.randint(0, 4, N)
    frame = pd.DataFrame({
        "x": FILLED[:, 0],
        "colour": pd.Categorical.from_codes(
            codes, ["amber", "blue", "green", "gr\u00fcn"]),
        "size": pd.Categorical.from_codes(codes[::-1] % 3, [10, 20, 35])})
    booster = train(TARGET + codes, data=frame,
                    matrix={"enable_categorical": True}, tree_method="hist",
                    max_cat_to_onehot=1)
    data = np.c_[FILLED[:, 0], codes, codes[::-1] % 3].astype(np.float32)
    some = frame[:30].copy()
    some.loc[3, "colour"] = some.loc[5, "size"] = np.nan
    return one("The model holds the names of its categories. input.csv gives "
               "codes, categories.csv a data frame.", booster, data=data,
               frame=some,
               matrix={"enable_categorical": True,
                       "feature_names": ["x", "colour", "size"],
                       "feature_types": ["float", "c", "c"]},
               header=["x", "colour", "size"])


def pickled(about: str, protocol: int, booster) -> Case:
    return Case(f"{about}, pickled with protocol {protocol}.",
                {"xgboost-model": pickle.dumps(booster, protocol=protocol)},
                [booster], X)


@case(NEW)
def pickle5():
    return pickled("A Booster", 5, train(BINARY, objective="binary:logistic"))


@case(NEW)
def sklearn_wrapper():
    model = xgb.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1)
    model.fit(X, CLASSES.astype(int))
    return Case("An XGBClassifier, pickled with protocol 4: its Booster "
                "answers.", {"model.pkl": pickle.dumps(model, protocol=4)},
                [model.get_booster()], X)


def ensemble(about: str, combine, label, **params) -> Case:
    boosters = [train(label, seed=seed, subsample=0.5, **params)
                for seed in range(3)]
    files = {f"model-{i}": saved(b, ("json", "ubj", "json")[i])
             for i, b in enumerate(boosters)}
    files[".hidden"] = b"not a model"
    return Case(about, files, boosters, X, combine=combine)


def mean(parts):
    """numpy's mean over the models, as SageMaker's container takes it."""
    return np.mean(parts, axis=0)


def vote(parts):
    """The most frequent, the lowest of equals, as scipy.stats.mode has it."""
    columns = np.stack(parts).astype(int)
    return [np.bincount(column).argmax() for column in columns.T]


@case(NEW)
def ensemble_mean():
    return ensemble("Three models: the mean of their probabilities.", mean,
                    CLASSES, objective="multi:softprob", num_class=4)


@case(NEW)
def ensemble_vote():
    return ensemble("Three models of multi:softmax: the vote.", vote, CLASSES,
                    objective="multi:softmax", num_class=4)


@case(NEW)
def ensemble_hinge():
    return ensemble("Three models of binary:hinge: the vote.", vote, BINARY,
                    objective="binary:hinge")


# --- formats of earlier versions -------------------------------------------

BINARY_LAST = "3.0.5"


@case(BINARY_LAST)
def binary_305():
    return one("The binary format, in the last version that writes it.",
               train(BINARY, objective="binary:logistic"), "deprecated")


@case(BINARY_LAST)
def dart_305():
    return one("dart with its weights beside the trees, in UBJSON.",
               train(CLASSES, objective="multi:softprob", num_class=4,
                     booster="dart", rate_drop=0.5, rounds=8), "ubj")


@case(BINARY_LAST)
def pickle2_305():
    return pickled("A Booster", 2, train(POSITIVE, objective="reg:gamma"))


@case("1.7.6")
def best_ntree_limit():
    rows = xgb.DMatrix(X[:160], label=TARGET[:160])
    rest = xgb.DMatrix(X[160:], label=TARGET[160:])
    booster = xgb.train({"max_depth": 3, "eta": 0.5, "verbosity": 0}, rows, 60,
                        evals=[(rest, "rest")], early_stopping_rounds=4,
                        verbose_eval=False)
    return one("best_ntree_limit: SageMaker's container uses the trees up to "
               "it.", booster,
               predict={"iteration_range": (0, booster.best_iteration + 1)})


@case("1.7.6")
def dart_176():
    return one("dart, binary with its mark.",
               train(booster="dart", rate_drop=0.5, rounds=8,
                     base_score=3.7), "model")


@case("1.7.6")
def pickle3_176():
    return pickled("A Booster with linear trees", 3,
                   train(BINARY, objective="binary:logistic",
                         booster="gblinear"))


@case("1.0.2")
def json_102():
    return one("JSON of the first version that writes it: base_score is added "
               "behind the trees.", train(base_score=7.3, rounds=9))


@case("1.0.2")
def pickle4_102():
    return pickled("A Booster: binary and configuration in one", 4,
                   train(BINARY, objective="binary:logistic", base_score=0.2))


@case("1.0.2")
def logitraw_102():
    return one("binary:logitraw, whose base_score is a probability here.",
               train(BINARY, objective="binary:logitraw"), "model")


@case("0.72.1")
def binary_0721():
    return one("The binary format of 0.72: base_score is a margin, without a "
               "mark.", train(BINARY, objective="binary:logistic",
                              base_score=0.3), "model")


@case("0.72.1")
def classes_0721():
    return one("Classes in the binary format of 0.72.",
               train(CLASSES, objective="multi:softprob", num_class=4),
               "model")


@case("0.72.1")
def dart_0721():
    # Contributions of 0.72 leave out the weights of the trees.
    return one("dart in the binary format of 0.72.",
               train(booster="dart", rate_drop=0.5, objective="reg:linear",
                     rounds=8), "model", predict={"ntree_limit": 100},
               explained=False)


@case("0.72.1")
def pickle0_0721():
    return pickled("A Booster: text for bytes", 0,
                   train(objective="reg:tweedie", label=POSITIVE))


@case("0.72.1")
def linear_0721():
    return one("gblinear in the binary format of 0.72.",
               train(CLASSES, booster="gblinear", objective="multi:softmax",
                     num_class=4), "model")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    print(f"XGBoost {VERSION}")
    for name, (version, make) in CASES.items():
        if version == VERSION and (not arguments.cases or
                                   name in arguments.cases):
            write(arguments.out / name, make())


if __name__ == "__main__":
    main()
