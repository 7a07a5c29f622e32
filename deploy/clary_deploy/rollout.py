"""Moves an endpoint to a configuration, watches it arrive, and proves it.

Every step looks before it acts, so that a run which was killed can be repeated
from the start: what is there is found by its name, which comes from its
content; a deployment that is under way is joined.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary_deploy import live
from clary_deploy.errors import (
    AwsError,
    PreconditionError,
    RolledBackError,
)
from clary_deploy.live import Live
from clary_deploy.output import Progress
from clary_deploy.requests import guardrails, hosting
from clary_deploy.requests.hosting import Variant
from clary_deploy.stages import Stage
from clary_deploy.versions import Version

Body = dict[str, Any]

MARGIN_SECONDS = 1800  # over all configured times, before the wait gives up


@dataclass(frozen=True)
class Plan:
    """Where an endpoint is to go: requests, in the order they are sent."""

    stage: Stage
    models: Sequence[Body]
    config: Body
    alarms: Sequence[Body]
    deployment: Mapping[str, Any]
    digests: Mapping[str, str]  # of each variant, shadows included

    @property
    def config_name(self) -> str:
        name: str = self.config["EndpointConfigName"]
        return name

    @property
    def variant_names(self) -> list[str]:
        return [v["VariantName"] for v in self.config["ProductionVariants"]]


def plan_one(stage: Stage, version: Version, strategy: str = "") -> Plan:
    """One version as the only variant, moved by the stage's strategy."""
    own = stage.endpoint
    return plan(
        stage, [(own.variant, version, 1.0)], strategy=strategy or own.strategy
    )


def plan_plain(stage: Stage, version: Version) -> Plan:
    """The same configuration, moved to without guardrails: where variants come
    or go there cannot be any."""
    return plan(stage, [(stage.endpoint.variant, version, 1.0)])


def plan(
    stage: Stage,
    variants: Sequence[tuple[str, Version, float]],  # name, version, weight
    *,
    shadow: tuple[str, Version, float] | None = None,
    strategy: str = "",
    capture_percent: int = 0,
) -> Plan:
    """Any variants. Without a strategy guardrails are left out: they cannot be
    where variants come or go."""
    everyone = [*variants, *([shadow] if shadow else [])]
    models = {
        version.number: hosting.model(stage.config, stage.name, version.number)
        for _, version, _ in everyone
    }
    made = [
        Variant(
            name, version.number, models[version.number]["ModelName"], weight
        )
        for name, version, weight in everyone
    ]
    config = hosting.endpoint_config(
        stage.config,
        stage.name,
        made[: len(variants)],
        made[-1] if shadow else None,
        capture_percent,
    )
    name = config["EndpointConfigName"]
    guarded = bool(strategy)
    return Plan(
        stage=stage,
        models=list(models.values()),
        config=config,
        alarms=guardrails.alarms(stage.config, stage.name, name)
        if guarded
        else [],
        deployment=guardrails.deployment(
            stage.config, stage.name, name, strategy
        )
        if guarded
        else {},
        digests={name: version.digest for name, version, _ in everyone},
    )


# --- before


def check_ready(plan: Plan, now: Live | None) -> None:
    """Nothing stands in the way: nothing else is under way, guardrails will
    hold, no alarm fires."""
    if now is None or now.status == "Deleting":
        return
    if now.under_way and not is_towards(now, plan.config_name):
        raise PreconditionError(
            f"{now.name} is {now.status}, on its way to "
            f"{now.pending.get('EndpointConfigName', now.config_name)}: wait, "
            "and repeat the command"
        )
    _check_kind(plan, now)
    if plan.deployment:
        _check_variants(plan, now)
    _check_alarms(plan, now)


def is_towards(now: Live, config_name: str) -> bool:
    """Whether what is under way leads to that configuration."""
    target = now.pending.get("EndpointConfigName", now.config_name)
    return now.under_way and target == config_name


