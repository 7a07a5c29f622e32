"""What git says of the folder that a command is started in.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import subprocess


def say(*arguments: str) -> str:
    """One line; nothing outside a checkout, or without git."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
