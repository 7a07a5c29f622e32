"""Data capture: requests and answers as JSON lines in the account's bucket.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
import datetime
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .endpoints import Endpoint, Serving
from .instances import Answer, s3_parts

Body = dict[str, Any]
Place = tuple[str, str, str]  # account, bucket, the key's beginning


class Capture:
    """Writes <destination>/<endpoint>/<variant>/<yyyy>/<mm>/<dd>/<hh>/. As on
    AWS a file holds several requests, and comes some time after them."""

    def __init__(
        self,
        client: Callable[[str, str], Any],
        dice: random.Random,
        clock: Clock,
    ) -> None:
        self._client = client
        self._dice = dice
        self._clock = clock
        self._waiting: dict[Place, list[bytes]] = {}
        clock.on_tick(self.flush)

    def sampled(self, endpoint: Endpoint) -> bool:
        """Whether this request is one of those captured."""
        capture = endpoint.capture or {}
        if not capture.get("EnableCapture"):
            return False
        percent: int = capture["InitialSamplingPercentage"]
        return self._dice.random() * 100 < percent

    def write(
        self,
        endpoint: Endpoint,
        serving: Serving,
        request: tuple[bytes, str],
        answer: Answer,
        inference_id: str,
    ) -> None:
        """One request to one variant, shadows included."""
        capture = endpoint.capture or {}
        modes = {option["CaptureMode"] for option in capture["CaptureOptions"]}
        if "InputAndOutput" in modes:
            modes |= {"Input", "Output"}
        data = {}
        if "Input" in modes:
            data["endpointInput"] = _part(capture, "INPUT", *request)
        if "Output" in modes:
            data["endpointOutput"] = _part(
                capture, "OUTPUT", answer.body, answer.content_type
            )
        moment = datetime.datetime.fromtimestamp(
            self._clock.now(), datetime.UTC
        )
        event = {
            "eventId": str(uuid.UUID(int=self._dice.getrandbits(128))),
            "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        }
        if inference_id:
            event["inferenceId"] = inference_id
        record = {
            "captureData": data,
            "eventMetadata": event,
            "eventVersion": "0",
        }
        bucket, prefix = s3_parts(capture["DestinationS3Uri"])
        folder = f"{prefix}/{endpoint.name}/{serving.variant}"
        key = f"{folder}/{moment:%Y/%m/%d/%H/%M-%S}-000"
        waiting = self._waiting.setdefault((endpoint.account, bucket, key), [])
        waiting.append(json.dumps(record).encode() + b"\n")

    def flush(self) -> None:
        """What was captured gets to S3."""
        for (account, bucket, key), records in self._waiting.items():
            name = f"{key}-{uuid.UUID(int=self._dice.getrandbits(128))}.jsonl"
            self._client("s3", account).put_object(
                Bucket=bucket, Key=name, Body=b"".join(records)
            )
        self._waiting.clear()


def _part(capture: Body, mode: str, content: bytes, content_type: str) -> Body:
    """Text for the content types of the headers' lists, else base64."""
    header = capture.get("CaptureContentTypeHeader", {})
    bare = content_type.split(";")[0].strip()
    part = {"observedContentType": content_type, "mode": mode}
    if bare in header.get("CsvContentTypes", []):
        return {**part, "data": content.decode(), "encoding": "CSV"}
    if bare in header.get("JsonContentTypes", []):
        return {**part, "data": content.decode(), "encoding": "JSON"}
    encoded = base64.b64encode(content).decode()
    return {**part, "data": encoded, "encoding": "BASE64"}
