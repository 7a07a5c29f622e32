"""claryctl list, show, approve, reject: the registry for people.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from typing import Any

from clary_deploy import delivery
from clary_deploy.command import Command, Context
from clary_deploy.errors import AwsError, PreconditionError, UsageError
from clary_deploy.requests import packages
from clary_deploy.s3 import sha256_of_object
from clary_deploy.stages import open_registry, version_argument
from clary_deploy.versions import (
    APPROVED,
    REJECTED,
    Registry,
    Version,
    metadata_of,
)


def list_versions(context: Context) -> None:
    """Every version, the newest first."""
    found = list(open_registry(context).all())
    context.out.table(
        ["version", "approval", "stage", "status", "MSE", "created", "image"],
        [
            [
                version.number,
                version.approval,
                version.stage or None,
                version.stage_status or None,
                version.metadata.get("mse"),
                f"{version.created:%Y-%m-%d %H:%M}",
                version.digest[:19] or version.image,
            ]
            for version in found
        ],
    )
    context.out.result({"versions": [as_json(version) for version in found]})


def show(context: Context) -> None:
    """All that is known of one version."""
    version = open_registry(context).version(context.args.version)
    say(context, version)
    context.out.result(as_json(version))


def say(context: Context, version: Version) -> None:
    """The evidence, as a table."""
    rows: list[list[object]] = [
        ["ARN", version.arn],
        ["approval", version.approval],
        ["reason", version.approval_reason or None],
        ["stage", f"{version.stage} {version.stage_status}".strip() or None],
        ["stage reason", version.stage_description or None],
        ["image", version.image],
        ["artifact", version.model_url],
        ["metrics", version.metrics_url or None],
        ["commit", version.origin.get("CommitId")],
        ["made by", version.origin.get("GeneratedBy")],
    ]
    rows += [[key, text] for key, text in sorted(version.metadata.items())]
    context.out.heading(f"version {version.number}")
    context.out.table(
        ["what", "value"], [row for row in rows if row[1] is not None]
    )


def as_json(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "arn": version.arn,
        "status": version.status,
        "approval": version.approval,
        "reason": version.approval_reason,
        "stage": version.stage,
        "stage_status": version.stage_status,
        "stage_description": version.stage_description,
        "image": version.image,
        "model": version.model_url,
        "metrics": version.metrics_url,
        "created": version.created.isoformat(),
        "origin": dict(version.origin),
        "metadata": dict(version.metadata),
        "card": dict(version.card),
    }


# --- approval


def approve(context: Context) -> None:
    """A person says yes; what they knew is printed before."""
    _decide(context, APPROVED)


def reject(context: Context) -> None:
    """A person says no. Of a version that is live this is a request to take it
    back: claryctl rollback."""
    _decide(context, REJECTED)


def _decide(context: Context, verdict: str) -> None:
    args = context.args
    if not args.reason.strip():
        raise UsageError("--reason: an approval without a reason is worth none")
    account = context.aws.here("shared_services")
    version = Registry(context.config, account).version(args.version)
    say(context, version)
    _say_artifact(context, version)
    if verdict == APPROVED:
        check_approvable(context, version)
    if (version.approval, version.approval_reason) == (verdict, args.reason):
        context.out.say(f"version {version.number} is {verdict} already")
    else:
        who = args.by or account.identity["Arn"]
        key = "approved" if verdict == APPROVED else "rejected"
        facts = {f"{key}-by": who, f"{key}-at": delivery.now()}
        metadata = {**version.metadata, **metadata_of(facts)}
        body = packages.approval(version.arn, verdict, args.reason, metadata)
        account.write("sagemaker", "update_model_package", body)
        context.out.say(f"version {version.number} is {verdict} now, by {who}")
    context.out.result({"version": version.number, "approval": verdict})


def check_approvable(context: Context, version: Version) -> None:
    """Approval is of something that can be deployed and cannot change."""
    if version.status != "Completed":
        raise PreconditionError(
            f"version {version.number} is {version.status}, not Completed"
        )
    if context.config.image.require_digest and not version.digest:
        raise PreconditionError(
            f"version {version.number} names its image by a tag, "
            f"{version.image}: what is approved today could be another image "
            "tomorrow (image.require_digest)"
        )
    if not version.sha256:
        raise PreconditionError(
            f"version {version.number} has no SHA-256 of its artifact: "
            "nothing says that what is deployed is what was approved"
        )


def _say_artifact(context: Context, version: Version) -> None:
    """Whether the artifact is still the registered one, where the approver
    may read it: the approver's own role approves and does nothing else."""
    account = context.aws.here("shared_services")
    try:
        found = sha256_of_object(account, version.model_url)
    except AwsError as error:
        context.out.note(f"the artifact was not looked at: {error}")
        return
    if found and found != version.sha256:
        raise PreconditionError(
            f"{version.model_url} has SHA-256 {found}, but {version.sha256} "
            "was registered: somebody has written over it"
        )
    state = "as registered" if found else "not there"
    context.out.say(f"the artifact is {state}")


def _decision_arguments(parser: argparse.ArgumentParser) -> None:
    version_argument(parser)
    parser.add_argument(
        "--reason", required=True, help="why; it stays in the registry"
    )
    parser.add_argument("--by", default="", help="who (the caller's own ARN)")


COMMANDS = (
    Command("list", "list the versions of the group", list_versions),
    Command(
        "show", "show all that is known of a version", show, version_argument
    ),
    Command(
        "approve",
        "print the evidence, and approve a version",
        approve,
        _decision_arguments,
    ),
    Command(
        "reject",
        "print the evidence, and reject a version",
        reject,
        _decision_arguments,
    ),
)
