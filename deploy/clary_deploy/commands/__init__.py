"""THE table of commands: one module a group, in the order of the help.

A module has `COMMANDS`, a tuple of `Command`; nothing else finds commands.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy.command import Command
from clary_deploy.commands import (
    ab,
    audit,
    batch,
    check,
    deliver,
    doctor,
    image,
    pipeline,
    register,
    render,
    report,
    resolve,
    setup,
    shadow,
    status,
    teardown,
    versions,
)

GROUPS = (
    doctor,
    check,
    render,
    setup,
    image,
    pipeline,
    register,
    versions,
    resolve,
    deliver,
    report,
    ab,
    shadow,
    batch,
    status,
    audit,
    teardown,
)

ALL: tuple[Command, ...] = tuple(
    command for group in GROUPS for command in group.COMMANDS
)
