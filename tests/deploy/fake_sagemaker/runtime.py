"""InvokeEndpoint: from a request to the variant that answers it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .capture import Capture
from .clock import Clock
from .endpoints import Endpoint, Endpoints, Serving
from .errors import ModelError, ValidationError
from .identity import Caller
from .instances import Answer, s3_parts
from .metrics import Invocation, Metrics
from .rules import is_serverless

LARGEST_BODY = 25 * 1024 * 1024
PASSED_ON = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")


@dataclass(frozen=True)
class Invoked:
    """A container's answer, and the variant it came from."""

    answer: Answer
    variant: str


class Runtime:
    """Routes by weights; mirrors to shadows; captures; counts."""

    def __init__(
        self,
        clock: Clock,
        endpoints: Endpoints,
        metrics: Metrics,
        client: Callable[[str, str], Any],
        seed: int = 1,
    ) -> None:
        self._clock = clock
        self._endpoints = endpoints
        self._metrics = metrics
        self._client = client
        self._dice = random.Random(seed)
        self._capture = Capture(client, self._dice, clock)

    def invoke(
        self, caller: Caller, name: str, body: bytes, headers: Mapping[str, str]
    ) -> Invoked:
        endpoint = self._endpoints.find(caller, name)
        if self._is_asynchronous(endpoint):
            raise ValidationError(
                f"Endpoint {name} is asynchronous; use InvokeEndpointAsync"
            )
        return self._invoked(endpoint, body, headers)

    def invoke_async(
        self, caller: Caller, name: str, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """The input comes from S3, and the answer goes there. It is there at
        once; an error goes to the failure path, where there is one."""
        endpoint = self._endpoints.find(caller, name)
        if not self._is_asynchronous(endpoint):
            raise ValidationError(f"Endpoint {name} is not asynchronous")
        source = headers["X-Amzn-SageMaker-InputLocation"]
        s3 = self._client("s3", endpoint.account)
        bucket, key = s3_parts(source)
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        config = self._endpoints.config_of(endpoint, endpoint.config_name)
        places = config["AsyncInferenceConfig"]["OutputConfig"]
        identity = str(uuid.UUID(int=self._dice.getrandbits(128)))
        target = f"{places['S3OutputPath'].rstrip('/')}/{identity}.out"
        answer = {
            "InferenceId": headers.get(
                "X-Amzn-SageMaker-Inference-Id", identity
            ),
            "OutputLocation": target,
        }
        if "S3FailurePath" in places:
            folder = places["S3FailurePath"].rstrip("/")
            answer["FailureLocation"] = f"{folder}/{identity}-error.out"
        try:
            done = self._invoked(endpoint, body, _of_model(headers))
            written, at = done.answer.body, target
        except ModelError as error:
            written, at = error.message.encode(), answer.get("FailureLocation")
        if at:
            bucket, key = s3_parts(at)
            s3.put_object(Bucket=bucket, Key=key, Body=written)
        return answer

    def _is_asynchronous(self, endpoint: Endpoint) -> bool:
        config = self._endpoints.config_of(endpoint, endpoint.config_name)
        return "AsyncInferenceConfig" in config

    def _invoked(
        self, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]
    ) -> Invoked:
        if not endpoint.live:
            raise ValidationError(
                f"Endpoint {endpoint.name} of account "
                f"{endpoint.account} not found."
            )
        if len(body) > LARGEST_BODY:
            raise ValidationError("the body is larger than 25 MB")
        serving = self._chosen(
            endpoint, headers.get("X-Amzn-SageMaker-Target-Variant", "")
        )
        sampled = self._capture.sampled(endpoint)
        answer = self._served(endpoint, serving, body, headers, sampled)
        for shadow in endpoint.live:
            if shadow.shadow and self._is_mirrored(endpoint, shadow):
                self._served(endpoint, shadow, body, headers, sampled)
        if answer.status != 200:
            message = answer.body.decode(errors="replace")
            raise ModelError(
                f"Received client error ({answer.status}) from "
                f'{serving.variant} with message "{message}".',
                OriginalStatusCode=answer.status,
                OriginalMessage=message,
                LogStreamArn=f"arn:aws:logs:::log-group:{endpoint.name}",
            )
        return Invoked(answer, serving.variant)

    def _chosen(self, endpoint: Endpoint, target: str) -> Serving:
        """First between the old and the new fleet, then by weight."""
        fleets = endpoint.live
        if endpoint.green and self._dice.random() < endpoint.green_share:
            fleets = endpoint.green
        production = [fleet for fleet in fleets if not fleet.shadow]
        if target:
            for fleet in production:
                if fleet.variant == target:
                    return fleet
            raise ValidationError(
                f"Variant {target} not found on {endpoint.name}."
            )
        weights = [fleet.weight for fleet in production]
        if not any(weights):
            raise ValidationError("every variant of the endpoint has weight 0")
        return self._dice.choices(production, weights)[0]

    def _is_mirrored(self, endpoint: Endpoint, shadow: Serving) -> bool:
        """A shadow gets the share shadow weight : production weight."""
        production = next(fleet for fleet in endpoint.live if not fleet.shadow)
        return self._dice.random() * production.weight < shadow.weight

    def _served(
        self,
        endpoint: Endpoint,
        serving: Serving,
        body: bytes,
        headers: Mapping[str, str],
        sampled: bool,
    ) -> Answer:
        passed = {name: headers[name] for name in PASSED_ON if name in headers}
        answer = serving.fleet.invoke(body, passed)
        self._metrics.record(
            Invocation(
                account=endpoint.account,
                time=self._clock.now(),
                endpoint=endpoint.name,
                variant=serving.variant,
                config=serving.fleet.config,
                status=answer.status,
                model_latency=answer.microseconds,
            )
        )
        if sampled and not is_serverless(
            {"ProductionVariants": [serving.body]}
        ):
            self._capture.write(
                endpoint,
                serving,
                (body, headers.get("Content-Type", "")),
                answer,
                headers.get("X-Amzn-SageMaker-Inference-Id", ""),
            )
        return answer


def _of_model(headers: Mapping[str, str]) -> dict[str, str]:
    """An asynchronous request names the body's type in headers of its own."""
    own = {
        "X-Amzn-SageMaker-Content-Type": "Content-Type",
        "X-Amzn-SageMaker-Accept": "Accept",
    }
    kept = {k: v for k, v in headers.items() if k not in own.values()}
    return kept | {own[k]: v for k, v in headers.items() if k in own}
