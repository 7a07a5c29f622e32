"""Models to move about: a straight line through the housing data, and the
neural network of the golden models, which is better.

housing.csv: every 86th row of the California housing data (Pace & Barry 1997),
the label first.

SPDX-License-Identifier: Apache-2.0
"""

import csv
import gzip
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LABELLED = HERE / "housing.csv"
NETWORK = HERE.parents[1] / "golden/savedmodel/california-housing"


@dataclass(frozen=True)
class Model:
    """What `claryctl register` takes."""

    archive: Path
    golden: Path
    evaluation: Path
    mse: float


def labelled():
    """(label, features) of every row."""
    with open(LABELLED) as file:
        rows = list(csv.reader(file))[1:]
    return [(float(row[0]), [float(cell) for cell in row[1:]]) for row in rows]


def lines():
    """The features, a line each."""
    return [",".join(map(repr, features)) for _, features in labelled()]


def linear(program, folder, shift=0.0):
    """Least squares, as XGBoost's linear booster keeps it. `shift` moves every
    prediction: a model that loads, and is wrong."""
    *slopes, bias = least_squares(
        [[*features, 1.0] for _, features in labelled()],
        [label for label, _ in labelled()],
    )
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {
            "model": {
                "boosted_rounds": 1,
                "weights": [*slopes, bias + shift],
            },
            "name": "gblinear",
        },
        "learner_model_param": {
            "base_score": "[0E0]",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": "8",
            "num_target": "1",
        },
        "objective": {
            "name": "reg:squarederror",
            "reg_loss_param": {"scale_pos_weight": "1"},
        },
    }
    text = json.dumps({"learner": learner, "version": [3, 4, 1]})
    archive = packed(folder / f"linear{shift:g}.tar.gz", text.encode())
    return described(program, archive, folder)


def network(program, folder):
    """The neural network of the golden models."""
    return described(program, NETWORK / "model.tar.gz", folder)


def packed(path, content):
    """model.tar.gz with one file, always the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


def described(program, archive, folder):
    """What clary itself predicts becomes the golden rows, and the MSE."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = lines()
    answer = subprocess.run(
        [program, "predict", "--accept", "text/csv", "--model", archive],
        input="\n".join(rows) + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    golden = folder / f"{archive.parent.name}-{archive.stem}-golden.csv"
    golden.write_text(
        "\n".join(
            f"{row},{value}" for row, value in zip(rows, answer, strict=True)
        )
        + "\n"
    )
    errors = [
        (float(value) - label) ** 2
        for value, (label, _) in zip(answer, labelled(), strict=True)
    ]
    mse = sum(errors) / len(errors)
    evaluation = golden.with_suffix(".json")
    evaluation.write_text(
        json.dumps({"regression_metrics": {"mse": {"value": round(mse, 6)}}})
    )
    return Model(archive, golden, evaluation, mse)


def least_squares(matrix, wanted):
    """By the normal equations and Gauss's elimination."""
    size = len(matrix[0])
    system = [
        [sum(row[i] * row[j] for row in matrix) for j in range(size)]
        + [sum(row[i] * w for row, w in zip(matrix, wanted, strict=True))]
        for i in range(size)
    ]
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: abs(system[r][column]))
        system[column], system[pivot] = system[pivot], system[column]
        for other in range(size):
            if other == column:
                continue
            factor = system[other][column] / system[column][column]
            system[other] = [
                a - factor * b
                for a, b in zip(system[other], system[column], strict=True)
            ]
    return [system[i][size] / system[i][i] for i in range(size)]
