"""Names of resources.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ValidationError


@dataclass(frozen=True)
class Arn:
    """arn:partition:service:region:account:kind/name"""

    partition: str
    service: str
    region: str
    account: str
    kind: str
    name: str

    def __str__(self) -> str:
        return (
            f"arn:{self.partition}:{self.service}:{self.region}:"
            f"{self.account}:{self.kind}/{self.name}"
        )

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Refuses what is not an ARN of a kind and a name."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or "/" not in parts[5]:
            raise ValidationError(f"{text!r} is not an ARN")
        kind, _, name = parts[5].partition("/")
        return cls(parts[1], parts[2], parts[3], parts[4], kind, name)


def is_arn(text: str) -> bool:
    return text.startswith("arn:")
