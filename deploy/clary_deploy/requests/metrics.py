"""CloudWatch: an endpoint's metrics, for a report.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

WANTED = (
    ("Invocations", "Sum"),
    ("Invocation4XXErrors", "Sum"),
    ("Invocation5XXErrors", "Sum"),
    ("ModelLatency", "p50"),
    ("ModelLatency", "p95"),
    ("ModelLatency", "p99"),
)


def of_variants(
    endpoint: str,
    config_name: str,
    variants: Sequence[str],
    start: datetime.datetime,
    end: datetime.datetime,
) -> dict[str, Any]:
    """GetMetricData: one period as long as the whole time, so that a percentile
    is one of all requests and not an average of averages."""
    seconds = int((end - start).total_seconds())
    step = kept_by(seconds)
    period = -(-seconds // step) * step
    queries = [
        {
            "Id": query_id(index, metric, stat),
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": endpoint},
                        {"Name": "VariantName", "Value": variant},
                        {"Name": "EndpointConfigName", "Value": config_name},
                    ],
                },
                "Period": period,
                "Stat": stat,
            },
        }
        for index, variant in enumerate(variants)
        for metric, stat in WANTED
    ]
    return {
        "MetricDataQueries": queries,
        "StartTime": start,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }


DAY = 24 * 3600


def kept_by(age: int) -> int:
    """By how many seconds CloudWatch keeps what is that old: another period
    than a multiple of it finds nothing."""
    if age <= 15 * DAY:
        return 60
    return 300 if age <= 63 * DAY else 3600


def query_id(index: int, metric: str, stat: str) -> str:
    """Begins with a small letter, as CloudWatch wants it."""
    return f"v{index}_{metric.lower()}_{stat.lower()}"


def merged(stat: str, values: Sequence[float]) -> float:
    """One figure of the periods there are: where CloudWatch begins them
    elsewhere, two. The larger of two percentiles, to be careful."""
    if not values:
        return 0.0
    return sum(values) if stat == "Sum" else max(values)
