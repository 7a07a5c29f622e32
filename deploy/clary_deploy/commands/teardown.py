"""claryctl teardown: the way back, in the reverse order of setup. Of QA and
prod the endpoint and what belongs to it, and when asked the stack too.

What holds models (the registry, their bucket, their key, the images) outlives
its stack: the templates retain it. To give that stack up at all, one must say
so twice: with --models-too, and by typing the project's name.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from typing import Any

from clary_deploy import ask, names, removal
from clary_deploy.command import Command, Context
from clary_deploy.config import STAGES
from clary_deploy.errors import PreconditionError
from clary_deploy.stacks import EMPTY, Stack
from clary_deploy.stages import open_stage


def teardown(context: Context) -> None:
    """The endpoints first: their roles are what the stacks hold."""
    asked = context.args.stack
    parts = list(reversed(names.STACKS)) if asked == "all" else [asked]
    if "shared" in parts:
        _told_twice(context)
    whole = asked not in STAGES or context.args.stack_too
    gone = {
        part: _endpoint(context, part)
        for part in parts
        if part in STAGES and not (whole and _absent(Stack(context, part)))
    }
    stacks = [_stack(context, part) for part in parts] if whole else []
    context.out.result({"gone": gone, "stacks": stacks})


def _absent(stack: Stack) -> bool:
    return stack.settled() in EMPTY and not stack.account.dry_run


def _told_twice(context: Context) -> None:
    project = context.config.project
    if not context.args.models_too:
        raise PreconditionError(
            f"{names.stack(context.config, 'shared')} is what keeps every "
            f"model version of {project}; --models-too, and the project's "
            "name when asked, give it up"
        )
    if context.args.dry_run or context.args.confirm == project:
        return
    if context.args.confirm or not ask.word(
        context, f"The registry of {project} goes.", project
    ):
        raise PreconditionError("that is not the project's name")


def _stack(context: Context, part: str) -> dict[str, Any]:
    stack = Stack(context, part)
    context.out.heading(stack.name)
    if _absent(stack):
        context.out.say("there is none")
        return {"stack": stack.name, "deleted": False}
    retained = _retained(stack)
    if not ask.yes(context, f"Delete {stack.name}?"):
        raise PreconditionError(f"{stack.name}: nothing was deleted")
    if part == "shared":
        stack.protect(on=False)
    stack.delete()
    for item in retained:
        context.out.say(f"kept: {item}")
    return {"stack": stack.name, "deleted": True, "retained": retained}


def _endpoint(context: Context, part: str) -> list[str]:
    """What runs, and what belongs to it."""
    context.out.heading(context.config.endpoints.of(part).name)
    if not ask.yes(context, f"Delete the endpoint of {part}?"):
        raise PreconditionError(f"{part}: nothing was deleted")
    gone = removal.remove_stage(open_stage(context, part))
    for item in gone:
        context.out.say(f"gone: {item}")
    if not gone:
        context.out.say("nothing to delete")
    return gone


def _retained(stack: Stack) -> list[str]:
    """What the template has outlive the stack."""
    made = stack.template.body["Resources"]
    return [
        f"{item['ResourceType']} {item.get('PhysicalResourceId', '')}"
        for item in stack.resources()
        if made.get(item["LogicalResourceId"], {})
        .get("DeletionPolicy", "Delete")
        .startswith("Retain")
    ]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stack",
        choices=[*names.STACKS, "all"],
        help="qa and prod: the endpoint; the others, and all: the stacks",
    )
    parser.add_argument(
        "--stack-too",
        action="store_true",
        help="of qa and prod: not only the endpoint, also the stack",
    )
    parser.add_argument(
        "--models-too",
        action="store_true",
        help="also the stack of the registry; what holds models is retained",
    )
    parser.add_argument(
        "--confirm",
        metavar="PROJECT",
        default="",
        help="with --models-too: the project's name, where nobody can be asked",
    )
    ask.add_argument(parser)


COMMANDS = (
    Command("teardown", "delete endpoints and stacks; models are kept",
            teardown, _arguments),
)  # fmt: skip
