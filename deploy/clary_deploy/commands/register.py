"""claryctl register: a local model.tar.gz becomes a version that waits.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from clary_deploy import artifact, git, names, s3, versions
from clary_deploy.artifact import Artifact
from clary_deploy.command import Command, Context
from clary_deploy.errors import UsageError
from clary_deploy.requests import packages
from clary_deploy.requests.packages import Registration
from clary_deploy.session import Account

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def register(context: Context) -> None:
    """Checks, uploads, registers; the same model again is the same version."""
    args, config = context.args, context.config
    model = artifact.accepted(
        Path(args.model), _path(args.golden), args.clary, context.environ
    )
    evaluation = _evaluation(args.evaluation)
    image = image_by_digest(context, args.image)
    account = context.aws.here(args.account)
    made = _uploaded(context, account, model, evaluation, image)
    answer = account.write(
        "sagemaker",
        "create_model_package",
        packages.create(config, made),
        stand_in={"ModelPackageArn": names.package_arn(config, 0)},
    )
    arn = answer["ModelPackageArn"]
    number = arn.rpartition("/")[2]
    out = context.out
    out.say(
        f"registered version {number} of {config.registry.group}, "
        "PendingManualApproval"
    )
    out.table(
        ["what", "value"],
        [
            ["model", f"{model.format}, {model.features} features"],
            ["SHA-256", made.sha256],
            ["artifact", made.model_url],
            ["image", made.image],
            ["MSE", _mse(evaluation)],
            ["commit", made.commit or None],
        ],
    )
    out.result({"version": int(number), "arn": arn, "model": made.model_url})


def _uploaded(
    context: Context,
    account: Account,
    model: Artifact,
    evaluation: dict[str, Any],
    image: str,
) -> Registration:
    """Puts the files where the registry refers to them: under the model's own
    SHA-256, so that no upload ever changes what a version means."""
    args, config = context.args, context.config
    sha256 = s3.sha256_of_file(model.path)
    bucket = config.artifacts.bucket
    base = f"s3://{bucket}/{config.artifacts.prefix}/{sha256[:16]}"
    s3.put_once(account, model.path, f"{base}/model.tar.gz")
    facts: dict[str, object] = {
        "sha256": sha256,
        "image-digest": image.partition("@")[2],
        "format": model.format,
        "features": model.features,
        "outputs": model.outputs,
        "training-data": args.data,
        "training-job": args.job,
    }
    for name in ("golden", "labelled"):
        path = _path(getattr(args, name))
        if path:
            digest = s3.sha256_of_file(path)[:16]
            facts[name] = f"{base}/{name}-{digest}.csv"
            s3.put_once(account, path, str(facts[name]))
    metrics_sha256 = metrics_url = ""
    if args.evaluation:
        path = Path(args.evaluation)
        digest = s3.sha256_of_file(path)
        metrics_url = f"{base}/evaluation-{digest[:16]}.json"
        metrics_sha256 = s3.put_once(account, path, metrics_url)
        facts["mse"] = _mse(evaluation)
    return Registration(
        image=image,
        model_url=f"{base}/model.tar.gz",
        sha256=sha256,
        metrics_url=metrics_url,
        metrics_sha256=metrics_sha256,
        commit=args.commit or git.commit(),
        source=args.source or git.repository(),
        generated_by=args.job,
        description=args.description,
        card=_card(context, model, evaluation),
        metadata=versions.metadata_of(
            {key: value for key, value in facts.items() if value is not None}
        ),
    )


def image_by_digest(context: Context, asked: str) -> str:
    """REPOSITORY@sha256:...; a tag is refused: it names one image today and
    could name another tomorrow."""
    digest = asked.rpartition("@")[2]
    if not DIGEST.fullmatch(digest):
        raise UsageError(
            f"--image {asked}: a digest is wanted, sha256: and 64 hex digits, "
            "as claryctl image push prints it"
        )
    return f"{names.repository_uri(context.config)}@{digest}"


def _evaluation(place: str | None) -> dict[str, Any]:
    """The pipeline's evaluation.json, with regression_metrics.mse.value."""
    if not place:
        return {}
    try:
        found = json.loads(Path(place).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{place} is no evaluation: {error}") from error
    if _mse(found) is None:
        raise UsageError(f"{place} has no regression_metrics.mse.value")
    return dict(found)


def _mse(evaluation: dict[str, Any]) -> float | None:
    metrics = evaluation.get("regression_metrics", {})
    value = metrics.get("mse", {}).get("value")
    return None if value is None else float(value)


def _card(
    context: Context, model: Artifact, evaluation: dict[str, Any]
) -> dict[str, Any]:
    """A model card of the simplified schema that versions have."""
    args = context.args
    card: dict[str, Any] = {
        "model_overview": {
            "model_description": args.description
            or f"{context.config.project}, served by clary",
            "algorithm_type": model.framework or model.format,
        },
        "intended_uses": {"intended_uses": args.intended_use or "not stated"},
    }
    if args.data:
        card["training_details"] = {
            "training_observations": f"trained on {args.data}"
        }
    mse = _mse(evaluation)
    if mse is not None:
        card["evaluation_details"] = [
            {
                "name": "evaluation",
                "metric_groups": [
                    {
                        "name": "regression",
                        "metric_data": [
                            {"name": "mse", "type": "number", "value": mse}
                        ],
                    }
                ],
            }
        ]
    return card


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", required=True, metavar="FILE", help="model.tar.gz")
    add("--evaluation", metavar="FILE", help="evaluation.json, with the MSE")
    add("--golden", metavar="FILE", help="CSV: features, then predictions")
    add("--labelled", metavar="FILE", help="CSV: the label, then features")
    add(
        "--image",
        required=True,
        metavar="DIGEST",
        help="its digest, which image push prints",
    )
    add("--data", default="", metavar="URI", help="what it was trained on")
    add("--job", default="", metavar="ARN", help="the job that trained it")
    add("--commit", default="", help="of the training code (git's HEAD)")
    add("--source", default="", metavar="URL", help="of the training code")
    add("--description", default="", help="one line")
    add("--intended-use", default="", help="one line, for the model card")
    add("--clary", default="", metavar="PATH", help="the program ($CLARY_BIN)")
    add(
        "--account",
        default="data_science",
        metavar="ACCOUNT",
        help="whose credentials (%(default)s)",
    )


COMMANDS = (
    Command(
        "register",
        "register a model that clary accepts, pending approval",
        register,
        _arguments,
    ),
)
