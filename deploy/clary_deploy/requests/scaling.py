"""Application Auto Scaling of an endpoint's variant.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from typing import Any

from clary_deploy.config import Config

Body = dict[str, Any]

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
METRIC = "SageMakerVariantInvocationsPerInstance"


def _of(config: Config, stage: str) -> Body:
    own = config.endpoints.of(stage)
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{own.name}/variant/{own.variant}",
        "ScalableDimension": DIMENSION,
    }


def describe(config: Config, stage: str) -> Body:
    """DescribeScalableTargets."""
    of = _of(config, stage)
    return {
        "ServiceNamespace": of["ServiceNamespace"],
        "ResourceIds": [of["ResourceId"]],
        "ScalableDimension": of["ScalableDimension"],
    }


def register(config: Config, stage: str) -> Body:
    """RegisterScalableTarget."""
    scaling = config.endpoints.of(stage).autoscaling
    assert scaling is not None
    return {
        **_of(config, stage),
        "MinCapacity": scaling.min,
        "MaxCapacity": scaling.max,
    }


def policy(config: Config, stage: str) -> Body:
    """PutScalingPolicy: so many invocations a minute and instance."""
    own = config.endpoints.of(stage)
    scaling = own.autoscaling
    assert scaling is not None
    return {
        **_of(config, stage),
        "PolicyName": f"{own.name}-{own.variant}-invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": scaling.invocations_per_instance,
            "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
            "ScaleInCooldown": scaling.scale_in_seconds,
            "ScaleOutCooldown": scaling.scale_out_seconds,
        },
    }


def deregister(config: Config, stage: str) -> Body:
    """DeregisterScalableTarget."""
    return _of(config, stage)
