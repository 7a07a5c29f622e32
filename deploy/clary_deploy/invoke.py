"""Asks an endpoint, of whichever kind, and takes the time.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from clary_deploy.errors import AwsError
from clary_deploy.s3 import read_object, split
from clary_deploy.stages import Stage

CSV = "text/csv"
ASYNC_SECONDS = 900


@dataclass(frozen=True)
class Reply:
    """An answer of the model: 200, or the container's own error status."""

    status: int
    body: str
    seconds: float
    variant: str

    def numbers(self) -> list[list[float]]:
        """The rows of a CSV answer."""
        return [
            [float(cell) for cell in line.split(",")]
            for line in self.body.splitlines()
            if line.strip()
        ]


def invoke(
    stage: Stage,
    body: str,
    *,
    content_type: str = CSV,
    variant: str = "",
    inference_id: str = "",
) -> Reply:
    """One request, answered as CSV."""
    request: dict[str, Any] = {
        "EndpointName": stage.endpoint.name,
        "ContentType": content_type,
        "Accept": CSV,
    }
    if variant:
        request["TargetVariant"] = variant
    if inference_id:
        request["InferenceId"] = inference_id
    if stage.endpoint.asynchronous:
        request.pop("TargetVariant", None)
        return _invoke_later(stage, request, body)
    return _invoke_now(stage, request, body)


def _invoke_now(stage: Stage, request: Mapping[str, Any], body: str) -> Reply:
    client = stage.account.client("sagemaker-runtime")
    started = time.perf_counter()
    try:
        answer = client.invoke_endpoint(**request, Body=body.encode())
    except ClientError as error:
        if "OriginalStatusCode" not in error.response:
            raise AwsError(f"{request['EndpointName']}: {error}") from error
        return Reply(
            status=int(error.response["OriginalStatusCode"]),
            body=str(error.response.get("OriginalMessage", "")),
            seconds=time.perf_counter() - started,
            variant=str(request.get("TargetVariant", "")),
        )
    except BotoCoreError as error:
        raise AwsError(f"{request['EndpointName']}: {error}") from error
    text = answer["Body"].read().decode()
    return Reply(
        status=200,
        body=text,
        seconds=time.perf_counter() - started,
        variant=answer.get("InvokedProductionVariant", ""),
    )


def _invoke_later(stage: Stage, request: Mapping[str, Any], body: str) -> Reply:
    """Asynchronous: the request and its answer are objects in S3."""
    own = stage.endpoint.asynchronous
    assert own is not None
    bucket, prefix = split(own.output)
    name = hashlib.sha256(body.encode()).hexdigest()[:16]
    key = f"{prefix}/claryctl/{name}.csv".lstrip("/")
    stage.account.client("s3").put_object(
        Bucket=bucket, Key=key, Body=body.encode()
    )
    started = time.perf_counter()
    try:
        answer = stage.account.client(
            "sagemaker-runtime"
        ).invoke_endpoint_async(**request, InputLocation=f"s3://{bucket}/{key}")
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"{request['EndpointName']}: {error}") from error
    places = {200: answer["OutputLocation"]}
    if "FailureLocation" in answer:
        places[400] = answer["FailureLocation"]
    while time.perf_counter() - started < ASYNC_SECONDS:
        for status, place in places.items():
            content = read_object(stage.account, place)
            if content is not None:
                seconds = time.perf_counter() - started
                return Reply(status, content.decode(), seconds, "")
        stage.context.sleep()
    raise AwsError(f"no answer at {answer['OutputLocation']}")