def _check_kind(plan: Plan, now: Live) -> None:
    """AWS makes no serverless endpoint of one that has instances."""
    before = now.config.get("ProductionVariants", [])
    after = plan.config["ProductionVariants"]
    if any("InstanceType" in variant for variant in before) and any(
        "ServerlessConfig" in variant for variant in after
    ):
        raise PreconditionError(
            f"{now.name} has instances, and AWS never updates it to a "
            f"serverless one: claryctl teardown {plan.stage.name}, and repeat "
            "the command"
        )


def _check_variants(plan: Plan, now: Live) -> None:
    """With other variant names AWS drops the guardrails without a word: the
    update is all at once, and no alarm takes it back."""
    before = sorted(variant.name for variant in now.production)
    after = sorted(plan.variant_names)
    if before and before != after:
        hint = (
            "an A/B test is running, end it with claryctl ab finish"
            if len(before) > 1
            else "put the name back, or tear the stage down"
        )
        raise PreconditionError(
            f"{now.name} has the variants {', '.join(before)}, the new "
            f"configuration has {', '.join(after)}: without the same names "
            f"there is no rollback ({hint})"
        )


def _check_alarms(plan: Plan, now: Live) -> None:
    """An alarm that already fires ends a deployment as it begins."""
    wanted = guardrails.alarm_names(plan.alarms)
    wanted += _alarms_of(now)
    if not wanted:
        return
    answer = plan.stage.account.read(
        "cloudwatch", "describe_alarms", {"AlarmNames": sorted(set(wanted))}
    )
    firing = [
        alarm["AlarmName"]
        for alarm in answer["MetricAlarms"]
        if alarm["StateValue"] == "ALARM"
    ]
    if firing:
        raise PreconditionError(
            f"the alarm {', '.join(firing)} is firing: a deployment that "
            "starts now would be rolled back; see to it first"
        )


def _alarms_of(now: Live) -> list[str]:
    """The alarms that watch what runs now."""
    return [f"{now.config_name}-{what}" for what in ("5xx-rate", "p99-latency")]


# --- the move


def move(plan: Plan, now: Live | None) -> Live:
    """Makes what is missing, moves the endpoint, waits, and verifies."""
    stage = plan.stage
    if now is not None and now.status in ("Failed", "Deleting"):
        # what never came up cannot be updated
        why = f" ({now.reason})" if now.reason else ""
        stage.out.note(f"{now.name} is {now.status}{why}: it is made anew")
        delete_endpoint(stage, now)
        now = None
    if now is None or not is_towards(now, plan.config_name):
        make(plan)
        _start(plan, now)
    if stage.account.dry_run:
        return now or _stand_in(plan)
    found, fired = wait(plan)
    return verify(plan, found, fired)


def _stand_in(plan: Plan) -> Live:
    """What a dry run has in place of the endpoint."""
    name = plan.stage.endpoint.name
    return Live(name, "", "", plan.config_name, "", (), {}, plan.config, {})


def delete_endpoint(stage: Stage, now: Live) -> None:
    """And waits until it is gone; what is being deleted already is only waited
    for."""
    if now.status != "Deleting":
        stage.account.write(
            "sagemaker", "delete_endpoint", {"EndpointName": now.name}
        )
    while not stage.account.dry_run and live.describe(stage.account, now.name):
        stage.context.sleep()


def make(plan: Plan) -> None:
    """Models, the configuration, alarms: each only when it is not there."""
    account = plan.stage.account
    for body in plan.models:
        named = {"ModelName": body["ModelName"]}
        if account.exists("sagemaker", "describe_model", named) is None:
            account.write("sagemaker", "create_model", body)
    named = {"EndpointConfigName": plan.config_name}
    if account.exists("sagemaker", "describe_endpoint_config", named) is None:
        account.write("sagemaker", "create_endpoint_config", plan.config)
    for alarm in plan.alarms:
        account.write("cloudwatch", "put_metric_alarm", alarm)


