"""claryctl render: what the stacks come to, offline.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from typing import Any

from clary_deploy import names, template
from clary_deploy.command import Command, Context
from clary_deploy.output import to_json
from clary_deploy.requests import cloudformation

POLICIES = "policies"


def render(context: Context) -> None:
    """The resources of a stack, or every policy, with nothing left to fill
    in but what AWS invents (the id of the key)."""
    asked = context.args.what
    parts = [asked] if asked in names.STACKS else list(names.STACKS)
    found: dict[str, Any] = {}
    for part in parts:
        rendered = resources(context, part)
        if asked == POLICIES:
            found[part] = {
                f"{name}.{which}": document
                for name, which, document in template.policies(rendered)
            }
        else:
            found[part] = {
                "account": cloudformation.place(context.config, part).account,
                "parameters": cloudformation.parameters(context.config, part),
                "resources": rendered,
            }
    context.out.say(to_json(found))
    context.out.result(found)


def resources(context: Context, part: str) -> dict[str, dict[str, Any]]:
    """The resolved resources of one stack."""
    return template.Template.named(names.TEMPLATES[part]).resolved(
        cloudformation.parameters(context.config, part),
        cloudformation.place(context.config, part),
    )["Resources"]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=[*names.STACKS, POLICIES, "all"],
        help="one stack, every policy, or all (%(default)s)",
    )


COMMANDS = (
    Command("render", "print stacks and policies as they come to", render,
            _arguments),
)  # fmt: skip
