"""THE table of commands: one module a group, in the order of the help.

A module has `COMMANDS`, a tuple of `Command`; nothing else finds commands.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy.command import Command
from clary_deploy.commands import (
    check,
    deliver,
    image,
    register,
    status,
    versions,
)

GROUPS = (check, image, register, versions, deliver, status)

ALL: tuple[Command, ...] = tuple(
    command for group in GROUPS for command in group.COMMANDS
)