def _start(plan: Plan, now: Live | None) -> None:
    stage = plan.stage
    if now is None:
        body = hosting.create_endpoint(
            stage.config, stage.name, plan.config_name
        )
        stage.account.write("sagemaker", "create_endpoint", body)
        return
    body = hosting.update_endpoint(
        stage.config, stage.name, plan.config_name, plan.deployment
    )
    stage.account.write("sagemaker", "update_endpoint", body)


# --- the wait


def wait(plan: Plan) -> tuple[Live, list[str]]:
    """Until AWS has stopped working on the endpoint; the endpoint, and the
    alarms that fired while it was rolled back, for afterwards nothing tells.
    The waiter of boto3 ends after an hour, and takes an endpoint that was
    rolled back for a success."""
    stage = plan.stage
    own = stage.endpoint
    limit = time.monotonic() + MARGIN_SECONDS
    limit += own.timeout_seconds
    limit += own.startup_timeout_seconds + own.download_timeout_seconds
    fired: list[str] = []
    with stage.out.progress(own.name) as progress:
        while time.monotonic() < limit:
            answer = live.describe(stage.account, own.name)
            if answer is None:
                raise AwsError(f"{own.name} is gone: somebody deleted it")
            _show(progress, answer)
            status = answer["EndpointStatus"]
            if status == "RollingBack" and not fired:
                fired = firing(plan)
            if status not in live.UNDER_WAY:
                return live.of_answer(stage.account, answer), fired
            stage.context.sleep()
    raise AwsError(
        f"{own.name} is still {status} after all configured times; it goes on "
        "in AWS: repeat the command to go on waiting"
    )


def _show(progress: Progress, answer: Mapping[str, Any]) -> None:
    """One line: the status, and each variant that is coming up."""
    pending = answer.get("PendingDeploymentSummary", {})
    steps = [
        f"{variant['VariantName']} {step['Status']}"
        + (f" ({step['StatusMessage']})" if "StatusMessage" in step else "")
        for variant in pending.get("ProductionVariants", [])
        for step in variant.get("VariantStatus", [])[:1]
    ]
    told = f": {'; '.join(steps)}" if steps else ""
    progress.update(f"{answer['EndpointStatus']}{told}")


# --- after


def verify(plan: Plan, found: Live, fired: Sequence[str] = ()) -> Live:
    """That what runs is what was wanted. After a rollback AWS says InService
    like after a success: only the configuration's name tells."""
    name = plan.stage.endpoint.name
    if found.status == "Failed":
        raise AwsError(f"{name} did not come up: {found.reason}")
    if found.status == "UpdateRollbackFailed":
        raise RolledBackError(
            f"{name} could neither go on nor go back, and runs a mix of both: "
            f"{found.reason or 'no reason given'}; the next deploy mends it"
        )
    if found.config_name != plan.config_name:
        raise RolledBackError(
            f"{name} was rolled back to {found.config_name}: "
            f"{_why(found, fired)}"
        )
    if found.pending or found.status != "InService":
        raise AwsError(f"{name} is {found.status}, not InService")
    _verify_digests(plan, found)
    return found


def _why(found: Live, fired: Sequence[str]) -> str:
    """AWS often gives no reason; an alarm may tell."""
    if fired:
        return f"the alarm {', '.join(fired)} fired"
    return found.reason or "AWS gives no reason, and no alarm was seen to fire"


def firing(plan: Plan) -> list[str]:
    """Those of the plan's alarms that are in ALARM now."""
    wanted = guardrails.alarm_names(plan.alarms)
    if not wanted:
        return []
    answer = plan.stage.account.read(
        "cloudwatch", "describe_alarms", {"AlarmNames": wanted}
    )
    return [
        alarm["AlarmName"]
        for alarm in answer["MetricAlarms"]
        if alarm["StateValue"] == "ALARM"
    ]


def _verify_digests(plan: Plan, found: Live) -> None:
    for variant, wanted in plan.digests.items():
        running = found.variant(variant).digests
        if wanted and running and wanted not in running:
            raise RolledBackError(
                f"the variant {variant} of {found.name} runs the image "
                f"{', '.join(running)}, not {wanted}"
            )
