"""claryctl report: what somebody should know who is asked to approve.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary_deploy import delivery, lineage, live, names, s3
from clary_deploy.command import Command, Context
from clary_deploy.config import Endpoint
from clary_deploy.page import Page, html
from clary_deploy.stages import Stage, open_stage, version_argument
from clary_deploy.versions import Registry, Version

PICTURES = ("residuals", "calibration")
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def report(context: Context) -> None:
    """Writes the page; with --upload also to the delivery's bucket, and prints
    its address in the console."""
    args, out = context.args, context.out
    prod = open_stage(context, "prod")
    version = prod.registry.version(args.version)
    text = html(page(prod, version))
    if not args.upload:
        path = Path(args.output or f"version-{version.number}.html")
        path.write_text(text, "utf-8")
        out.say(str(path))
        out.result({"version": version.number, "file": str(path)})
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(args.output or f"{folder}/report.html")
        path.write_text(text, "utf-8")
        url = _uploaded(context, version, path)
    out.say(url)
    out.result({"version": version.number, "url": url})


def _uploaded(context: Context, version: Version, path: Path) -> str:
    config = context.config
    bucket = names.source_bucket(config)
    key = f"reports/version-{version.number}.html"
    account = context.aws.here("deployment")
    with path.open("rb") as file:
        account.write(
            "s3",
            "put_object",
            {
                "Bucket": bucket,
                "Key": key,
                "Body": str(path) if account.dry_run else file,
                "ContentType": "text/html; charset=utf-8",
            },
        )
    host = CONSOLES.get(config.partition, CONSOLES["aws"])
    region = config.region
    return f"https://{region}.{host}/s3/object/{bucket}?region={region}&prefix={key}"


# --- what is known


def page(prod: Stage, version: Version) -> Page:
    registry = prod.registry
    now = live.look(prod.config, prod.account, "prod")
    served = now.variants[0].version if now and now.variants else 0
    other = None
    if served and served != version.number:
        other = registry.version(served)
    found = _json(registry, version.metrics_url)
    same = s3.sha256_of_object(registry.account, version.model_url)
    digests: list[tuple[str, str, bool | None]] = [
        ("artifact", version.sha256, same == version.sha256),
        ("image", version.digest.removeprefix("sha256:"), None),
        *_evaluation_digest(registry, version),
    ]
    return Page(
        project=prod.config.project,
        version=version.number,
        approval=version.approval,
        made=delivery.now(),
        description=version.description,
        metrics=_metrics(found, version),
        live_version=other.number if other else None,
        live_metrics=_of_live(registry, found, other),
        comparison=_comparison(found, other),
        pictures=_pictures(registry, version),
        origin=_origin(version),
        digests=digests,
        features=_json(registry, version.metadata.get("baseline", "")),
        tests=_tests(version),
        steps=_steps(prod.endpoint, version, other),
        graph=_graph(prod, version),
        warnings=[
            f"{what} is not what was registered"
            for what, _, as_registered in digests
            if as_registered is False
        ],
    )


def _json(registry: Registry, uri: str) -> dict[str, Any]:
    if not uri:
        return {}
    content = s3.read_object(registry.account, uri)
    found: dict[str, Any] = json.loads(content) if content else {}
    return found


def _metrics(
    evaluation: Mapping[str, Any], version: Version
) -> Mapping[str, Any]:
    known: Mapping[str, Any] = evaluation.get("regression_metrics", {})
    if known or "mse" not in version.metadata:
        return known
    return {"mse": {"value": float(version.metadata["mse"])}}


def _of_live(
    registry: Registry, evaluation: Mapping[str, Any], other: Version | None
) -> Mapping[str, Any]:
    """The live version's own evaluation; its MSE as this version's evaluation
    measured it on the same rows, where it did."""
    if other is None:
        return {}
    found = dict(_metrics(_json(registry, other.metrics_url), other))
    compared = evaluation.get("comparison", {})
    if compared.get("live_version") == other.number:
        found["mse"] = {"value": compared["live_mse"]}
    return found


def _comparison(evaluation: Mapping[str, Any], other: Version | None) -> str:
    if other is None:
        return "Prod serves no other version."
    compared = evaluation.get("comparison", {})
    if compared.get("live_version") != other.number:
        return "Each as it was registered; the rows may differ."
    rows = (
        "on the same rows"
        if compared.get("how") == "measured"
        else "as it was registered, on other rows"
    )
    return (
        f"The MSE of version {other.number} is {rows}; its other metrics are "
        "as they were registered."
    )


def _pictures(registry: Registry, version: Version) -> dict[str, bytes]:
    found = {}
    for name in PICTURES:
        uri = version.metadata.get(name, "")
        content = s3.read_object(registry.account, uri) if uri else None
        if content:
            found[name] = content
    return found


def _origin(version: Version) -> list[tuple[str, str]]:
    known = version.metadata
    return [
        ("data", known.get("training-data", "")),
        ("trainer", known.get("trainer", "")),
        ("training job", known.get("training-job", "")),
        ("pipeline run", version.origin.get("GeneratedBy", "")),
        ("commit", version.origin.get("CommitId", "")),
        ("repository", version.origin.get("Repository", "")),
        ("artifact", version.model_url),
        ("image", version.image),
        ("evaluation", version.metrics_url),
    ]


def _evaluation_digest(
    registry: Registry, version: Version
) -> list[tuple[str, str, bool | None]]:
    wanted = version.metrics_digest.removeprefix("sha256:")
    if not wanted:
        return []
    found = s3.sha256_of_object(registry.account, version.metrics_url)
    return [("evaluation", wanted, found == wanted)]


def _tests(version: Version) -> list[tuple[str, str, bool]]:
    """What QA has found out about this version, image and artifact."""
    verdict = version.known("qa", "verdict")
    if not verdict:
        return []
    passed = verdict == "passed"
    told = [
        (
            "configuration",
            f"{version.known('qa', 'config')}, {version.known('qa', 'time')}",
        ),
        ("MSE on the endpoint", version.known("qa", "mse")),
        ("p95 of a request, ms", version.known("qa", "p95-ms")),
    ]
    rows = [(name, found, passed) for name, found in told if found]
    checks = version.known("qa", "checks")
    rows += [(name, "", True) for name in checks.split(" / ") if name]
    same = (version.known("qa", "digest"), version.known("qa", "sha256"))
    wanted = (version.digest, version.sha256)
    rows.append(("what was tested is what is registered", "", same == wanted))
    if not passed:
        rows.append(("all tests", version.stage_description, False))
    return rows


def _steps(
    prod: Endpoint, version: Version, other: Version | None
) -> list[str]:
    """What a yes in the delivery does, one thing after another."""
    how = {
        "all_at_once": "all traffic moves at once",
        "canary": f"{prod.canary_percent} % of the instances go first",
        "linear": f"traffic moves in steps of {prod.linear_percent} %",
        "rolling": f"{prod.rolling_percent} % of the instances at a time",
    }[prod.strategy]
    where = f"{prod.name} ({prod.instances} of {prod.instance_type})"
    found = [f"{where} gets version {version.number}: {how}."]
    if prod.alarms:
        latency = prod.alarms.p99_latency_ms
        limits = f"an error rate above {100 * prod.alarms.error_rate:g} %"
        if latency is not None:
            limits += f" or a p99 above {latency:g} ms"
        found.append(
            f"It is watched for {prod.bake_seconds} s; {limits} rolls it back "
            "by itself, and this run of the delivery fails."
        )
    found.append("It is verified by digest, and the tests of prod run.")
    if other:
        found.append(
            f"Version {other.number} is archived; its model stays, and "
            "claryctl rollback prod goes back to it."
        )
    else:
        found.append("There is no version to go back to.")
    return found


def _graph(
    prod: Stage, version: Version
) -> Sequence[Sequence[tuple[str, str]]]:
    """Origins, job, artifact and image, version, endpoints."""
    known = version.metadata
    origins = [
        ("data", known.get("training-data", "")),
        ("commit", version.origin.get("CommitId", "")),
    ]
    job = [("training job", known.get("training-job", ""))]
    traced = lineage.of_version(
        prod.registry.account, version.arn, lineage.ORIGINS
    )
    materials = sorted(
        {
            ({"Image": "image", "Model": "artifact"}[v.kind], v.source)
            for v in traced
            if v.kind in ("Image", "Model")
        }
    )
    uses = [
        (stage, version.known(stage, "endpoint"))
        for stage in ("qa", "prod")
        if version.known(stage, "endpoint")
    ]
    if not version.known("prod", "endpoint"):
        uses.append(("prod?", prod.endpoint.name))
    own = [("version", f"{prod.config.registry.group}/{version.number}")]
    columns = [origins, job, materials, own, uses]
    return [[box for box in column if box[1]] for column in columns]


def _arguments(parser: argparse.ArgumentParser) -> None:
    version_argument(parser)
    parser.add_argument(
        "--output", metavar="FILE", help="the page (version-N.html)"
    )
    parser.add_argument(
        "--upload",
        action="store_true",
        help="put it beside the delivery's source, print its address",
    )


COMMANDS = (Command("report", "write the approver's page", report, _arguments),)
