"""What can go wrong, each with its exit code.

A message is one sentence for the person at the terminal: what was found, what
was expected, where, and what to do when that is not plain.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ClaryctlError(Exception):
    """Ends the command with `exit_code`; the message is all a user sees."""

    exit_code = 7
    kind = "error"

    def as_json(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {"kind": self.kind, "message": str(self)}


class UsageError(ClaryctlError):
    """The command line asks for what cannot be."""

    exit_code = 2
    kind = "usage"


@dataclass(frozen=True)
class Problem:
    """One rule that a configuration breaks."""

    key: str  # the path in the file: "endpoints.prod.instances"
    rule: str  # the name of the rule: "canary-needs-two"
    message: str  # what was found and what was expected

    def __str__(self) -> str:
        return f"{self.key}: {self.message} [{self.rule}]"


class ConfigError(ClaryctlError):
    """The configuration breaks rules: all of them, not the first."""

    exit_code = 3
    kind = "config"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{source} has {count} {noun}:\n{lines}")

    def as_json(self) -> dict[str, object]:
        problems = [vars(problem) for problem in self.problems]
        return {**super().as_json(), "problems": problems}


class PreconditionError(ClaryctlError):
    """Not now: not approved, QA not passed, an alarm firing."""

    exit_code = 4
    kind = "precondition"


class RolledBackError(ClaryctlError):
    """The new version was deployed, and what runs now is not it."""

    exit_code = 5
    kind = "rolled-back"


class TestsFailedError(ClaryctlError):
    """The endpoint answers, but not as the configuration demands."""

    exit_code = 6
    kind = "tests-failed"
    __test__ = False  # a name that pytest would take for a test


class AwsError(ClaryctlError):
    """AWS refused a request, or a stack or an endpoint failed."""

    exit_code = 7
    kind = "aws"

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code  # as AWS names it: "ValidationException"
        super().__init__(message)
