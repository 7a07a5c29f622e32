"""A clock that only tests move.

It starts two days ago, so that whatever happens on it is in the past of the
program under test, which reads the real clock for the end of a report.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import time
from collections.abc import Callable

START_SECONDS_AGO = 2 * 24 * 3600
TICK = 10.0  # seconds; everything on the clock happens at multiples of it


class Clock:
    """Simulated seconds since the epoch, and who wants to know of each tick."""

    def __init__(self) -> None:
        self._now = time.time() // TICK * TICK - START_SECONDS_AGO
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        return self._now

    def on_tick(self, listener: Callable[[], None]) -> None:
        """`listener` is called after each tick."""
        self._listeners.append(listener)

    def advance(self, seconds: float) -> None:
        """Time goes by, a tick at a time."""
        end = self._now + seconds
        while self._now < end:
            self._now += TICK
            for listener in self._listeners:
                listener()
