"""claryctl check: all that can be known without AWS.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy import names, policy, template
from clary_deploy.command import Command, Context
from clary_deploy.commands.render import resources
from clary_deploy.errors import ConfigError, Problem
from clary_deploy.requests import cloudformation
from clary_deploy.template import TemplateError

TEMPLATE_MAX = 51_200  # bytes of a template that is sent with its request


def check(context: Context) -> None:
    """Schema and rules first, then every stack with this configuration."""
    config = context.config
    found: list[Problem] = []
    rows = []
    for part in names.STACKS:
        problems = _stack(context, part)
        found += [Problem(part, "stack", text) for text in problems]
        place = cloudformation.place(config, part)
        made = {} if problems else resources(context, part)
        documents = sum(1 for _ in template.policies(made))
        rows.append((place.stack, place.account, len(made), documents))
    if found:
        raise ConfigError(context.args.config, found)
    context.out.say(f"{context.args.config}: schema and rules hold")
    columns = ["stack", "account", "resources", "policies"]
    context.out.table(columns, rows)
    context.out.result(
        {
            "config": context.args.config,
            "stacks": [dict(zip(columns, row, strict=True)) for row in rows],
        }
    )


def _stack(context: Context, part: str) -> list[str]:
    text = template.Template.named(names.TEMPLATES[part]).text
    size = len(text.encode())
    found = []
    if size > TEMPLATE_MAX:
        found.append(f"the template has {size} bytes, at most {TEMPLATE_MAX}")
    try:
        return found + policy.problems(resources(context, part))
    except TemplateError as error:
        return [*found, str(error)]


COMMANDS = (
    Command("check", "check configuration, stacks and policies, offline",
            check),
)  # fmt: skip
