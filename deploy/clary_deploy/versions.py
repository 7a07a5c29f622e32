"""Versions in the registry: what is known of each, and what is written back.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config
from clary_deploy.errors import PreconditionError
from clary_deploy.requests import packages
from clary_deploy.session import Account

# what AWS lets stand in a metadata value
METADATA_MAX = 256
FORBIDDEN = re.compile(r"[^\w\s.:/=+\-@]")

IN_PROGRESS, APPROVED, REJECTED = "InProgress", "Approved", "Rejected"
ARCHIVED, RETIRED = "Archived", "Retired"


@dataclass(frozen=True)
class Version:
    """One version of the group, as the registry describes it."""

    number: int
    arn: str
    status: str  # Completed, Pending, Failed, ...
    approval: str  # Approved, Rejected, PendingManualApproval
    image: str
    model_url: str
    created: datetime.datetime
    approval_reason: str = ""
    stage: str = ""  # of ModelLifeCycle
    stage_status: str = ""
    stage_description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    metrics_url: str = ""
    metrics_digest: str = ""  # sha256:..., as it was registered
    origin: Mapping[str, str] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    @property
    def digest(self) -> str:
        """sha256:..., or nothing where the image is a tag."""
        return self.image.partition("@")[2]

    @property
    def sha256(self) -> str:
        """Of model.tar.gz, as it was when it was registered."""
        return self.metadata.get("sha256", "")

    def known(self, stage: str, what: str) -> str:
        """What a deployment to `stage` wrote: "endpoint", "mse", ..."""
        return self.metadata.get(f"{stage}-{what}", "")

    def replaces(self, stage: str) -> int:
        """The version that a rollback of `stage` took away for this one; 0
        where it came by itself."""
        return int(self.known(stage, "instead-of") or "0")


def of_answer(answer: Mapping[str, Any]) -> Version:
    """DescribeModelPackage's answer."""
    container = answer["InferenceSpecification"]["Containers"][0]
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    cycle = answer.get("ModelLifeCycle", {})
    quality = answer.get("ModelMetrics", {}).get("ModelQuality", {})
    card = answer.get("ModelCard", {}).get("ModelCardContent", "{}")
    return Version(
        number=answer["ModelPackageVersion"],
        arn=answer["ModelPackageArn"],
        status=answer["ModelPackageStatus"],
        approval=answer["ModelApprovalStatus"],
        image=container["Image"],
        model_url=container.get("ModelDataUrl") or source.get("S3Uri", ""),
        created=answer["CreationTime"],
        approval_reason=answer.get("ApprovalDescription", ""),
        stage=cycle.get("Stage", ""),
        stage_status=cycle.get("StageStatus", ""),
        stage_description=cycle.get("StageDescription", ""),
        metadata=answer.get("CustomerMetadataProperties", {}),
        metrics_url=quality.get("Statistics", {}).get("S3Uri", ""),
        metrics_digest=quality.get("Statistics", {}).get("ContentDigest", ""),
        origin=answer.get("MetadataProperties", {}),
        card=json.loads(card),
        description=answer.get("ModelPackageDescription", ""),
    )


class Registry:
    """The group's versions, through one account and role."""

    def __init__(self, config: Config, account: Account) -> None:
        self._config = config
        self.account = account

    def version(self, number: int) -> Version:
        """One version; PreconditionError when there is none."""
        arn = names.package_arn(self._config, number)
        answer = self.account.exists(
            "sagemaker", "describe_model_package", {"ModelPackageName": arn}
        )
        if answer is None:
            raise PreconditionError(
                f"there is no version {number} in {self._config.registry.group}"
            )
        return of_answer(answer)

    def all(self) -> Iterator[Version]:
        """Every version, the newest first."""
        for summary in self.account.pages(
            "sagemaker",
            "list_model_packages",
            "ModelPackageSummaryList",
            {
                "ModelPackageGroupName": names.group_arn(self._config),
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
            },
        ):
            yield self.version(summary["ModelPackageVersion"])

    def latest_approved(self) -> Version:
        """The newest version that may be deployed."""
        for found in self.all():
            if found.approval == APPROVED:
                return found
        group = self._config.registry.group
        raise PreconditionError(f"no version of {group} is approved")

    def write_stage(
        self,
        version: Version,
        stage: str,
        status: str,
        description: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> Version:
        """Writes ModelLifeCycle and facts; nothing when they are there. The
        version as it is afterwards."""
        cycle = packages.life_cycle(stage, status, description)
        metadata = {**version.metadata, **metadata_of(facts or {})}
        same = cycle == packages.life_cycle(
            version.stage, version.stage_status, version.stage_description
        )
        if same and metadata == version.metadata:
            return version
        body = packages.stage(version.arn, cycle, metadata)
        self.account.write("sagemaker", "update_model_package", body)
        return Version(
            **{
                **vars(version),
                "stage": stage,
                "stage_status": status,
                "stage_description": cycle.get("StageDescription", ""),
                "metadata": metadata,
            }
        )


def metadata_of(facts: Mapping[str, object]) -> dict[str, str]:
    """Facts as AWS takes them: no empty value, no forbidden character."""
    found = {}
    for key, value in facts.items():
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        plain = unicodedata.normalize("NFC", text)
        plain = FORBIDDEN.sub("-", " ".join(plain.split()))[:METADATA_MAX]
        if plain:
            found[key] = plain
    return found


def check_deployable(config: Config, version: Version) -> None:
    """Approved, complete, of this Region, with an image by digest."""
    what = f"version {version.number}"
    if version.status != "Completed":
        raise PreconditionError(f"{what} is {version.status}, not Completed")
    if version.approval != APPROVED:
        raise PreconditionError(
            f"{what} is {version.approval}, not Approved: "
            f"claryctl approve {version.number}"
        )
    if config.image.require_digest and not version.digest:
        raise PreconditionError(
            f"{what} names its image by a tag, {version.image}: a tag can be "
            "moved, a digest cannot (image.require_digest)"
        )
    host = version.image.split("/")[0].split(".")
    if len(host) > 3 and host[3] != config.region:
        raise PreconditionError(
            f"{what} has its image in {host[3]}, the endpoint is to be in "
            f"{config.region}"
        )


def check_evidence(version: Version) -> None:
    """What QA has found out about this very version and image."""
    what = f"version {version.number}"
    verdict = version.known("qa", "verdict")
    if verdict != "passed":
        found = f"its tests in QA {verdict}" if verdict else "it was not tested"
        raise PreconditionError(
            f"{what} has no evidence from QA, {found}: "
            f"claryctl deploy qa {version.number}"
        )
    for key, now in (("digest", version.digest), ("sha256", version.sha256)):
        tested = version.known("qa", key)
        if tested != now:
            raise PreconditionError(
                f"{what} was tested in QA with {key} {tested}, and has "
                f"{now} now: claryctl deploy qa {version.number}"
            )
