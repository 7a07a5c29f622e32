"""From the command line to a command: argparse, made from the table.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from clary_deploy.command import Command, Context
from clary_deploy.commands import ALL
from clary_deploy.errors import ClaryctlError
from clary_deploy.output import Output

EXIT_CODES = """\
exit codes: 0 done, 2 usage, 3 configuration, 4 a precondition does not hold,
5 deployed and rolled back, 6 tests failed, 7 AWS refused"""

INTERRUPTED = 130


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog="claryctl",
        description="Models from a registry to endpoints, across accounts.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in ALL:
        first, _, second = command.name.partition(" ")
        if not second:
            _add(commands, first, command, environ)
            continue
        if first not in groups:
            group = commands.add_parser(first, help=_actions(first))
            groups[first] = group.add_subparsers(
                metavar="ACTION", required=True
            )
        _add(groups[first], second, command, environ)
    last = commands.add_parser("help", help="prints this list")
    last.set_defaults(help_of=root)
    return root


def _actions(group: str) -> str:
    """The second words of the commands of two words."""
    names = [command.name.split() for command in ALL]
    return ", ".join(words[1] for words in names if words[0] == group)


def _add(
    where: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    environ: Mapping[str, str],
) -> None:
    sub = where.add_parser(
        name,
        help=command.help,
        description=command.help,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.arguments(sub)
    common = sub.add_argument_group("of every command")
    common.add_argument(
        "--config",
        metavar="FILE",
        default=environ.get("CLARYCTL_CONFIG", "clary.json"),
        help="the configuration (%(default)s; $CLARYCTL_CONFIG)",
    )
    common.add_argument(
        "--dry-run",
        action="store_true",
        help="print the exact requests that would change something",
    )
    common.add_argument(
        "--json", action="store_true", help="one JSON document on stdout"
    )
    common.add_argument(
        "--single-account",
        action="store_true",
        help="allow the same account number twice, for trying out",
    )
    sub.set_defaults(command=command)


def main(
    argv: Sequence[str] | None = None,
    *,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Runs one command; its exit code (see errors.py)."""
    args = parser(environ).parse_args(argv)
    if hasattr(args, "help_of"):
        args.help_of.print_help(stdout or sys.stdout)
        return 0
    out = Output(
        as_json=args.json, stdout=stdout, stderr=stderr, environ=environ
    )
    try:
        args.command.run(Context(args, out, environ))
    except ClaryctlError as error:
        return _failed(out, error)
    except KeyboardInterrupt:
        out.note("claryctl: interrupted; the same command goes on from here")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has gone (claryctl ... | head): nothing to say, to nobody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _failed(out: Output, error: ClaryctlError) -> int:
    out.note(f"claryctl: {error}")
    out.result({"error": error.as_json()})
    return error.exit_code
