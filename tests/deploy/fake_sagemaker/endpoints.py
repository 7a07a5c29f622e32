"""Endpoints: their state machine over the simulated clock.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .arn import Arn
from .clock import Clock
from .deployment import Update, capacity_change, creation, deletion
from .errors import ValidationError
from .events import Events
from .hosting import Hosting
from .identity import Caller
from .instances import Fleet, Host
from .metrics import Metrics
from .paging import in_order, page
from .rules import check_deployment, check_update, guardrails_apply

Body = dict[str, Any]


@dataclass
class Serving:
    """A variant that serves: its fleet, and how much of the traffic it gets."""

    fleet: Fleet
    shadow: bool
    weight: float
    desired_weight: float
    count: int
    desired_count: int
    body: Body  # the variant in its configuration

    @property
    def variant(self) -> str:
        return self.fleet.variant


@dataclass
class Endpoint:
    """One endpoint, as DescribeEndpoint tells it."""

    arn: Arn
    caller: Caller  # who made it: models are looked up in that account
    config_name: str
    created: float
    modified: float
    status: str = "Creating"
    reason: str = ""
    live: list[Serving] = field(default_factory=list)
    green: list[Serving] = field(default_factory=list)
    green_share: float = 0.0  # of the traffic that the green fleet gets
    pending: Body | None = None
    deployment_config: Body | None = None
    capture: Body | None = None
    work: Iterator[float] | None = None
    wake: float = 0.0

    @property
    def name(self) -> str:
        return self.arn.name

    @property
    def account(self) -> str:
        return self.arn.account


class Endpoints:
    """The endpoints of all accounts."""

    def __init__(
        self,
        clock: Clock,
        hosting: Hosting,
        metrics: Metrics,
        events: Events,
        host: Host,
        client: Callable[[str, str], Any],
    ) -> None:
        self.clock = clock
        self.metrics = metrics
        self.all: dict[tuple[str, str], Endpoint] = {}
        self.seconds_per_describe = 30.0  # a caller that waits makes time go by
        self.silent_rollback = True
        self.next_rollback_fails = ""  # a reason: the next way back fails
        self.ignored_guardrails: list[str] = []
        self.on_step: list[Callable[[Endpoint, str], None]] = []
        self.on_change: list[Callable[[Endpoint], None]] = []
        self._hosting = hosting
        self._events = events
        self._host = host
        self._client = client
        clock.on_tick(self._tick)
        hosting.in_use = self._users

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "CreateEndpoint": self.create,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.listing,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_weights,
            "DeleteEndpoint": self.delete,
        }

    # --- operations

    def create(self, caller: Caller, request: Body) -> Body:
        name, config = request["EndpointName"], request["EndpointConfigName"]
        arn = caller.own("endpoint", name)
        if (caller.account, name) in self.all:
            raise ValidationError(
                f'Cannot create already existing endpoint "{arn}".'
            )
        body = self._hosting.config(caller, config)
        endpoint = Endpoint(
            arn=arn,
            caller=caller,
            config_name=config,
            created=self.clock.now(),
            modified=self.clock.now(),
            deployment_config=request.get("DeploymentConfig"),
            capture=body.get("DataCaptureConfig"),
        )
        self.all[(caller.account, name)] = endpoint
        self._begin(endpoint, "Creating", creation(self, endpoint))
        return {"EndpointArn": str(arn)}

    def describe(self, caller: Caller, request: Body) -> Body:
        endpoint = self.find(caller, request["EndpointName"])
        self.clock.advance(self.seconds_per_describe)
        return self.described(endpoint)

    def listing(self, caller: Caller, request: Body) -> Body:
        mine = [
            {
                "EndpointName": endpoint.name,
                "EndpointArn": str(endpoint.arn),
                "CreationTime": endpoint.created,
                "LastModifiedTime": endpoint.modified,
                "EndpointStatus": endpoint.status,
            }
            for (account, _), endpoint in self.all.items()
            if account == caller.account
            and request.get("NameContains", "") in endpoint.name
        ]
        return page(
            "Endpoints", in_order(mine, request, "CreationTime"), request
        )

    def update(self, caller: Caller, request: Body) -> Body:
        endpoint = self.find(caller, request["EndpointName"])
        self._check_idle(endpoint)
        new = self._hosting.config(caller, request["EndpointConfigName"])
        old = self.config_of(endpoint, endpoint.config_name)
        check_update(old, new, self._scaled_variants(endpoint))
        deployment = request.get("DeploymentConfig")
        if deployment and guardrails_apply(old, new, deployment):
            counts = [
                v["InitialInstanceCount"] for v in new["ProductionVariants"]
            ]
            check_deployment(deployment, min(counts))
        work = Update(self, endpoint, request).run()
        self._begin(endpoint, "Updating", work)
        return {"EndpointArn": str(endpoint.arn)}

    def update_weights(self, caller: Caller, request: Body) -> Body:
        endpoint = self.find(caller, request["EndpointName"])
        self._check_idle(endpoint)
        by_name = {fleet.variant: fleet for fleet in endpoint.live}
        for wanted in request["DesiredWeightsAndCapacities"]:
            fleet = by_name.get(wanted["VariantName"])
            if fleet is None:
                raise ValidationError(
                    f"Could not find variant {wanted['VariantName']!r}."
                )
            fleet.desired_weight = wanted.get("DesiredWeight", fleet.weight)
            fleet.desired_count = wanted.get(
                "DesiredInstanceCount", fleet.count
            )
        self._begin(endpoint, "Updating", capacity_change(self, endpoint))
        return {"EndpointArn": str(endpoint.arn)}

    def delete(self, caller: Caller, request: Body) -> Body:
        endpoint = self.find(caller, request["EndpointName"])
        if endpoint.work is not None:
            raise ValidationError(
                f'Cannot update in-progress endpoint "{endpoint.arn}".'
            )
        self._begin(endpoint, "Deleting", deletion(self, endpoint))
        return {}

    def find(self, caller: Caller, name: str) -> Endpoint:
        found = self.all.get((caller.account, name))
        if found is None:
            arn = caller.own("endpoint", name)
            raise ValidationError(f'Could not find endpoint "{arn}".')
        return found

    def _check_idle(self, endpoint: Endpoint) -> None:
        if endpoint.status not in ("InService", "UpdateRollbackFailed"):
            raise ValidationError(
                f'Cannot update in-progress endpoint "{endpoint.arn}".'
                if endpoint.work is not None
                else f'Cannot update endpoint "{endpoint.arn}" in status '
                f"{endpoint.status}; delete it and create it anew."
            )

    def _users(self, account: str, config: str) -> list[str]:
        """Endpoints that run on a configuration, or are on their way to it."""
        return [
            endpoint.name
            for (owner, _), endpoint in self.all.items()
            if owner == account
            and config
            in (
                endpoint.config_name,
                (endpoint.pending or {}).get("EndpointConfigName"),
            )
        ]

    def _scaled_variants(self, endpoint: Endpoint) -> set[str]:
        client = self._client("application-autoscaling", endpoint.account)
        targets = client.describe_scalable_targets(ServiceNamespace="sagemaker")
        prefix = f"endpoint/{endpoint.name}/variant/"
        return {
            target["ResourceId"].removeprefix(prefix)
            for target in targets["ScalableTargets"]
            if target["ResourceId"].startswith(prefix)
        }

    # --- the state machine

    def config_of(self, endpoint: Endpoint, name: str) -> Body:
        return self._hosting.config(endpoint.caller, name)

    def launch(
        self,
        endpoint: Endpoint,
        config_name: str,
        retained: dict[str, tuple[float, int]] | None = None,
    ) -> list[Serving]:
        """All fleets of a configuration, or none of them."""
        config = self.config_of(endpoint, config_name)
        production = config["ProductionVariants"]
        shadows = config.get("ShadowProductionVariants", [])
        started: list[Serving] = []
        try:
            for body in [*production, *shadows]:
                name = body["VariantName"]
                container = self._hosting.container(
                    endpoint.caller, body["ModelName"]
                )
                fleet = Fleet(
                    self._host, endpoint.account, name, config_name, container
                )
                fleet.start()
                weight = body.get("InitialVariantWeight", 1.0)
                count = body.get("InitialInstanceCount", 1)
                weight, count = (retained or {}).get(name, (weight, count))
                started.append(
                    Serving(
                        fleet,
                        body in shadows,
                        weight,
                        weight,
                        count,
                        count,
                        body,
                    )
                )
        except BaseException:
            self.stop(started)
            raise
        return started

    def stop(self, fleets: list[Serving]) -> None:
        for serving in fleets:
            serving.fleet.stop()

    def forget(self, endpoint: Endpoint) -> None:
        del self.all[(endpoint.account, endpoint.name)]

    def enter(self, endpoint: Endpoint, status: str, reason: str = "") -> None:
        """A new status, told to the event bus."""
        endpoint.status, endpoint.reason = status, reason
        endpoint.modified = self.clock.now()
        self.announce(endpoint, status)

    def announce(self, endpoint: Endpoint, step: str) -> None:
        self._events.endpoint(endpoint.account, self.described(endpoint))
        for listener in self.on_step:
            listener(endpoint, step)

    def _begin(
        self, endpoint: Endpoint, status: str, work: Iterator[float]
    ) -> None:
        self.enter(endpoint, status)
        endpoint.work = work
        endpoint.wake = self.clock.now()
        self._go_on(endpoint)

    def _tick(self) -> None:
        for endpoint in list(self.all.values()):
            if endpoint.work is not None and endpoint.wake <= self.clock.now():
                self._go_on(endpoint)

    def _go_on(self, endpoint: Endpoint) -> None:
        assert endpoint.work is not None
        try:
            while endpoint.wake <= self.clock.now():
                endpoint.wake += next(endpoint.work)
        except StopIteration:
            endpoint.work = None
            for listener in self.on_change:
                listener(endpoint)

    # --- DescribeEndpoint

    def described(self, endpoint: Endpoint) -> Body:
        body: Body = {
            "EndpointName": endpoint.name,
            "EndpointArn": str(endpoint.arn),
            "EndpointConfigName": endpoint.config_name,
            "EndpointStatus": endpoint.status,
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
        }
        production = [_summary(f) for f in endpoint.live if not f.shadow]
        shadows = [_summary(f) for f in endpoint.live if f.shadow]
        if production:
            body["ProductionVariants"] = production
        if shadows:
            body["ShadowProductionVariants"] = shadows
        if endpoint.reason:
            body["FailureReason"] = endpoint.reason
        if endpoint.pending:
            body["PendingDeploymentSummary"] = endpoint.pending
        if endpoint.deployment_config:
            body["LastDeploymentConfig"] = endpoint.deployment_config
        if endpoint.capture:
            body["DataCaptureConfig"] = _capture_summary(endpoint.capture)
        config = self.config_of(endpoint, endpoint.config_name)
        if "AsyncInferenceConfig" in config:
            body["AsyncInferenceConfig"] = config["AsyncInferenceConfig"]
        return body


def _summary(serving: Serving) -> Body:
    body = {
        "VariantName": serving.variant,
        "DeployedImages": [
            {
                "SpecifiedImage": serving.fleet.container.image,
                "ResolvedImage": serving.fleet.container.resolved_image,
            }
        ],
        "CurrentWeight": serving.weight,
        "DesiredWeight": serving.desired_weight,
    }
    if "ServerlessConfig" in serving.body:
        return {
            **body,
            "CurrentServerlessConfig": serving.body["ServerlessConfig"],
        }
    return {
        **body,
        "CurrentInstanceCount": serving.count,
        "DesiredInstanceCount": serving.desired_count,
    }


def _capture_summary(capture: Body) -> Body:
    return {
        "EnableCapture": capture.get("EnableCapture", True),
        "CaptureStatus": "Started"
        if capture.get("EnableCapture")
        else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
