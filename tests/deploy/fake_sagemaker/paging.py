"""Lists in pages, as every List operation answers.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import ValidationError

PAGE = 10  # what AWS uses by default in most lists; callers must page


def page(
    key: str, items: Sequence[dict[str, Any]], request: dict[str, Any]
) -> dict[str, Any]:
    """{key: items of this page, NextToken: where the next one begins}."""
    token = request.get("NextToken", "0")
    if not token.isdigit():
        raise ValidationError("the NextToken is not valid")
    start = int(token)
    end = start + request.get("MaxResults", PAGE)
    answer: dict[str, Any] = {key: list(items[start:end])}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer


def in_order(
    items: Sequence[dict[str, Any]], request: dict[str, Any], by: str
) -> list[dict[str, Any]]:
    """Sorted by the member `by`; descending, as AWS does by default."""
    ascending = request.get("SortOrder") == "Ascending"
    return sorted(items, key=lambda item: item[by], reverse=not ascending)
