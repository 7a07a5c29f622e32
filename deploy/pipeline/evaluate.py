"""The third step: how good is the artifact, as clary serves it?

    evaluate.py --threshold 0.6 --margin 0.01 [--group ARN --live-stage Prod]

reads    /opt/ml/processing/model/model.tar.gz, /opt/ml/processing/test, and
         /opt/ml/processing/clary/clary, the program of the very image that is
         to serve the model
writes   /opt/ml/processing/evaluation:
         evaluation.json   the metrics, in the format of SageMaker's model
                           quality, and the comparison with the live version
         facts.json        what the later steps are to know, as text
         residuals.png, calibration.png
         golden.csv        the artifact's own golden rows
         baseline.json     the artifact's own baseline
         labelled.csv      the rows of this evaluation

An artifact that does not give its golden rows is an error of this step: it
would not be served as it was trained.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import layout
import live
import numpy as np
import plots

OUT = layout.PROCESSING / "evaluation"
PROGRAM = layout.PROCESSING / "clary/clary"

# bootstrap samples, for the standard deviation of a metric
SAMPLES = 200


def main() -> None:
    args = arguments()
    (artifact,) = sorted((layout.PROCESSING / "model").glob("*.tar.gz"))
    test = layout.read(layout.PROCESSING / "test")
    os.chmod(PROGRAM, 0o755)
    OUT.mkdir(parents=True, exist_ok=True)
    checked = json.loads(clary("check", "--json", "--model", artifact))
    about = json.loads(clary("inspect", "--json", "--model", artifact))
    predicted = predictions(artifact, test)
    metrics = regression(predicted, test.labels)
    now = None
    if args.group:
        now = live.find(
            args.group,
            args.live_stage,
            lambda path: mse(predictions(path, test), test.labels),
        )
    compared = comparison(metrics["mse"]["value"], now, args.margin)
    write_json(
        OUT / "evaluation.json",
        {"regression_metrics": metrics, "comparison": compared},
    )
    plots.residuals(OUT / "residuals.png", predicted, test.labels)
    plots.calibration(OUT / "calibration.png", predicted, test.labels)
    for name in ("golden.csv", "baseline.json"):
        extract(artifact, f"clary/{name}", OUT / name)
    layout.write(OUT / "labelled.csv", test)
    reason = verdict(metrics["mse"]["value"], compared, args)
    golden_values = int(checked.get("values", 0))
    facts = {
        "reason": reason,
        "sha256": sha256(artifact),
        "evaluation_sha256": f"sha256:{sha256(OUT / 'evaluation.json')}",
        "mse": f"{metrics['mse']['value']:.6g}",
        "format": about["format"],
        "features": str(columns(about, "inputs")),
        "outputs": str(columns(about, "outputs")),
        "card": card(args, about, metrics, compared, golden_values),
    }
    write_json(OUT / "facts.json", facts)
    print(reason)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--margin", type=float, required=True)
    parser.add_argument("--group", default="", help="ARN, to compare")
    parser.add_argument("--live-stage", default="Prod")
    parser.add_argument("--project", default="model")
    parser.add_argument("--data", default="", help="what it was trained on")
    return parser.parse_args()


# --- clary


def clary(*command: object, rows: str | None = None) -> str:
    """Its standard output; StepError with what it says when it refuses."""
    done = subprocess.run(
        [str(PROGRAM), *map(str, command)],
        input=rows,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise layout.StepError(f"clary {command[0]}: {said}")
    return done.stdout


def predictions(artifact: Path, table: layout.Table) -> np.ndarray:
    """What an endpoint would answer to these rows."""
    lines = "\n".join(layout.feature_lines(table)) + "\n"
    answer = clary(
        "predict", "--accept", "text/csv", "--model", artifact, rows=lines
    )
    found = np.array([float(value) for value in answer.split()])
    if len(found) != len(table.labels):
        raise layout.StepError(
            f"clary predict: {len(found)} numbers for {len(table.labels)} rows"
        )
    return found


def columns(about: dict[str, Any], side: str) -> int:
    return sum(part["columns"] for part in about["signature"][side])


# --- metrics


def mse(predicted: np.ndarray, label: np.ndarray) -> float:
    return float(np.mean((predicted - label) ** 2))


METRICS = {
    "mae": lambda p, y: float(np.mean(np.abs(p - y))),
    "mse": mse,
    "rmse": lambda p, y: math.sqrt(mse(p, y)),
    "r2": lambda p, y: 1 - mse(p, y) / float(np.var(y)),
}


def regression(
    predicted: np.ndarray, label: np.ndarray
) -> dict[str, dict[str, float]]:
    """Each metric with its standard deviation, by resampling the rows."""
    random = np.random.RandomState(layout.SEED)
    picks = random.randint(0, len(label), (SAMPLES, len(label)))
    return {
        name: {
            "value": metric(predicted, label),
            "standard_deviation": float(
                np.std([metric(predicted[p], label[p]) for p in picks])
            ),
        }
        for name, metric in METRICS.items()
    }


def comparison(
    own: float, now: live.Live | None, margin: float
) -> dict[str, Any]:
    """`worse_by` is 0 where nothing is live, below 0 where the new one is
    better."""
    if now is None:
        return {"live_version": None, "worse_by": 0.0, "margin": margin}
    return {
        "live_version": now.version,
        "live_mse": now.mse,
        "how": now.how,
        "worse_by": own - now.mse,
        "margin": margin,
    }


def verdict(
    own: float, compared: dict[str, Any], args: argparse.Namespace
) -> str:
    """Why it is good enough, or all that it is not good enough for."""
    bad = []
    if own > args.threshold:
        bad.append(f"MSE {own:.6g} is above the threshold {args.threshold:g}")
    number = compared["live_version"]
    if compared["worse_by"] > args.margin:
        bad.append(
            f"MSE {own:.6g} is worse than {compared['live_mse']:.6g} of the "
            f"live version {number} by {compared['worse_by']:.6g}, more than "
            f"the margin {args.margin:g}"
        )
    if bad:
        return "; ".join(bad)
    good = f"MSE {own:.6g} is within the threshold {args.threshold:g}"
    if number is None:
        return f"{good}; no version is live"
    return f"{good}; the live version {number} has {compared['live_mse']:.6g}"


# --- files


def card(
    args: argparse.Namespace,
    about: dict[str, Any],
    metrics: dict[str, dict[str, float]],
    compared: dict[str, Any],
    golden_values: int,
) -> str:
    """A model card of the simplified schema that versions have."""
    framework = about.get("framework") or about["format"]
    data = [
        {"name": name, "type": "number", "value": metric["value"]}
        for name, metric in metrics.items()
    ]
    observation = f"by clary, {golden_values} golden values agree with training"
    if compared["live_version"] is not None:
        observation += (
            f"; live version {compared['live_version']}: "
            f"MSE {compared['live_mse']:.6g}, {compared['how']}"
        )
    found = {
        "model_overview": {
            "model_description": f"{args.project}, served by clary",
            "algorithm_type": framework,
        },
        "intended_uses": {"intended_uses": "not stated"},
        "training_details": {
            "training_observations": f"trained on {args.data}"
        },
        "evaluation_details": [
            {
                "name": "evaluation",
                "evaluation_observation": observation,
                "metric_groups": [{"name": "regression", "metric_data": data}],
            }
        ],
    }
    return json.dumps(found, sort_keys=True)


def extract(artifact: Path, member: str, path: Path) -> None:
    """One file of the artifact; SageMaker's tar may say ./ before names."""
    with tarfile.open(artifact) as archive:
        for found in archive:
            name = found.name.removeprefix("./")
            content = archive.extractfile(found) if name == member else None
            if content is not None:
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file)
                return
    raise layout.StepError(f"{artifact} has no {member}")


def write_json(path: Path, value: object) -> None:
    text = json.dumps(value, indent=2, allow_nan=False)
    path.write_text(text + "\n", "utf-8")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    layout.step(main)
