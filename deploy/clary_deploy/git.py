"""What git says of the folder that a command is started in.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
import subprocess


def commit() -> str:
    return _say("rev-parse", "HEAD")


def repository() -> str:
    """Where the checkout comes from, without the password that a URL of a
    build server may hold: the registry would show it to every account."""
    return re.sub(r"//[^/@]*@", "//", _say("remote", "get-url", "origin"))


def _say(*arguments: str) -> str:
    """One line; nothing outside a checkout, or without git."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
