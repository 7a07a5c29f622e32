"""What the service refuses, or quietly does not do, beyond its model.

Each rule is stated in the developer guide or the API reference; the function's
docstring says it in a sentence.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .errors import ValidationError

Body = dict[str, Any]

# Instance families with NVMe storage of their own, which is always encrypted.
LOCAL_STORAGE = (
    "c5d",
    "m5d",
    "r5d",
    "g4dn",
    "g5",
    "g6",
    "p4d",
    "p5",
    "i3en",
    "m6gd",
)


def check_config(request: Body) -> None:
    """CreateEndpointConfig."""
    variants = request["ProductionVariants"]
    shadows = request.get("ShadowProductionVariants", [])
    names = [variant["VariantName"] for variant in [*variants, *shadows]]
    if len(set(names)) != len(names):
        raise ValidationError(f"Variant names must be unique: {names}")
    for variant in [*variants, *shadows]:
        _check_variant(variant)
    if shadows:
        _check_shadow(request, variants, shadows)
    if is_serverless(request):
        _check_serverless(request, variants)
    if "KmsKeyId" in request:
        _check_volume_key(variants)


def _check_variant(variant: Body) -> None:
    """A variant has either a ServerlessConfig or instances."""
    serverless = "ServerlessConfig" in variant
    instances = "InstanceType" in variant or "InitialInstanceCount" in variant
    if serverless == instances:
        raise ValidationError(
            f"Variant {variant['VariantName']} must have either a "
            "ServerlessConfig or an InstanceType with InitialInstanceCount"
        )
    memory = variant.get("ServerlessConfig", {}).get("MemorySizeInMB", 1024)
    if memory % 1024:
        raise ValidationError("MemorySizeInMB must be in 1 GB increments")


def _check_shadow(
    request: Body, variants: Sequence[Body], shadows: Sequence[Body]
) -> None:
    """One production and one shadow variant, neither serverless nor
    asynchronous."""
    if len(variants) != 1 or len(shadows) != 1:
        raise ValidationError(
            "A shadow variant needs exactly one production variant and one "
            "shadow variant"
        )
    if is_serverless(request) or "AsyncInferenceConfig" in request:
        raise ValidationError(
            "Shadow variants are not supported with serverless or "
            "asynchronous inference"
        )


def _check_serverless(request: Body, variants: Sequence[Body]) -> None:
    """No data capture, no second variant, no asynchronous inference."""
    if len(variants) != 1:
        raise ValidationError("Serverless endpoints have exactly one variant")
    for feature in ("DataCaptureConfig", "AsyncInferenceConfig"):
        if feature in request:
            raise ValidationError(
                f"{feature} is not supported for serverless endpoints"
            )


def _check_volume_key(variants: Sequence[Body]) -> None:
    """A KmsKeyId is refused for instances with local storage."""
    for variant in variants:
        family = variant.get("InstanceType", "ml.none.x").split(".")[1]
        if family in LOCAL_STORAGE:
            raise ValidationError(
                f"KmsKeyId cannot be specified for instance type "
                f"{variant['InstanceType']}, which has local storage"
            )


def is_serverless(config: Body) -> bool:
    return any("ServerlessConfig" in v for v in config["ProductionVariants"])


def check_deployment(deployment: Body, instances: int) -> None:
    """The sizes that a DeploymentConfig may have for a fleet this large."""
    if (
        len(
            deployment.keys() & {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"}
        )
        > 1
    ):
        raise ValidationError("Only one update policy can be specified")
    if "RollingUpdatePolicy" in deployment:
        size = deployment["RollingUpdatePolicy"]["MaximumBatchSize"]
        _check_share(size, instances, 5, 50, "MaximumBatchSize")
        return
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get(
        "TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"}
    )
    sizes = {"CANARY": ("CanarySize", 0), "LINEAR": ("LinearStepSize", 10)}
    if routing["Type"] in sizes:
        name, low = sizes[routing["Type"]]
        if name not in routing:
            raise ValidationError(f"{name} is required for {routing['Type']}")
        _check_share(routing[name], instances, low, 50, name)


def _check_share(
    size: Body, instances: int, low: int, high: int, name: str
) -> None:
    """Between low and high percent of the fleet, in whole instances."""
    count = instance_count(size, instances)
    percent = 100 * count / instances
    asked = size["Value"] if size["Type"] == "CAPACITY_PERCENT" else percent
    if not low <= asked <= high or percent > high:
        raise ValidationError(
            f"{name} must be between {low} and {high} percent of the variant's "
            f"{instances} instance(s), which {size} is not"
        )


def instance_count(size: Body, instances: int) -> int:
    """A CapacitySize in instances: percentages round up."""
    if size["Type"] == "INSTANCE_COUNT":
        return int(size["Value"])
    share: float = size["Value"] / 100
    return max(1, math.ceil(instances * share))


def guardrails_apply(old: Body, new: Body, deployment: Body) -> bool:
    """Guardrails need the same variant names before and after, and are not for
    serverless endpoints; rolling ones are not for several variants. Where they
    do not apply the update is all at once and nothing rolls it back."""
    before = {variant["VariantName"] for variant in old["ProductionVariants"]}
    after = {variant["VariantName"] for variant in new["ProductionVariants"]}
    if before != after or is_serverless(new):
        return False
    return "RollingUpdatePolicy" not in deployment or len(after) == 1


def check_update(old: Body, new: Body, scaled: set[str]) -> None:
    """Instances cannot become serverless; a variant with a registered scalable
    target can neither change its instance type nor go."""
    if is_serverless(new) and not is_serverless(old):
        raise ValidationError(
            "Cannot update an instance-based endpoint to serverless"
        )
    types = {
        variant["VariantName"]: variant.get("InstanceType")
        for variant in new["ProductionVariants"]
    }
    for variant in old["ProductionVariants"]:
        name = variant["VariantName"]
        if name not in scaled:
            continue
        if name not in types or types[name] != variant.get("InstanceType"):
            raise ValidationError(
                f"Variant {name} is registered as a scalable target; "
                "deregister it before its instance type changes or it goes"
            )
