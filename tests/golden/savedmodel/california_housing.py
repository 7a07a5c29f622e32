"""The bundled model: median house values in California, by TensorFlow.

    california_housing.py --data california_housing.csv --out FOLDER

Two hidden layers of 64 relu units and one output, trained on the mean squared
error of MedHouseVal (unit: 100,000 USD). The columns are standardised by a
Normalization layer inside the model, so callers send them as they are.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import golden  # first: it quiets TensorFlow before that is imported
import keras
import numpy as np

SEED = 42
EPOCHS = 120
BATCH = 128
LEARNING_RATE = 2e-3
SAMPLE_ROWS = 12


def read_data(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, as text; the last column is the target."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def split(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of train (80 %) and test (20 %).

    The rows scikit-learn's train_test_split(test_size=0.2, random_state=42)
    would choose.
    """
    order = np.random.RandomState(SEED).permutation(rows)
    tests = int(np.ceil(0.2 * rows))
    return order[tests:], order[:tests]


def build(train: np.ndarray) -> keras.Model:
    """The untrained network, its scaling taken from the training rows."""
    scaling = keras.layers.Normalization()
    scaling.adapt(train)
    return keras.Sequential([
        keras.Input(shape=(train.shape[1],)),
        scaling,
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(1),
    ])


def fit(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """Adam, the learning rate falling along a cosine to zero."""
    steps = EPOCHS * int(np.ceil(len(x) / BATCH))
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)


def mean_squared_error(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    predicted = model.predict(x, batch_size=1024, verbose=0)[:, 0]
    return float(np.mean(np.square(predicted.astype(np.float64) - y)))


def count_trained(model: keras.Model) -> int:
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def sample(rows: list[list[str]], test: np.ndarray) -> list[list[str]]:
    """The first row of the data, then rows of the test set; features only."""
    numbers = [0, *test[:SAMPLE_ROWS - 1]]
    return [rows[i][:-1] for i in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    golden.seed_everything(SEED)
    header, rows = read_data(options.data)
    values = np.array(rows, dtype=np.float64).astype(np.float32)
    x, y = values[:, :-1], values[:, -1]
    train, test = split(len(rows))

    model = build(x[train])
    fit(model, x[train], y[train])
    errors = {name: mean_squared_error(model, x[part], y[part])
              for name, part in (("train", train), ("test", test))}
    print({name: round(error, 4) for name, error in errors.items()})

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        model.export(root / "1", format="tf_saved_model", verbose=False)
        golden.write(golden.Case(
            folder=options.out / "california-housing",
            root=root,
            rows=sample(rows, test),
            about=[
                "Median house value (100,000 USD) of a California block group, "
                "from 8 raw columns. The model standardises them itself, in a "
                "Keras `Normalization` layer adapted on the training rows.",
                "The rows of `input.csv` are the first row of the data and the "
                "first rows of the test set.",
            ],
            script="tests/golden/savedmodel/california_housing.py",
            feature_names=header[:-1],
            golden=True,
            facts={
                "Data": f"California housing (Pace & Barry 1997), {len(rows)} rows; "
                        f"{len(train)} train, {len(test)} test, split seed {SEED}",
                "Training": f"Adam, learning rate {LEARNING_RATE} falling along a "
                            f"cosine to 0, batch {BATCH}, {EPOCHS} epochs, seed {SEED}",
                "Mean squared error": f"train {errors['train']:.4f}, "
                                      f"test {errors['test']:.4f}",
                "Parameters": f"{count_trained(model)} trained; the mean and the "
                              "variance of each column",
            },
        ))


if __name__ == "__main__":
    main()
