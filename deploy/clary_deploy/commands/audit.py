"""claryctl audit: from a version to everything it came from and went to, and
from a stage back to all of it.

What lineage holds is asked of lineage; what it does not (the SHA-256 of the
artifact, the digest of the image, who approved, what QA measured) was written
to the registry when it happened.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from typing import Any

from clary_deploy import lineage, live
from clary_deploy.command import Command, Context
from clary_deploy.config import STAGES
from clary_deploy.live import Live
from clary_deploy.s3 import sha256_of_object
from clary_deploy.stages import Stage, open_registry, open_stage, version_number
from clary_deploy.versions import Registry, Version


def audit(context: Context) -> None:
    """Of a stage: its live versions, each in full. Of a version: itself."""
    subject: str = context.args.subject
    stages = {name: open_stage(context, name) for name in STAGES}
    if subject in STAGES:
        stage = stages[subject]
        found = live.required(stage.config, stage.account, subject)
        result = _endpoint(context, stage, found)
        numbers = sorted({variant.version for variant in found.variants})
    else:
        result, numbers = {}, [version_number(subject)]
    registry = open_registry(context)
    result["versions"] = [
        _version(context, registry, stages, number) for number in numbers
    ]
    context.out.result(result)


def _endpoint(context: Context, stage: Stage, found: Live) -> dict[str, Any]:
    context.out.heading(f"endpoint {found.name}")
    rows: list[list[object]] = [
        ["ARN", found.arn],
        ["status", found.status],
        ["configuration", found.config_name],
    ]
    for variant in found.variants:
        rows += [
            [f"{variant.name} serves", f"version {variant.version}"],
            [f"{variant.name} model", variant.model],
            [f"{variant.name} image", ", ".join(variant.digests)],
        ]
    traced = lineage.of_endpoint(stage.account, found.arn)
    rows += _traced(traced)
    context.out.table(["what", "value"], rows)
    context.out.say()
    return {
        "endpoint": found.arn,
        "config": found.config_name,
        "variants": [vars(variant) for variant in found.variants],
        "lineage": [vars(vertex) for vertex in traced],
    }


def _version(
    context: Context,
    registry: Registry,
    stages: dict[str, Stage],
    number: int,
) -> dict[str, Any]:
    version = registry.version(number)
    context.out.heading(f"version {number}")
    facts = _facts(registry, version)
    traced = lineage.of_version(
        registry.account, version.arn, lineage.ORIGINS, lineage.USES
    )
    served = {name: _serving(stage, version) for name, stage in stages.items()}
    rows: list[list[object]] = [[key, value] for key, value in facts.items()]
    rows += _traced(traced)
    for name, places in served.items():
        rows += [[f"{name} serves it", place] for place in places["now"]]
        rows += _traced(places["lineage"])
    context.out.table(["what", "value"], [row for row in rows if row[1]])
    context.out.say()
    return {
        "version": number,
        **facts,
        "lineage": [vars(vertex) for vertex in traced],
        "endpoints": {
            name: {
                "now": places["now"],
                "lineage": [vars(vertex) for vertex in places["lineage"]],
            }
            for name, places in served.items()
        },
    }


def _facts(registry: Registry, version: Version) -> dict[str, str]:
    """What the registry knows, and whether the artifact is still the same."""
    known = version.metadata
    now = sha256_of_object(registry.account, version.model_url)
    same = "as registered" if now == version.sha256 else f"now {now or 'gone'}"
    facts = {
        "ARN": version.arn,
        "data": known.get("training-data", ""),
        "job": known.get("training-job", ""),
        "made by": version.origin.get("GeneratedBy", ""),
        "commit": version.origin.get("CommitId", ""),
        "repository": version.origin.get("Repository", ""),
        "artifact": version.model_url,
        "artifact SHA-256": f"{version.sha256} ({same})",
        "image": version.image,
        "metrics": version.metrics_url,
        "MSE": known.get("mse", ""),
        "approval": version.approval,
        "approved by": known.get("approved-by", ""),
        "approved at": known.get("approved-at", ""),
        "rejected by": known.get("rejected-by", ""),
        "reason": version.approval_reason,
        "stage": f"{version.stage} {version.stage_status}".strip(),
        "stage reason": version.stage_description,
    }
    for stage in STAGES:
        for key in (
            "endpoint", "config", "digest", "sha256", "mse", "p95-ms",
            "verdict", "time", "commit",
        ):  # fmt: skip
            facts[f"{stage} {key}"] = version.known(stage, key)
    return facts


def _serving(stage: Stage, version: Version) -> dict[str, Any]:
    """Where the version runs now, and what lineage remembers of the stage."""
    found = live.look(stage.config, stage.account, stage.name)
    variants = found.variants if found else ()
    return {
        "now": [
            f"{stage.endpoint.name}, variant {variant.name}, "
            f"{100 * variant.share:.3g} %"
            + (" (shadow)" if variant.shadow else "")
            for variant in variants
            if variant.version == version.number
        ],
        "lineage": lineage.of_version(stage.account, version.arn, lineage.USES),
    }


def _traced(vertices: list[lineage.Vertex]) -> list[list[object]]:
    return [
        [f"lineage: {vertex.kind}", vertex.source]
        for vertex in sorted(vertices, key=lambda v: (v.kind, v.source))
    ]


def _subject(text: str) -> str:
    if text not in STAGES:
        version_number(text)
    return text


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject", metavar="STAGE|N", type=_subject, help="qa, prod, a version"
    )


COMMANDS = (Command("audit", "trace a version or a stage", audit, _arguments),)
