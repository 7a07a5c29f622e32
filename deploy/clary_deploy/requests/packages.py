"""SageMaker's registry: model package versions.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config

CONTENT_TYPES = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-npy",
    "text/libsvm",
)
RESPONSE_TYPES = (
    "application/json",
    "text/csv",
    "application/jsonlines",
    "application/x-npy",
)
DESCRIPTION_MAX = 1024


@dataclass(frozen=True)
class Registration:
    """What is known of a model when it is registered."""

    image: str  # REPOSITORY@sha256:...
    model_url: str  # s3://.../model.tar.gz
    sha256: str  # of model.tar.gz
    metrics_url: str = ""  # s3://.../evaluation.json
    metrics_sha256: str = ""
    commit: str = ""
    source: str = ""  # the repository of `commit`
    generated_by: str = ""  # ARN of the job or pipeline run that made it
    description: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


def create(config: Config, made: Registration) -> dict[str, Any]:
    """CreateModelPackage: a version that waits for approval. The same model,
    image and evaluation give the same client token: a repeated call gives the
    version that is there."""
    body: dict[str, Any] = {
        "ModelPackageGroupName": names.group_arn(config),
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": _inference(config, made),
        "ModelLifeCycle": life_cycle("Development", "PendingApproval"),
        "CustomerMetadataProperties": dict(made.metadata),
        "ClientToken": _token(made),
        "SkipModelValidation": "All",
    }
    if made.description:
        body["ModelPackageDescription"] = made.description[:DESCRIPTION_MAX]
    origin = {
        "CommitId": made.commit,
        "Repository": made.source,
        "GeneratedBy": made.generated_by,
    }
    if any(origin.values()):
        body["MetadataProperties"] = {k: v for k, v in origin.items() if v}
    if made.metrics_url:
        body["ModelMetrics"] = {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": made.metrics_url,
                    "ContentDigest": f"sha256:{made.metrics_sha256}",
                }
            }
        }
    if made.card:
        body["ModelCard"] = {
            "ModelCardContent": json.dumps(made.card, sort_keys=True),
            "ModelCardStatus": "PendingReview",
        }
    return body


def _inference(config: Config, made: Registration) -> dict[str, Any]:
    types = sorted(
        {config.endpoints.qa.instance_type, config.endpoints.prod.instance_type}
    )
    return {
        "Containers": [
            {
                "Image": made.image,
                "ImageDigest": made.image.partition("@")[2],
                "ModelDataUrl": made.model_url,
            }
        ],
        "SupportedContentTypes": list(CONTENT_TYPES),
        "SupportedResponseMIMETypes": list(RESPONSE_TYPES),
        "SupportedRealtimeInferenceInstanceTypes": types,
        "SupportedTransformInstanceTypes": types,
    }


def _token(made: Registration) -> str:
    """Of at most 36 characters."""
    text = "\n".join([made.image, made.sha256, made.metrics_sha256])
    return hashlib.sha256(text.encode()).hexdigest()[:36]


def life_cycle(
    stage: str, status: str, description: str = ""
) -> dict[str, str]:
    """ModelLifeCycle. The description is one line."""
    found = {"Stage": stage, "StageStatus": status}
    if description:
        found["StageDescription"] = " ".join(description.split())[
            :DESCRIPTION_MAX
        ]
    return found


def approval(
    arn: str, status: str, reason: str, metadata: Mapping[str, str]
) -> dict[str, Any]:
    """UpdateModelPackage by an approver: `status` Approved or Rejected."""
    return {
        "ModelPackageArn": arn,
        "ModelApprovalStatus": status,
        "ApprovalDescription": reason[:DESCRIPTION_MAX],
        "CustomerMetadataProperties": dict(metadata),
    }


def stage(
    arn: str, cycle: Mapping[str, str], metadata: Mapping[str, str]
) -> dict[str, Any]:
    """UpdateModelPackage by a deployment. It names no approval status, so it
    says ModelLifeCycle and CustomerMetadataProperties in the event's
    UpdatedModelPackageFields, and no rule that waits for an approval fires.

    `metadata` is all of it: whether AWS adds it to what is there or puts it in
    its place is not documented.
    """
    return {
        "ModelPackageArn": arn,
        "ModelLifeCycle": dict(cycle),
        "CustomerMetadataProperties": dict(metadata),
    }
