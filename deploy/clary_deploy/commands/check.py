"""claryctl check: all that can be known without AWS.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy.command import Command, Context


def check(context: Context) -> None:
    """Schema and rules; raises ConfigError with all that is wrong."""
    config = context.config
    context.out.say(f"{context.args.config}: schema and rules hold")
    context.out.result(
        {"config": context.args.config, "project": config.project}
    )


COMMANDS = (Command("check", "check the configuration, offline", check),)
