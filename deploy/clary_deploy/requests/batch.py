"""Batch transform: rows of S3 through a model, without an endpoint.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

from clary_deploy import names
from clary_deploy.config import Batch, Config
from clary_deploy.requests import hosting

CSV = "text/csv"


def name_prefix(config: Config, stage: str) -> str:
    """Of the jobs of a stage."""
    return f"{config.project}-{stage}-batch-"


def job_name(config: Config, stage: str, version: int, token: str) -> str:
    suffix = f"v{version}-{token}"
    return f"{name_prefix(config, stage)}{suffix}"[: names.NAME_MAX]


def create(
    config: Config,
    stage: str,
    batch: Batch,
    model: str,
    version: int,
    name: str,
) -> dict[str, Any]:
    """CreateTransformJob: each row of the input comes back with its
    predictions behind it, in order (JoinSource)."""
    features = f"$[{batch.skip}:]" if batch.skip else "$"
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": batch.input,
                }
            },
            "ContentType": CSV,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": output(batch, name),
            "Accept": CSV,
            "AssembleWith": "Line",
        },
        "DataProcessing": {
            "InputFilter": features,
            "OutputFilter": "$",
            "JoinSource": "Input",
        },
        "TransformResources": {
            "InstanceType": batch.instance_type,
            "InstanceCount": batch.instances,
        },
        "Tags": hosting.tags(config, stage=stage, version=str(version)),
    }


def output(batch: Batch, name: str) -> str:
    """A folder of its own for each job."""
    return f"{batch.output.rstrip('/')}/{name}"


def newest(config: Config, stage: str) -> dict[str, Any]:
    """ListTransformJobs: the newest of the stage."""
    return {
        "NameContains": name_prefix(config, stage),
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": 1,
    }
