"""Autoscaling around an update.

A variant with a registered scalable target can neither change its instance
type nor go: its target is taken away before, and given back after.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

from clary_deploy.live import Live
from clary_deploy.requests import scaling
from clary_deploy.rollout import Plan
from clary_deploy.stages import Stage


def registered(stage: Stage) -> dict[str, Any] | None:
    """The scalable target of the stage's variant, where there is one."""
    answer = stage.account.read(
        "application-autoscaling",
        "describe_scalable_targets",
        scaling.describe(stage.config, stage.name),
    )
    targets: list[dict[str, Any]] = answer["ScalableTargets"]
    return targets[0] if targets else None


def release(stage: Stage) -> None:
    """Deregisters, when registered; the policy goes with the target."""
    if registered(stage) is not None:
        stage.account.write(
            "application-autoscaling",
            "deregister_scalable_target",
            scaling.deregister(stage.config, stage.name),
        )


def release_if_needed(plan: Plan, now: Live | None) -> None:
    """Before an update that a registered target forbids."""
    if now is None:
        return
    own = plan.stage.endpoint
    before = _instance_type(
        now.config.get("ProductionVariants", []), own.variant
    )
    after = _instance_type(plan.config["ProductionVariants"], own.variant)
    if before is not None and before != after:
        release(plan.stage)


def _instance_type(variants: list[dict[str, Any]], name: str) -> str | None:
    for variant in variants:
        if variant["VariantName"] == name:
            return str(variant.get("InstanceType", "serverless"))
    return None


def ensure(stage: Stage) -> None:
    """As the configuration has it: registered with these limits and this
    policy, or not at all. Writes only what differs."""
    wanted = stage.endpoint.autoscaling
    if wanted is None:
        release(stage)
        return
    found = registered(stage)
    limits = (found or {}).get("MinCapacity"), (found or {}).get("MaxCapacity")
    if limits != (wanted.min, wanted.max):
        stage.account.write(
            "application-autoscaling",
            "register_scalable_target",
            scaling.register(stage.config, stage.name),
        )
    body = scaling.policy(stage.config, stage.name)
    if (
        found is None
        or _policy(stage, body)
        != (body["TargetTrackingScalingPolicyConfiguration"])
    ):
        stage.account.write(
            "application-autoscaling", "put_scaling_policy", body
        )


def _policy(stage: Stage, body: dict[str, Any]) -> object:
    answer = stage.account.read(
        "application-autoscaling",
        "describe_scaling_policies",
        {
            "ServiceNamespace": body["ServiceNamespace"],
            "ResourceId": body["ResourceId"],
            "PolicyNames": [body["PolicyName"]],
        },
    )
    for policy in answer["ScalingPolicies"]:
        return policy.get("TargetTrackingScalingPolicyConfiguration")
    return None
