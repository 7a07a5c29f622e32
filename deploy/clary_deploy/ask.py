"""A question to the person at the terminal.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import sys

from clary_deploy.command import Context
from clary_deploy.errors import UsageError


def add_argument(parser: argparse.ArgumentParser) -> None:
    """`--yes`, of every command that asks."""
    parser.add_argument(
        "--yes", action="store_true", help="answer yes to every question"
    )


def yes(context: Context, question: str) -> bool:
    """The answer; where nobody can be asked, --yes must have been given."""
    if context.args.yes or context.args.dry_run:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here; give --yes")
    context.out.note(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def word(context: Context, question: str, wanted: str) -> bool:
    """Whether exactly `wanted` was typed, for what cannot be undone."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here")
    context.out.note(f"{question} Type {wanted} to go on:")
    return sys.stdin.readline().strip() == wanted
