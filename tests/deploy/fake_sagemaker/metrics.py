"""Metrics of endpoints, and the alarms that watch them.

moto keeps alarms and metrics but evaluates nothing, and does not know
percentiles. What the hosting service publishes is therefore kept here: alarms
on it are evaluated as documented, their state set in moto; GetMetricData on it
is answered here.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .identity import Caller

Body = dict[str, Any]

NAMESPACE = "AWS/SageMaker"
BREACHES = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Invocation:
    """One request that reached a variant."""

    account: str
    time: float
    endpoint: str
    variant: str
    config: str
    status: int  # what the container answered
    model_latency: float  # microseconds

    def value(self, metric: str) -> float | None:
        """This request's part in a metric; None when it has none."""
        values = {
            "Invocations": 1.0,
            "ModelLatency": self.model_latency,
            "Invocation4XXErrors": float(400 <= self.status < 500),
            "Invocation5XXErrors": float(self.status >= 500),
        }
        return values.get(metric)

    def has(self, dimensions: dict[str, str]) -> bool:
        """Published by endpoint and variant, and by configuration too: any
        other set of dimensions never has data."""
        mine = {"EndpointName": self.endpoint, "VariantName": self.variant}
        return dimensions in (mine, {**mine, "EndpointConfigName": self.config})


class Metrics:
    """Every invocation there was, and what follows from them."""

    def __init__(self, clock: Clock, client: Callable[[str, str], Any]) -> None:
        self._clock = clock
        self._client = client
        self.invocations: list[Invocation] = []
        self.forced: dict[str, str] = {}  # alarm name -> state, set by a test

    def record(self, invocation: Invocation) -> None:
        self.invocations.append(invocation)

    def force(self, account: str, alarm: str, state: str) -> None:
        """Holds an alarm in a state, whatever the metrics say."""
        self.forced[alarm] = state
        self._set(account, alarm, state)

    def firing(self, account: str, names: Sequence[str]) -> list[str]:
        """Of these alarms, those in ALARM, after evaluating them."""
        if not names:
            return []
        return self.evaluate(account, AlarmNames=list(names))

    def evaluate(self, account: str, **which: Any) -> list[str]:
        """Brings alarms up to date, as CloudWatch does by itself; those in
        ALARM."""
        cloudwatch = self._client("cloudwatch", account)
        alarms = cloudwatch.describe_alarms(**which)["MetricAlarms"]
        firing = []
        for alarm in alarms:
            if alarm.get("Namespace") != NAMESPACE:
                continue
            name = alarm["AlarmName"]
            state = self.forced.get(name) or self._state(account, alarm)
            if state != alarm["StateValue"]:
                self._set(account, name, state)
            if state == "ALARM":
                firing.append(name)
        return firing

    def _set(self, account: str, alarm: str, state: str) -> None:
        self._client("cloudwatch", account).set_alarm_state(
            AlarmName=alarm, StateValue=state, StateReason="evaluated"
        )

    def _state(self, account: str, alarm: Body) -> str:
        """Breaching in enough of the last periods. Missing data counts as
        `TreatMissingData` says; "missing", the default, is no evidence."""
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        breach = BREACHES[alarm["ComparisonOperator"]]
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        breaching = known = 0
        for index in range(alarm["EvaluationPeriods"]):
            end = self._clock.now() - index * alarm["Period"]
            value = self._statistic(
                account, alarm["MetricName"], dimensions, statistic,
                end - alarm["Period"], end,
            )  # fmt: skip
            missing = alarm.get("TreatMissingData", "missing")
            if value is None and missing == "missing":
                continue
            known += 1
            if value is None:
                breaching += missing == "breaching"
            else:
                breaching += breach(value, alarm["Threshold"])
        if not known:
            return "INSUFFICIENT_DATA"
        needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
        return "ALARM" if breaching >= needed else "OK"

    def _statistic(
        self,
        account: str,
        metric: str,
        dimensions: dict[str, str],
        statistic: str,
        start: float,
        end: float,
    ) -> float | None:
        values = [
            value
            for invocation in self.invocations
            if invocation.account == account
            and start < invocation.time <= end
            and invocation.has(dimensions)
            and (value := invocation.value(metric)) is not None
        ]
        return _reduced(values, statistic) if values else None

    # --- CloudWatch's GetMetricData

    def answers(self, request: Body) -> bool:
        """Whether a GetMetricData is about what is kept here."""
        return all(
            query.get("MetricStat", {}).get("Metric", {}).get("Namespace")
            == NAMESPACE
            for query in request["MetricDataQueries"]
        )

    def get_metric_data(self, caller: Caller, request: Body) -> Body:
        results = [
            self._series(caller.account, query, request)
            for query in request["MetricDataQueries"]
        ]
        return {"MetricDataResults": results}

    def _series(self, account: str, query: Body, request: Body) -> Body:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        dimensions = {
            d["Name"]: d["Value"] for d in metric.get("Dimensions", [])
        }
        period, start = stat["Period"], request["StartTime"] // 1
        times: list[float] = []
        values: list[float] = []
        while start < request["EndTime"]:
            value = self._statistic(
                account, metric["MetricName"], dimensions, stat["Stat"],
                start - 1e-9, start + period,
            )  # fmt: skip
            if value is not None:
                times.append(start)
                values.append(value)
            start += period
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": times,
            "Values": values,
            "StatusCode": "Complete",
        }


def _reduced(values: list[float], statistic: str) -> float:
    if statistic.startswith("p"):
        ordered = sorted(values)
        rank = math.ceil(float(statistic[1:]) / 100 * len(ordered))
        return ordered[max(rank, 1) - 1]
    reduce: dict[str, Callable[[list[float]], float]] = {
        "Sum": sum,
        "Average": lambda all_values: sum(all_values) / len(all_values),
        "Minimum": min,
        "Maximum": max,
        "SampleCount": lambda all_values: float(len(all_values)),
    }
    return reduce[statistic](values)
