"""claryctl deploy, test, promote, rollback: versions to stages and back.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse

from clary_deploy import delivery, live
from clary_deploy.command import Command, Context
from clary_deploy.delivery import Delivered
from clary_deploy.errors import PreconditionError
from clary_deploy.stages import (
    Stage,
    approved_argument,
    open_stage,
    stage_argument,
    wanted_version,
)
from clary_deploy.versions import APPROVED, Version, check_evidence

STRATEGIES = ("all_at_once", "canary", "linear", "rolling")


def deploy(context: Context) -> None:
    """An approved version to one stage."""
    stage = open_stage(context, context.args.stage)
    version = wanted_version(stage, context.args.version)
    if stage.name == "prod":
        check_evidence(version)
    _deliver(stage, version)


def promote(context: Context) -> None:
    """A version that has passed in QA to prod."""
    stage = open_stage(context, "prod")
    version = wanted_version(stage, context.args.version)
    check_evidence(version)
    _deliver(stage, version)


def _deliver(stage: Stage, version: Version) -> None:
    args = stage.context.args
    done = delivery.deliver(
        stage,
        version,
        strategy=args.strategy or "",
        tested=not args.skip_tests,
    )
    _tell(stage, version, done)


def _tell(stage: Stage, version: Version, done: Delivered) -> None:
    if done.moved and not stage.account.dry_run:
        stage.out.say(
            f"version {version.number} is live on {done.live.name} in "
            f"{stage.name} ({done.live.config_name})"
        )
    stage.out.result({"version": version.number, **done.as_json()})


def test(context: Context) -> None:
    """The tests of what is live on a stage."""
    stage = open_stage(context, context.args.stage)
    found = live.required(stage.config, stage.account, stage.name)
    version = stage.registry.version(found.version(stage.endpoint.variant))
    report = delivery.test(stage, version, found)
    stage.out.result(
        {"version": version.number, "endpoint": found.name}
        | {"tests": report.as_json()}
    )


def rollback(context: Context) -> None:
    """Back to a version that was live before, all at once."""
    stage = open_stage(context, context.args.stage)
    found = live.required(stage.config, stage.account, stage.name)
    running = found.version(stage.endpoint.variant)
    version = _target(stage, running, context.args.to)
    if stage.name == "prod":
        check_evidence(version)
    if version.number != running:
        stage.out.say(f"from version {running} back to {version.number}")
    done = delivery.deliver(
        stage,
        version,
        strategy=context.args.strategy or "all_at_once",
        tested=not context.args.skip_tests,
        instead_of=running,
    )
    _tell(stage, version, done)


def _target(stage: Stage, running: int, asked: int) -> Version:
    """Where to go back to. What a rollback has brought about stays: the same
    command again finishes it, and never goes forth to what was wrong."""
    if asked:
        return stage.registry.version(asked)
    now = stage.registry.version(running) if running else None
    if now is not None and now.replaces(stage.name):
        stage.out.say(
            f"version {running} is what {stage.name} went back to from version "
            f"{now.replaces(stage.name)}; --to N goes further"
        )
        return now
    return previous(stage, running)


def previous(stage: Stage, running: int) -> Version:
    """The version that was the last to pass on this stage, but for the one
    that runs."""
    found = [
        version
        for version in stage.registry.all()
        if version.number != running
        and version.approval == APPROVED
        and version.known(stage.name, "verdict") == "passed"
    ]
    if not found:
        raise PreconditionError(
            f"no other approved version has ever passed on {stage.name}: name "
            "one with --to"
        )
    return max(found, key=lambda version: version.known(stage.name, "time"))


def _deploy_arguments(parser: argparse.ArgumentParser) -> None:
    stage_argument(parser)
    _promote_arguments(parser)


def _promote_arguments(parser: argparse.ArgumentParser) -> None:
    approved_argument(parser)
    _move_arguments(parser)


def _move_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        help="how traffic moves, this time (the configuration's)",
    )
    parser.add_argument(
        "--skip-tests",
        action="store_true",
        help="do not test what is live then; a pipeline calls claryctl test",
    )


def _rollback_arguments(parser: argparse.ArgumentParser) -> None:
    stage_argument(parser)
    parser.add_argument("--to", metavar="N", type=int, help="that version")
    _move_arguments(parser)


COMMANDS = (
    Command(
        "deploy",
        "deploy an approved version to a stage, verify and test it",
        deploy,
        _deploy_arguments,
    ),
    Command("test", "test what is live on a stage", test, stage_argument),
    Command(
        "promote",
        "deploy a version that passed in QA to prod",
        promote,
        _promote_arguments,
    ),
    Command(
        "rollback",
        "go back to a version that was live before",
        rollback,
        _rollback_arguments,
    ),
)
