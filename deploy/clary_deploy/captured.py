"""Captured requests: what data capture has left in S3.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clary_deploy import s3
from clary_deploy.requests import hosting
from clary_deploy.stages import Stage


@dataclass(frozen=True)
class Captured:
    """One request to one variant, and its answer."""

    variant: str
    time: str
    inference_id: str  # the caller's own, where it gave one
    request: str
    predictions: tuple[float, ...]  # the first output of each row


def read(
    stage: Stage, variant: str, since: datetime.datetime
) -> Iterator[Captured]:
    """What was captured of a variant from `since` on, in S3's order."""
    place = hosting.capture_destination(stage.config, stage.name)
    bucket, _ = s3.split(place)
    begin = f"{since.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    folder = f"{place}/{stage.endpoint.name}/{variant}"
    for key in s3.keys_under(stage.account, folder):
        if not key.endswith(".jsonl"):
            continue
        content = s3.read_object(stage.account, f"s3://{bucket}/{key}")
        for line in (content or b"").splitlines():
            found = of_record(variant, json.loads(line))
            if found and found.time >= begin:
                yield found


def of_record(variant: str, record: Mapping[str, Any]) -> Captured | None:
    """One line; None when a side of it was not captured."""
    data = record["captureData"]
    if "endpointInput" not in data or "endpointOutput" not in data:
        return None
    output = data["endpointOutput"]
    event = record["eventMetadata"]
    kind = output.get("observedContentType", "")
    return Captured(
        variant=variant,
        time=event["inferenceTime"],
        inference_id=event.get("inferenceId", ""),
        request=_text(data["endpointInput"]),
        predictions=predictions(_text(output), kind),
    )


def _text(part: Mapping[str, Any]) -> str:
    text: str = part["data"]
    if part["encoding"] == "BASE64":
        return base64.b64decode(text).decode(errors="replace")
    return text


def predictions(text: str, content_type: str) -> tuple[float, ...]:
    """The first output of each row, of a CSV or a JSON answer; none of an
    error."""
    try:
        if content_type.startswith("application/json"):
            return tuple(_firsts(json.loads(text)))
        lines = text.replace("\n", " ").split()
        return tuple(float(line.split(",")[0]) for line in lines)
    except ValueError:
        return ()


def _firsts(value: Any) -> Iterator[float]:
    """The first number of each row, wherever the format keeps its rows."""
    if isinstance(value, Mapping):
        for key in ("predictions", "outputs", "score", "predicted_label"):
            if key in value:
                yield from _firsts(value[key])
                return
        return
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        found = _first(row)
        if found is not None:
            yield found


def _first(row: Any) -> float | None:
    if isinstance(row, bool):
        return None
    if isinstance(row, int | float):
        return float(row)
    if isinstance(row, list):
        return _first(row[0]) if row else None
    if isinstance(row, Mapping):
        found = next(iter(_firsts(row)), None)
        return (
            _first(next(iter(row.values()), None)) if found is None else found
        )
    return None
