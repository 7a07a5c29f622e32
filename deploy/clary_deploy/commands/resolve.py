"""claryctl resolve: which version a run of the delivery is about.

An approval names its version, and that very one is meant: the newest approved
version may be another, which nobody has looked at today. A rejection takes
what is live back to the newest version that is still approved.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import re

from clary_deploy import names
from clary_deploy.command import Command, Context
from clary_deploy.errors import UsageError
from clary_deploy.stages import open_registry
from clary_deploy.versions import APPROVED

AUTO = "auto"


def resolve(context: Context) -> None:
    """Prints the number of the version, and nothing else."""
    registry = open_registry(context)
    asked = context.args.version
    if asked == AUTO:
        version = registry.latest_approved()
    else:
        version = registry.version(_number(context, asked))
        if version.approval != APPROVED:
            context.out.note(
                f"version {version.number} is {version.approval}; the newest "
                "approved one instead"
            )
            version = registry.latest_approved()
    context.out.say(str(version.number))
    context.out.result({"version": version.number, "arn": version.arn})


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


COMMANDS = (
    Command("resolve", "print which version is meant", resolve, _arguments),
)
