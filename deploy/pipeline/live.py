"""The version that prod serves now, and how good it is on today's rows.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import layout

Mse = Callable[[Path], float]  # of an artifact, on the rows at hand


class Live(NamedTuple):
    """What a new version is compared with."""

    version: int
    mse: float
    how: str  # "measured": on the same rows; "registered": as it was then


def find(group: str, stage: str, measure: Mse) -> Live | None:
    """Of the model package group `group` (an ARN); None: prod serves none.

    It is measured anew on the rows of this run. An artifact that does not take
    them (other features) counts with the MSE that it was registered with.
    """
    import boto3  # here: nothing else of the evaluation needs it

    registry = boto3.client("sagemaker", region_name=group.split(":")[3])
    package = _served(registry, group, stage)
    if package is None:
        return None
    number = int(package["ModelPackageVersion"])
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tar.gz"
        boto3.client("s3").download_file(bucket, key, str(path))
        try:
            return Live(number, measure(path), "measured")
        except layout.StepError as refusal:
            known = package.get("CustomerMetadataProperties", {}).get("mse")
            if known is None:
                raise layout.StepError(
                    f"version {number}, which is live, does not take these "
                    f"rows, and no MSE is registered with it: {refusal}"
                ) from refusal
            return Live(number, float(known), "registered")


def _served(registry: Any, group: str, stage: str) -> dict[str, Any] | None:
    """The newest version that the registry says prod serves."""
    pages = registry.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    for page in pages:
        for summary in page["ModelPackageSummaryList"]:
            found: dict[str, Any] = registry.describe_model_package(
                ModelPackageName=summary["ModelPackageArn"]
            )
            cycle = found.get("ModelLifeCycle", {})
            if (
                cycle.get("Stage") == stage
                and cycle.get("StageStatus") == "Approved"
            ):
                return found
    return None
