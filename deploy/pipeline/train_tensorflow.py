"""The second step, with TensorFlow: a perceptron, as a SavedModel.

reads    /opt/ml/input/data/train, /opt/ml/input/data/test, hyperparameters
writes   /opt/ml/model/1 (the SavedModel) and /opt/ml/model/clary

Hyperparameters: epochs (50), batch_size (128), learning_rate (0.002), units
(64).

The columns are standardised by a Normalization layer inside the model.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import defend
import keras
import layout
import numpy as np


def main() -> None:
    keras.utils.set_random_seed(layout.SEED)
    train = layout.read(layout.CHANNELS / "train")
    test = layout.read(layout.CHANNELS / "test").whole()
    whole = train.whole()
    lost = len(train.labels) - len(whole.labels)
    if lost:
        print(f"{lost} rows have missing values; they are left out")
    model = built(whole)
    fit(model, whole)
    predicted = predict(model, test)
    mse = float(np.mean((predicted - test.labels) ** 2))
    print(f"validation_mse={mse:.6f}")
    layout.MODEL.mkdir(parents=True, exist_ok=True)
    model.export(str(layout.MODEL / "1"), verbose=False)
    golden = defend.golden_rows(test)
    defend.write(layout.MODEL, train, golden, predict(model, golden))


def built(train: layout.Table) -> keras.Model:
    """The untrained network, its scaling taken from the training rows."""
    units = int(layout.hyperparameter("units", "64"))
    scaling = keras.layers.Normalization()
    scaling.adapt(train.features.astype("float32"))
    return keras.Sequential(
        [
            keras.Input(shape=(train.features.shape[1],), name="features"),
            scaling,
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def fit(model: keras.Model, train: layout.Table) -> None:
    """Adam, the learning rate falling along a cosine to zero."""
    epochs = int(layout.hyperparameter("epochs", "50"))
    batch = int(layout.hyperparameter("batch_size", "128"))
    rate = float(layout.hyperparameter("learning_rate", "0.002"))
    steps = epochs * -(-len(train.labels) // batch)
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps)
        ),
        loss="mse",
    )
    model.fit(
        train.features.astype("float32"),
        train.labels.astype("float32"),
        epochs=epochs,
        batch_size=batch,
        verbose=2,  # a line an epoch
    )


def predict(model: keras.Model, table: layout.Table) -> np.ndarray:
    """In one batch: a row's answer must not depend on its neighbours."""
    found = model(table.features.astype("float32"), training=False)
    return np.asarray(found, dtype=np.float32).reshape(-1)


if __name__ == "__main__":
    layout.step(main)
