"""`claryctl test`: what an endpoint must show before it counts as tested.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary_deploy.errors import PreconditionError
from clary_deploy.invoke import CSV, invoke
from clary_deploy.s3 import read_text, sha256_of_object
from clary_deploy.stages import Stage
from clary_deploy.versions import Version

BATCH = 100  # rows in one request

Row = list[float]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    found: str
    wanted: str


@dataclass(frozen=True)
class Report:
    """All that was looked at, and the figures that are kept."""

    checks: Sequence[Check]
    mse: float | None
    p95_ms: float | None

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> list[str]:
        return [
            f"{check.name}: {check.found}, wanted {check.wanted}"
            for check in self.checks
            if not check.passed
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "mse": self.mse,
            "p95_ms": self.p95_ms,
            "checks": [vars(check) for check in self.checks],
        }


def run(stage: Stage, version: Version, variant: str = "") -> Report:
    """Asks the endpoint everything; `variant` where there are several."""
    golden = golden_rows(stage, version)
    checks = [
        _artifact(stage, version),
        _golden(stage, golden, variant),
    ]
    mse = _mse(stage, version, variant)
    checks.append(_judged_mse(stage, mse))
    latencies = _latencies(stage, golden, variant, checks)
    p95 = percentile(latencies, 95) if latencies else None
    checks.append(_judged_latency(stage, latencies))
    checks += _bad_input(stage, golden, variant)
    return Report(checks, mse, p95)


# --- rows


@dataclass(frozen=True)
class Golden:
    """Rows as the model takes them, and what it is to answer."""

    lines: Sequence[str]
    wanted: Sequence[Row]


def golden_rows(stage: Stage, version: Version) -> Golden:
    """The version's own golden rows, or those of the configuration: features,
    then the wanted outputs, as `clary check --golden` takes them."""
    place = stage.endpoint.tests.golden or version.metadata.get("golden", "")
    if not place:
        raise PreconditionError(
            f"there are no golden rows for version {version.number}: register "
            "with --golden, or set tests.golden"
        )
    outputs = int(version.metadata.get("outputs", "1"))
    rows = cells(_text(stage, place))
    return Golden(
        [",".join(row[:-outputs]) for row in rows],
        [[float(cell) for cell in row[-outputs:]] for row in rows],
    )


def labelled_rows(stage: Stage, version: Version) -> list[tuple[float, str]]:
    """(label, features as a line); empty when nobody gave any."""
    place = stage.endpoint.tests.labelled or version.metadata.get(
        "labelled", ""
    )
    if not place:
        return []
    rows = cells(_text(stage, place))
    return [(float(row[0]), ",".join(row[1:])) for row in rows]


def _text(stage: Stage, place: str) -> str:
    """An object, or a file; a relative path begins at the configuration."""
    if not place.startswith("s3://"):
        base = Path(stage.context.args.config).resolve().parent
        place = str(base / place)
    return read_text(stage.registry.account, place)


def cells(text: str) -> list[list[str]]:
    """Rows of CSV; a first row without any number is a header."""
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if rows and not any(is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    return rows


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# --- checks


def _artifact(stage: Stage, version: Version) -> Check:
    """What was approved is what is there: S3 keys can be written again."""
    found = sha256_of_object(stage.registry.account, version.model_url)
    return Check(
        "artifact SHA-256",
        found == version.sha256,
        f"{found[:12]}..." if found else "no such object",
        f"{version.sha256[:12]}...",
    )


def _golden(stage: Stage, golden: Golden, variant: str) -> Check:
    tolerance = stage.endpoint.tests.tolerance
    wanted = f"within {tolerance:g} + {tolerance:g} of the value"
    off = 0
    largest = 0.0
    for start in range(0, len(golden.lines), BATCH):
        part = slice(start, start + BATCH)
        reply = invoke(stage, "\n".join(golden.lines[part]), variant=variant)
        if reply.status != 200:
            text = f"status {reply.status}: {reply.body[:80]}"
            return Check("golden rows", False, text, wanted)
        rows = reply.numbers()
        if len(rows) != len(golden.wanted[part]):
            text = f"{len(rows)} rows for {len(golden.wanted[part])}"
            return Check("golden rows", False, text, wanted)
        for got, want in zip(rows, golden.wanted[part], strict=True):
            difference, agrees = _compared(got, want, tolerance)
            largest = max(largest, difference)
            off += not agrees
    found = f"{off} of {len(golden.lines)} differ, by at most {largest:.2g}"
    return Check("golden rows", off == 0, found, wanted)


def _compared(got: Row, want: Row, tolerance: float) -> tuple[float, bool]:
    """The largest difference, and whether each value agrees."""
    if len(got) != len(want):
        return math.inf, False
    pairs = list(zip(got, want, strict=True))
    return (
        max(abs(g - w) for g, w in pairs),
        all(abs(g - w) <= tolerance + tolerance * abs(w) for g, w in pairs),
    )


def _mse(stage: Stage, version: Version, variant: str) -> float | None:
    """Over the labelled rows; infinite when one is refused."""
    rows = labelled_rows(stage, version)
    errors: list[float] = []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        reply = invoke(
            stage, "\n".join(line for _, line in part), variant=variant
        )
        if reply.status != 200:
            return math.inf
        answers = reply.numbers()
        errors += [
            (answer[0] - label) ** 2
            for answer, (label, _) in zip(answers, part, strict=True)
        ]
    return math.fsum(errors) / len(errors) if errors else None


def _judged_mse(stage: Stage, mse: float | None) -> Check:
    limit = stage.endpoint.tests.max_mse
    wanted = "any" if limit is None else f"at most {limit:g}"
    if mse is None:
        return Check("MSE", limit is None, "no labelled rows", wanted)
    return Check("MSE", limit is None or mse <= limit, f"{mse:.6g}", wanted)


def _latencies(
    stage: Stage, golden: Golden, variant: str, checks: list[Check]
) -> list[float]:
    """Milliseconds of one-row requests, one after another."""
    asked = stage.endpoint.tests.requests
    found = []
    refused = 0
    for index in range(asked):
        line = golden.lines[index % len(golden.lines)]
        reply = invoke(stage, line, variant=variant)
        refused += reply.status != 200
        found.append(reply.seconds * 1000)
    checks.append(
        Check("requests", refused == 0, f"{refused} of {asked} failed", "none")
    )
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]


def _judged_latency(stage: Stage, latencies: list[float]) -> Check:
    limit = stage.endpoint.tests.max_p95_ms
    wanted = "any" if limit is None else f"p95 at most {limit:g} ms"
    p50, p95, p99 = (percentile(latencies, p) for p in (50, 95, 99))
    found = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"
    return Check("latency", limit is None or p95 <= limit, found, wanted)


def _bad_input(stage: Stage, golden: Golden, variant: str) -> list[Check]:
    """What a client may do wrong is answered with 4xx, never with a value or
    with 5xx; and the next good request is answered as ever."""
    line = golden.lines[0]
    short = ",".join(line.split(",")[:-1]) or "x"
    wrong: list[tuple[str, str, str]] = [
        ("a cell that is no number", "not,a,number", CSV),
        ("a column too few", short, CSV),
        ("a type nobody knows", line, "application/x-nothing"),
        ("broken JSON", '{"instances": [[', "application/json"),
    ]

    def ask(body: str, kind: str) -> int:
        return invoke(stage, body, content_type=kind, variant=variant).status

    checks = []
    for name, body, kind in wrong:
        status = ask(body, kind)
        checks.append(Check(name, 400 <= status < 500, str(status), "4xx"))
    status = ask(line, CSV)
    checks.append(Check("then a good row", status == 200, str(status), "200"))
    return checks
