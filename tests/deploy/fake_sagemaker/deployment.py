"""How an endpoint comes to be and changes, as generators over simulated time.

Each yields how many seconds to wait; what stands between two yields happens at
once. The steps of an update, read from top to bottom, are the documented ones:

    launch the new fleet            Updating, variants Creating
    for each traffic step           variants ActivatingTraffic
        bake, watching the alarms   variants Baking, WaitIntervalInSeconds
    bake at full capacity           TerminationWaitInSeconds
    end the old fleet
    InService, with the new configuration

A failing launch or an alarm while baking leads to RollingBack, and from there
to InService with the OLD configuration. After an alarm no reason is given:
nothing but the configuration's name tells. When the way back fails too:
UpdateRollbackFailed.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .instances import FleetError
from .rules import guardrails_apply, instance_count, is_serverless

if TYPE_CHECKING:
    from .endpoints import Endpoint, Endpoints

Body = dict[str, Any]

LAUNCH = 180.0  # seconds until instances are up
ROLL_BACK = 60.0
DELETION = 60.0
WATCH = 30.0  # how often alarms are looked at


class RollBackError(Exception):
    """The update is not to go on; why."""


def creation(world: Endpoints, endpoint: Endpoint) -> Iterator[float]:
    """CreateEndpoint. Its DeploymentConfig is kept, and does nothing."""
    yield LAUNCH
    try:
        endpoint.live = world.launch(endpoint, endpoint.config_name)
    except FleetError as failure:
        world.enter(endpoint, "Failed", reason=str(failure))
        return
    world.enter(endpoint, "InService")


def deletion(world: Endpoints, endpoint: Endpoint) -> Iterator[float]:
    """DeleteEndpoint. Nothing serves any more; the name is free afterwards."""
    world.stop([*endpoint.live, *endpoint.green])
    endpoint.live, endpoint.green = [], []
    yield DELETION
    world.forget(endpoint)


def capacity_change(world: Endpoints, endpoint: Endpoint) -> Iterator[float]:
    """UpdateEndpointWeightsAndCapacities: weights, then instances."""
    yield WATCH
    for fleet in endpoint.live:
        fleet.weight = fleet.desired_weight
        fleet.count = fleet.desired_count
    world.enter(endpoint, "InService")


class Update:
    """UpdateEndpoint, from one configuration to another."""

    def __init__(
        self, world: Endpoints, endpoint: Endpoint, request: Body
    ) -> None:
        self._world = world
        self._endpoint = endpoint
        self._request = request
        self._new_name = request["EndpointConfigName"]
        self._new = world.config_of(endpoint, self._new_name)
        self._old = world.config_of(endpoint, endpoint.config_name)
        self._policy = self._effective_policy()
        self._started = world.clock.now()

    def _effective_policy(self) -> Body:
        """The DeploymentConfig, where guardrails apply; else none at all."""
        asked: Body = self._request.get("DeploymentConfig", {})
        if self._request.get("RetainDeploymentConfig"):
            asked = self._endpoint.deployment_config or {}
        if asked and not guardrails_apply(self._old, self._new, asked):
            self._world.ignored_guardrails.append(self._endpoint.name)
            return {}
        return asked

    def run(self) -> Iterator[float]:
        try:
            yield from self._launch()
            steps = self._steps()
            for share in steps:
                bakes = share < 1.0 or len(steps) == 1
                yield from self._shift(share, bakes=bakes)
            yield from self._last_look()
        except FleetError as failure:
            yield from self._roll_back(str(failure))
            return
        except RollBackError as stopped:
            silent = self._world.silent_rollback
            yield from self._roll_back("" if silent else str(stopped))
            return
        self._finish()

    def _launch(self) -> Iterator[float]:
        self._status("Creating", "Launching {count} instance(s).")
        yield LAUNCH
        self._endpoint.green = self._world.launch(
            self._endpoint, self._new_name, self._retained()
        )

    def _retained(self) -> dict[str, tuple[float, int]]:
        """Weights and counts that the update leaves as they are now."""
        if not self._request.get("RetainAllVariantProperties"):
            return {}
        excluded = {
            item["VariantPropertyType"]
            for item in self._request.get(
                "ExcludeRetainedVariantProperties", []
            )
        }
        configured = {
            v["VariantName"]: v for v in self._new["ProductionVariants"]
        }
        kept = {}
        for fleet in self._endpoint.live:
            wanted = configured.get(fleet.variant)
            if wanted is None:
                continue
            weight, count = fleet.desired_weight, fleet.desired_count
            if "DesiredWeight" in excluded:
                weight = wanted.get("InitialVariantWeight", 1.0)
            if "DesiredInstanceCount" in excluded:
                count = wanted.get("InitialInstanceCount", count)
            kept[fleet.variant] = (weight, count)
        return kept

    def _steps(self) -> list[float]:
        """The shares of traffic that the new fleet takes, one after another."""
        instances = min(fleet.count for fleet in self._endpoint.green)
        if "RollingUpdatePolicy" in self._policy:
            size = self._policy["RollingUpdatePolicy"]["MaximumBatchSize"]
            return _even_steps(instance_count(size, instances) / instances)
        routing = self._routing()
        if routing["Type"] == "CANARY":
            first = instance_count(routing["CanarySize"], instances) / instances
            return [first, 1.0]
        if routing["Type"] == "LINEAR":
            size = routing["LinearStepSize"]
            return _even_steps(instance_count(size, instances) / instances)
        return [1.0]

    def _routing(self) -> Body:
        default = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        policy: Body = self._policy.get("BlueGreenUpdatePolicy", {})
        routing: Body = policy.get("TrafficRoutingConfiguration", default)
        return routing

    def _shift(self, share: float, *, bakes: bool) -> Iterator[float]:
        """One traffic step and its baking period; the last of several steps
        has none but the wait before the old fleet ends."""
        part = "full" if share == 1.0 else "canary"
        self._status(
            "ActivatingTraffic",
            f"Activating traffic on {part} capacity of {{active}} instance(s).",
            share,
        )
        yield WATCH
        self._endpoint.green_share = share
        rolling = self._policy.get("RollingUpdatePolicy")
        wait = (rolling or self._routing())["WaitIntervalInSeconds"]
        if not bakes and not rolling:
            return
        self._status(
            "Baking",
            f"Baking for {wait} seconds with traffic enabled on {part} "
            "capacity of {active} instance(s).",
            share,
        )
        yield from self._watched(wait)

    def _watched(self, seconds: float) -> Iterator[float]:
        """Waits; an alarm that fires, or the time limit, ends the update."""
        end = self._world.clock.now() + seconds
        while True:
            self._check_alarms()
            left = end - self._world.clock.now()
            if left <= 0:
                return
            yield min(WATCH, left)

    def _last_look(self) -> Iterator[float]:
        """The wait before the old fleet ends."""
        policy = self._policy.get("BlueGreenUpdatePolicy", {})
        wait = policy.get("TerminationWaitInSeconds", 0)
        if wait:
            self._status(
                "Baking",
                f"Baking for {wait} seconds (TerminationWaitInSeconds) with "
                "traffic enabled on full capacity of {active} instance(s).",
            )
            yield from self._watched(wait)

    def _check_alarms(self) -> None:
        alarms = [
            alarm["AlarmName"]
            for alarm in self._policy.get("AutoRollbackConfiguration", {}).get(
                "Alarms", []
            )
        ]
        if firing := self._world.metrics.firing(self._endpoint.account, alarms):
            raise RollBackError(f"alarms {', '.join(firing)} are in ALARM")
        for policy in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"):
            limit = self._policy.get(policy, {}).get(
                "MaximumExecutionTimeoutInSeconds", math.inf
            )
            if self._world.clock.now() - self._started > limit:
                raise RollBackError(
                    "MaximumExecutionTimeoutInSeconds has passed"
                )

    def _roll_back(self, reason: str) -> Iterator[float]:
        world, endpoint = self._world, self._endpoint
        endpoint.green_share = 0.0
        world.enter(endpoint, "RollingBack")
        self._status("Deleting", "Terminating {count} instance(s).")
        yield ROLL_BACK
        world.stop(endpoint.green)
        endpoint.green, endpoint.pending = [], None
        if world.next_rollback_fails:
            reason, world.next_rollback_fails = world.next_rollback_fails, ""
            world.enter(endpoint, "UpdateRollbackFailed", reason=reason)
            return
        world.enter(endpoint, "InService", reason=reason)

    def _finish(self) -> None:
        endpoint = self._endpoint
        retained = self._retained_capture()
        self._world.stop(endpoint.live)
        endpoint.live, endpoint.green = endpoint.green, []
        endpoint.green_share, endpoint.pending = 0.0, None
        endpoint.config_name = self._new_name
        endpoint.capture = retained
        endpoint.deployment_config = self._request.get(
            "DeploymentConfig", endpoint.deployment_config
        )
        self._world.enter(endpoint, "InService")

    def _retained_capture(self) -> Body | None:
        """Data capture is a variant property too, and retained as one."""
        excluded = [
            item["VariantPropertyType"]
            for item in self._request.get(
                "ExcludeRetainedVariantProperties", []
            )
        ]
        retain = self._request.get("RetainAllVariantProperties")
        if retain and "DataCaptureConfig" not in excluded:
            return self._endpoint.capture
        found: Body | None = self._new.get("DataCaptureConfig")
        return found

    def _status(self, status: str, message: str, share: float = 1.0) -> None:
        """What DescribeEndpoint says of the fleet that is coming up."""
        variants = []
        for variant in self._new["ProductionVariants"]:
            count = variant.get("InitialInstanceCount", 1)
            text = message.format(count=count, active=math.ceil(share * count))
            variants.append(
                {
                    "VariantName": variant["VariantName"],
                    "CurrentWeight": variant.get("InitialVariantWeight", 1.0),
                    "DesiredWeight": variant.get("InitialVariantWeight", 1.0),
                    "CurrentInstanceCount": count,
                    "DesiredInstanceCount": count,
                    "VariantStatus": [
                        {
                            "Status": status,
                            "StatusMessage": text,
                            "StartTime": self._world.clock.now(),
                        }
                    ],
                }
            )
        if is_serverless(self._new):
            for body in variants:
                del body["CurrentInstanceCount"], body["DesiredInstanceCount"]
        self._endpoint.pending = {
            "EndpointConfigName": self._new_name,
            "ProductionVariants": variants,
            "StartTime": self._started,
        }
        self._world.announce(self._endpoint, status)


def _even_steps(size: float) -> list[float]:
    count = math.ceil(1 / size - 1e-9)
    return [min(1.0, size * (index + 1)) for index in range(count)]
