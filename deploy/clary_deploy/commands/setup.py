"""claryctl setup: the stacks, each shown before it is changed.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from clary_deploy import ask, names, s3, source, stacks
from clary_deploy.command import Command, Context
from clary_deploy.errors import PreconditionError
from clary_deploy.stacks import Change, Stack

NEED_KEY = ("data-science", "qa", "prod")


def setup(context: Context) -> None:
    """One stack, or all in the order in which they need each other."""
    asked = context.args.stack
    parts = list(names.STACKS) if asked == "all" else [asked]
    done: dict[str, Any] = {}
    for part in parts:
        done[part] = _one(context, part)
    context.out.result({"stacks": done})


def _one(context: Context, part: str) -> dict[str, Any]:
    key = stacks.key_arn(context) if part in NEED_KEY else ""
    stack = Stack(context, part, key)
    number = context.config.accounts.number(names.stack_account(part))
    context.out.heading(f"{stack.name} in {stack.account.name} ({number})")
    changes = stack.plan()
    if changes:
        _show(context, changes)
        _consent(context, stack, changes)
    if changes or context.args.dry_run:
        stack.execute()
    else:
        context.out.say("up to date")
    if part == "shared":
        stack.protect(on=True)
    if part == "deployment":
        _upload_source(context, stack, changes)
    outputs = {} if context.args.dry_run else stack.outputs()
    for name, value in outputs.items():
        context.out.say(f"  {name} = {value}")
    context.out.say()
    return {
        "stack": stack.name,
        "account": number,
        "changes": [vars(change) for change in changes],
        "outputs": outputs,
    }


def _show(context: Context, changes: list[Change]) -> None:
    columns = ["change", "resource", "type", "replaced"]
    context.out.table(
        columns,
        [(c.action, c.resource, c.kind, c.replacement) for c in changes],
    )


def _consent(context: Context, stack: Stack, changes: list[Change]) -> None:
    lost = [change.resource for change in changes if change.loses_models]
    if lost:
        stack.forget_plan()
        raise PreconditionError(
            f"{stack.name}: this would replace or remove what holds models "
            f"({', '.join(lost)}); a new name needs a new project, or the old "
            "name back in the configuration"
        )
    if not ask.yes(context, f"Execute these {len(changes)} changes?"):
        stack.forget_plan()
        raise PreconditionError(f"{stack.name}: nothing was changed")


def _upload_source(
    context: Context, stack: Stack, changes: list[Change]
) -> None:
    """What CodeBuild runs: this very claryctl and configuration. Under a new
    key anew: the bucket outlives its stack, and what it holds under the key
    before, the roles of today cannot read."""
    new_key = any(
        (change.action, change.kind) == ("Add", "AWS::KMS::Key")
        for change in changes
    )
    bucket = names.source_bucket(context.config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deploy.zip"
        source.write(path, context.config, Path(context.args.config))
        put = s3.put if new_key else s3.put_once
        sha256 = put(stack.account, path, f"s3://{bucket}/{source.KEY}")
    context.out.say(f"  {source.KEY} in {bucket}: sha256 {sha256}")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stack",
        choices=[*names.STACKS, "all"],
        help="which; all is in the order of this list",
    )
    ask.add_argument(parser)


COMMANDS = (
    Command("setup", "make the stacks, or bring them up to date", setup,
            _arguments),
)  # fmt: skip
