"""What runs: an endpoint, its configuration and the versions behind it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary_deploy.config import Config
from clary_deploy.errors import PreconditionError
from clary_deploy.session import Account

Body = dict[str, Any]

UNDER_WAY = (
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "Deleting",
)


@dataclass(frozen=True)
class LiveVariant:
    """One variant as it is now."""

    name: str
    model: str
    version: int  # 0: the model is not of a version of this group
    weight: float
    share: float  # of the traffic, 0 to 1
    instances: int | None
    digests: tuple[str, ...]
    shadow: bool = False


@dataclass(frozen=True)
class Live:
    """An endpoint as it is now."""

    name: str
    arn: str
    status: str
    config_name: str
    reason: str
    variants: tuple[LiveVariant, ...]
    pending: Mapping[str, Any]
    config: Mapping[str, Any]  # DescribeEndpointConfig
    capture: Mapping[str, Any]

    @property
    def production(self) -> tuple[LiveVariant, ...]:
        return tuple(v for v in self.variants if not v.shadow)

    @property
    def shadow(self) -> LiveVariant | None:
        found = [variant for variant in self.variants if variant.shadow]
        return found[0] if found else None

    @property
    def under_way(self) -> bool:
        """Whether AWS is at work on it."""
        return self.status in UNDER_WAY

    def variant(self, name: str) -> LiveVariant:
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise PreconditionError(f"{self.name} has no variant {name}")

    def version(self, name: str) -> int:
        """The version that the variant `name` serves."""
        return self.variant(name).version


def describe(account: Account, name: str) -> Body | None:
    """DescribeEndpoint; None when there is none."""
    return account.exists(
        "sagemaker", "describe_endpoint", {"EndpointName": name}
    )


def look(config: Config, account: Account, stage: str) -> Live | None:
    """The endpoint of `stage`; None when there is none."""
    answer = describe(account, config.endpoints.of(stage).name)
    return None if answer is None else of_answer(account, answer)


def required(config: Config, account: Account, stage: str) -> Live:
    """The endpoint of `stage`, which must serve."""
    found = look(config, account, stage)
    if found is None or not found.variants:
        name = config.endpoints.of(stage).name
        raise PreconditionError(
            f"there is no endpoint {name} in {stage} that serves: "
            f"claryctl deploy {stage} N"
        )
    return found


def of_answer(account: Account, answer: Mapping[str, Any]) -> Live:
    """DescribeEndpoint's answer, and what it refers to."""
    config_name = answer["EndpointConfigName"]
    body = account.exists(
        "sagemaker",
        "describe_endpoint_config",
        {"EndpointConfigName": config_name},
    )
    models = {
        variant["VariantName"]: variant["ModelName"]
        for key in ("ProductionVariants", "ShadowProductionVariants")
        for variant in (body or {}).get(key, [])
    }
    production = answer.get("ProductionVariants", [])
    total = sum(v.get("CurrentWeight", 1.0) for v in production) or 1.0
    variants = [
        _variant(account, variant, models, total, shadow=False)
        for variant in production
    ] + [
        _variant(account, variant, models, total, shadow=True)
        for variant in answer.get("ShadowProductionVariants", [])
    ]
    return Live(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        config_name=config_name,
        reason=answer.get("FailureReason", ""),
        variants=tuple(variants),
        pending=answer.get("PendingDeploymentSummary", {}),
        config=body or {},
        capture=answer.get("DataCaptureConfig", {}),
    )


def _variant(
    account: Account,
    answer: Mapping[str, Any],
    models: Mapping[str, str],
    total: float,
    *,
    shadow: bool,
) -> LiveVariant:
    name = answer["VariantName"]
    model = models.get(name, "")
    weight = answer.get("CurrentWeight", 1.0)
    return LiveVariant(
        name=name,
        model=model,
        version=version_of(account, model) if model else 0,
        weight=weight,
        share=weight / total,
        instances=answer.get("CurrentInstanceCount"),
        digests=tuple(
            image["ResolvedImage"].partition("@")[2]
            for image in answer.get("DeployedImages", [])
            if "ResolvedImage" in image
        ),
        shadow=shadow,
    )


def version_of(account: Account, model: str) -> int:
    """The version that a model was made from; 0 when it was not."""
    answer = account.exists("sagemaker", "describe_model", {"ModelName": model})
    containers = (answer or {}).get("Containers", [])
    arn = containers[0].get("ModelPackageName", "") if containers else ""
    number = arn.rpartition("/")[2]
    return int(number) if number.isdigit() else 0
