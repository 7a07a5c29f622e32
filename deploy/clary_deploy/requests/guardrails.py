"""How traffic moves to a new fleet, and the alarms that move it back.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config, Endpoint

Body = dict[str, Any]


def deployment(
    config: Config, stage: str, config_name: str, strategy: str
) -> Body:
    """UpdateEndpoint's DeploymentConfig; empty where guardrails cannot be:
    serverless endpoints have none."""
    own = config.endpoints.of(stage)
    if own.serverless:
        return {}
    body: Body = (
        {"RollingUpdatePolicy": _rolling(own)}
        if strategy == "rolling"
        else {"BlueGreenUpdatePolicy": _blue_green(own, strategy)}
    )
    watched = [
        alarm["AlarmName"] for alarm in alarms(config, stage, config_name)
    ]
    if watched:
        body["AutoRollbackConfiguration"] = {
            "Alarms": [{"AlarmName": name} for name in watched]
        }
    return body


def _rolling(own: Endpoint) -> Body:
    return {
        "MaximumBatchSize": _percent(own.rolling_percent),
        "WaitIntervalInSeconds": own.bake_seconds,
        "MaximumExecutionTimeoutInSeconds": own.timeout_seconds,
        "RollbackMaximumBatchSize": _percent(100),
    }


def _blue_green(own: Endpoint, strategy: str) -> Body:
    routing: Body = {
        "Type": strategy.upper(),
        "WaitIntervalInSeconds": own.bake_seconds,
    }
    if strategy == "canary":
        routing["CanarySize"] = _percent(own.canary_percent)
    elif strategy == "linear":
        routing["LinearStepSize"] = _percent(own.linear_percent)
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": own.termination_wait_seconds,
        "MaximumExecutionTimeoutInSeconds": own.timeout_seconds,
    }


def _percent(value: int) -> Body:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def alarms(config: Config, stage: str, config_name: str) -> list[Body]:
    """PutMetricAlarm, for each alarm that watches the new fleet.

    EndpointConfigName narrows an alarm to the new fleet, so that what the old
    one does cannot end a deployment. VariantName must be the variant's real
    name: any other has no data, and an alarm without data never fires.
    """
    own = config.endpoints.of(stage)
    if own.alarms is None:
        return []
    found = [
        {
            **_alarm(config, stage, config_name, "5xx-rate"),
            "MetricName": "Invocation5XXErrors",
            "Statistic": "Average",  # of zeros and ones: the rate
            "Threshold": own.alarms.error_rate,
        }
    ]
    if own.alarms.p99_latency_ms is not None:
        found.append(
            {
                **_alarm(config, stage, config_name, "p99-latency"),
                "MetricName": "ModelLatency",
                "ExtendedStatistic": "p99",
                "Threshold": own.alarms.p99_latency_ms * 1000,  # microseconds
            }
        )
    return found


def _alarm(config: Config, stage: str, config_name: str, what: str) -> Body:
    own = config.endpoints.of(stage)
    assert own.alarms is not None
    dimensions = {
        "EndpointName": own.name,
        "VariantName": own.variant,
        "EndpointConfigName": config_name,
    }
    return {
        "AlarmName": f"{config_name}-{what}",
        "AlarmDescription": f"{own.name}: rolls a deployment back",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [
            {"Name": name, "Value": value} for name, value in dimensions.items()
        ],
        "Period": own.alarms.period_seconds,
        "EvaluationPeriods": own.alarms.periods,
        "DatapointsToAlarm": own.alarms.periods,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [names.topic_arn(config, stage)],
        "Tags": [{"Key": "clary:project", "Value": config.project}],
    }


def alarm_names(bodies: Sequence[Body]) -> list[str]:
    return [body["AlarmName"] for body in bodies]
