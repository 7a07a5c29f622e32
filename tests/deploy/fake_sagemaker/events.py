"""The events SageMaker puts on an account's default bus, on moto's EventBridge.

Rules, targets and buses in other accounts are moto's part. AWS says that it may
send an event several times; `copies` makes it so.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .clock import Clock

PACKAGE = "SageMaker Model Package State Change"
ENDPOINT = "SageMaker Endpoint State Change"
EXECUTION = "SageMaker Model Building Pipeline Execution Status Change"
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"

ClientFor = Callable[[str, str], Any]  # (service, account) -> a boto3 client


class Events:
    """Puts events; keeps them too, for tests to look at."""

    def __init__(self, client: ClientFor, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.copies = 1
        self.sent: list[dict[str, Any]] = []

    def put(
        self, account: str, detail_type: str, arn: str, detail: dict[str, Any]
    ) -> None:
        """One state change of the resource `arn`, in its account."""
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": detail_type,
            "Resources": [arn],
            "Detail": json.dumps(detail, default=str),
        }
        self.sent.append({"Account": account, **entry, "Detail": detail})
        for _ in range(self.copies):
            self._client("events", account).put_events(Entries=[entry])

    def package(
        self, account: str, package: dict[str, Any], updated: list[str]
    ) -> None:
        """A version was made or changed; `updated` names what changed."""
        fields = (
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "CreationTime",
            "InferenceSpecification",
            "ModelPackageStatus",
            "ModelPackageStatusDetails",
            "CertifyForMarketplace",
            "ModelApprovalStatus",
            "MetadataProperties",
            "ModelMetrics",
            "ModelLifeCycle",
            "LastModifiedTime",
        )
        detail = {name: package[name] for name in fields if name in package}
        detail["UpdatedModelPackageFields"] = updated
        self.put(account, PACKAGE, package["ModelPackageArn"], detail)

    def endpoint(self, account: str, described: dict[str, Any]) -> None:
        """An endpoint's status changed, or a step of its deployment."""
        detail = {
            **described,
            "EndpointStatus": _shouted(described["EndpointStatus"]),
            "Tags": {},
        }
        deploying = "PendingDeploymentSummary" in described
        kind = DEPLOYMENT if deploying else ENDPOINT
        self.put(account, kind, described["EndpointArn"], detail)

    def execution(self, run: Any) -> None:
        """A run of a training pipeline ended."""
        arn = run.pipeline["PipelineArn"]
        detail = {
            "pipelineArn": arn,
            "pipelineExecutionArn": run.arn,
            "previousPipelineExecutionStatus": "Executing",
            "currentPipelineExecutionStatus": run.status,
        }
        self.put(arn.split(":")[4], EXECUTION, arn, detail)


def _shouted(status: str) -> str:
    """ "InService" is "IN_SERVICE" in an event."""
    words = "".join(f"_{c}" if c.isupper() else c for c in status)
    return words.lstrip("_").upper()
