"""The second step, with XGBoost: boosted trees, as XGBoost's JSON.

reads    /opt/ml/input/data/train, /opt/ml/input/data/test, hyperparameters
writes   /opt/ml/model/xgboost-model and /opt/ml/model/clary

Hyperparameters: rounds (400), max_depth (6), eta (0.08), subsample (0.8),
min_child_weight (4).

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import defend
import layout
import numpy as np
import xgboost


def main() -> None:
    train = layout.read(layout.CHANNELS / "train")
    test = layout.read(layout.CHANNELS / "test")
    booster = xgboost.train(
        {
            "objective": "reg:squarederror",
            "tree_method": "hist",
            "seed": layout.SEED,
            "max_depth": int(layout.hyperparameter("max_depth", "6")),
            "eta": float(layout.hyperparameter("eta", "0.08")),
            "subsample": float(layout.hyperparameter("subsample", "0.8")),
            "min_child_weight": float(
                layout.hyperparameter("min_child_weight", "4")
            ),
        },
        matrix(train),
        num_boost_round=int(layout.hyperparameter("rounds", "400")),
    )
    mse = float(np.mean((booster.predict(matrix(test)) - test.labels) ** 2))
    print(f"validation_mse={mse:.6f}")
    layout.MODEL.mkdir(parents=True, exist_ok=True)
    content = booster.save_raw(raw_format="json")
    (layout.MODEL / "xgboost-model").write_bytes(content)
    golden = defend.golden_rows(test)
    predictions = booster.predict(matrix(golden))
    defend.write(layout.MODEL, train, golden, predictions)


def matrix(table: layout.Table) -> xgboost.DMatrix:
    return xgboost.DMatrix(
        table.features, label=table.labels, feature_names=table.names[1:]
    )


if __name__ == "__main__":
    layout.step(main)
