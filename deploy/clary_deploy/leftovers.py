"""What deployments leave behind: old configurations, models, alarms.

The live one and the one before it are never touched: AWS cannot patch an
endpoint whose configuration or model is gone, and a rollback needs them.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clary_deploy.live import Live
from clary_deploy.stages import Stage

KEEP = 3  # configurations, the newest ones


def stage_prefix(stage: Stage) -> str:
    """What the names of a stage's models and configurations begin with."""
    return f"{stage.config.project}-{stage.name}-v"


def configs(stage: Stage) -> list[str]:
    """Names of all configurations of the stage, the newest first."""
    prefix = stage_prefix(stage)
    found = stage.account.pages(
        "sagemaker",
        "list_endpoint_configs",
        "EndpointConfigs",
        {
            "NameContains": prefix,
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
        },
    )
    names = [item["EndpointConfigName"] for item in found]
    return [name for name in names if name.startswith(prefix)]


def models(stage: Stage) -> list[str]:
    """Names of all models of the stage."""
    prefix = stage_prefix(stage)
    found = stage.account.pages(
        "sagemaker", "list_models", "Models", {"NameContains": prefix}
    )
    names = [item["ModelName"] for item in found]
    return [name for name in names if name.startswith(prefix)]


def remove(stage: Stage, after: Live, before: Live | None) -> list[str]:
    """Deletes what is older than the newest KEEP; the names of what went."""
    needed = {after.config_name, after.pending.get("EndpointConfigName")}
    if before is not None:
        needed |= {before.config_name}
    every = configs(stage)
    kept = needed | set(every[:KEEP])
    gone = [name for name in every if name not in kept]
    if not gone:
        return []
    used = models_of(stage, [name for name in every if name in kept])
    delete_configs(stage, gone)
    unused = [name for name in models(stage) if name not in used]
    delete_models(stage, unused)
    return [*gone, *unused]


def models_of(stage: Stage, config_names: Iterable[str]) -> set[str]:
    """The models that configurations refer to."""
    used = set()
    for name in config_names:
        body = stage.account.read(
            "sagemaker",
            "describe_endpoint_config",
            {"EndpointConfigName": name},
        )
        used |= {variant["ModelName"] for variant in _variants(body)}
    return used


def _variants(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *body["ProductionVariants"],
        *body.get("ShadowProductionVariants", []),
    ]


def delete_configs(stage: Stage, names: Sequence[str]) -> None:
    """With the alarms that watched them."""
    for name in names:
        delete_alarms(stage, f"{name}-")
        stage.account.write(
            "sagemaker", "delete_endpoint_config", {"EndpointConfigName": name}
        )


def delete_models(stage: Stage, names: Sequence[str]) -> None:
    for name in names:
        stage.account.write("sagemaker", "delete_model", {"ModelName": name})


def delete_alarms(stage: Stage, prefix: str) -> None:
    found = [
        alarm["AlarmName"]
        for alarm in stage.account.pages(
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            {"AlarmNamePrefix": prefix},
        )
    ]
    for start in range(0, len(found), 100):
        stage.account.write(
            "cloudwatch",
            "delete_alarms",
            {"AlarmNames": found[start : start + 100]},
        )
