"""claryctl resolve: which version a run of the delivery is about.

An approval names its version, and that very one is meant: the newest approved
version may be another, which nobody has looked at today. A rejection takes
what is live back to the newest version that is still approved.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import re

from clary_deploy import live, names
from clary_deploy.command import Command, Context
from clary_deploy.errors import UsageError
from clary_deploy.stages import open_registry, open_stage
from clary_deploy.versions import APPROVED, Version

AUTO = "auto"


def resolve(context: Context) -> None:
    """Prints the number of the version, or with --to-deploy whether prod lacks
    it, and nothing else."""
    version = _resolved(context)
    needed = context.args.to_deploy and "yes"
    if needed and _is_in_prod(context, version):
        needed = "no"
    context.out.say(needed or str(version.number))
    said = {"version": version.number, "arn": version.arn}
    context.out.result(said | ({"to_deploy": needed} if needed else {}))


def _resolved(context: Context) -> Version:
    registry = open_registry(context)
    asked = context.args.version
    if asked == AUTO:
        return registry.latest_approved()
    version = registry.version(_number(context, asked))
    if version.approval == APPROVED:
        return version
    context.out.note(
        f"version {version.number} is {version.approval}; the newest approved "
        "one instead"
    )
    return registry.latest_approved()


def _is_in_prod(context: Context, version: Version) -> bool:
    """Whether prod serves it, alone, and all is quiet: an event that comes a
    second time is about something that is done."""
    stage = open_stage(context, "prod")
    now = live.look(stage.config, stage.account, stage.name)
    return (
        now is not None
        and now.status == "InService"
        and [variant.version for variant in now.variants] == [version.number]
    )


def _number(context: Context, asked: str) -> int:
    """Of `3`, or of an ARN that must be of our group."""
    wanted = names.package_arn(context.config, 0)[:-1]
    match = re.fullmatch(rf"(?:{re.escape(wanted)})?([1-9][0-9]*)", asked)
    if match is None:
        raise UsageError(f"{asked!r} is neither a number nor {wanted}...")
    return int(match[1])


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "version", metavar="VERSION", help="an ARN, a number, or auto"
    )
    parser.add_argument(
        "--to-deploy",
        action="store_true",
        help="print yes, or no when prod serves it already",
    )


COMMANDS = (
    Command("resolve", "print which version is meant", resolve, _arguments),
)
