"""One version to one stage: the whole of `deploy`, `promote` and `rollback`.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from clary_deploy import endpoint_tests, leftovers, live, rollout, scaling
from clary_deploy.endpoint_tests import Report
from clary_deploy.errors import RolledBackError, TestsFailedError
from clary_deploy.live import Live
from clary_deploy.stages import Stage
from clary_deploy.versions import (
    APPROVED,
    ARCHIVED,
    IN_PROGRESS,
    REJECTED,
    RETIRED,
    Version,
    check_deployable,
)


@dataclass(frozen=True)
class Delivered:
    """What a deployment came to."""

    live: Live
    moved: bool  # False: it was live already
    report: Report | None  # None: not tested

    def as_json(self) -> dict[str, Any]:
        return {
            "endpoint": self.live.name,
            "config": self.live.config_name,
            "already_live": not self.moved,
            "tests": self.report.as_json() if self.report else None,
        }


def deliver(
    stage: Stage,
    version: Version,
    *,
    strategy: str = "",
    tested: bool = True,
    instead_of: int = 0,  # the version that is rolled back
    why: str = "",
) -> Delivered:
    """Deploys, verifies, tests, and writes what happened to the registry.

    Repeated after it was done it writes nothing at all: whatever a registry
    event starts again ends here.
    """
    check_deployable(stage.config, version)
    plan = rollout.plan_one(stage, version, strategy)
    before = live.look(stage.config, stage.account, stage.name)
    if is_live(before, plan.config_name):
        assert before is not None
        stage.out.say(
            f"version {version.number} is already live on {before.name} "
            f"({before.config_name})"
        )
        after, moved = rollout.verify(plan, before), False
    else:
        rollout.check_ready(plan, before)
        started = write(
            stage,
            version,
            IN_PROGRESS,
            why,
            _replacing(stage, version, instead_of),
        )
        after, moved = _move(stage, started, plan, before), True
    scaling.ensure(stage)
    report = None
    if tested and not stage.account.dry_run:
        report = ensure_tested(stage, version, after)
    if not stage.account.dry_run:
        retire_others(stage, version)
    leftovers.remove(stage, after, before)
    return Delivered(after, moved, report)


def is_live(found: Live | None, config_name: str) -> bool:
    return (
        found is not None
        and found.status == "InService"
        and not found.pending
        and found.config_name == config_name
    )


def _move(
    stage: Stage, version: Version, plan: rollout.Plan, before: Live | None
) -> Live:
    scaling.release_if_needed(plan, before)
    try:
        return rollout.move(plan, before)
    except RolledBackError as error:
        scaling.ensure(stage)
        reject(stage, version, str(error))
        raise


def _replacing(
    stage: Stage, version: Version, instead_of: int
) -> dict[str, object]:
    """Whether this is a rollback, for whoever repeats it."""
    if instead_of in (version.number, version.replaces(stage.name)):
        return {}
    return {f"{stage.name}-instead-of": instead_of}


def reject(
    stage: Stage,
    version: Version,
    why: str,
    facts: dict[str, object] | None = None,
) -> None:
    """Writes `<stage>/Rejected` with the reason."""
    write(stage, version, REJECTED, why, facts)


def write(
    stage: Stage,
    version: Version,
    status: str,
    why: str = "",
    facts: dict[str, object] | None = None,
) -> Version:
    """Writes the stage and facts. A version has one stage: what happens in QA
    to one that is in prod is a fact, and does not take it out of prod."""
    if stage.name == "qa" and is_in_prod(stage, version):
        return stage.registry.write_stage(
            version,
            version.stage,
            version.stage_status,
            version.stage_description,
            facts,
        )
    return stage.registry.write_stage(version, stage.word, status, why, facts)


def is_in_prod(stage: Stage, version: Version) -> bool:
    """Whether the registry says that prod serves it, or is about to."""
    served = version.stage_status in (APPROVED, IN_PROGRESS)
    return served and version.stage == stage.config.registry.stages.prod


# --- tests


def ensure_tested(stage: Stage, version: Version, found: Live) -> Report | None:
    """Tests, unless this very configuration has passed before."""
    current = stage.registry.version(version.number)
    if (
        current.known(stage.name, "verdict") == "passed"
        and current.known(stage.name, "config") == found.config_name
        and is_approved(stage, current)
    ):
        stage.out.say(
            f"its tests have passed on {current.known(stage.name, 'time')}"
        )
        return None
    return test(stage, current, found)


def is_approved(stage: Stage, version: Version) -> bool:
    """Whether the registry says so of this stage."""
    if stage.name == "qa" and is_in_prod(stage, version):
        return True
    return (version.stage, version.stage_status) == (stage.word, APPROVED)


def test(stage: Stage, version: Version, found: Live) -> Report:
    """Runs all tests, writes the evidence, raises when one fails."""
    several = len(found.production) > 1
    variant = stage.endpoint.variant if several else ""
    report = endpoint_tests.run(stage, version, variant)
    show(stage, report)
    facts = _facts(stage, version, found, report)
    if not report.passed:
        why = "; ".join(report.failures)
        reject(stage, version, f"tests failed: {why}", facts)
        raise TestsFailedError(
            f"version {version.number} on {found.name} failed its tests: {why}"
        )
    write(stage, version, APPROVED, "", facts)
    return report


test.__test__ = False  # type: ignore[attr-defined]  # a name pytest would take


def show(stage: Stage, report: Report) -> None:
    out = stage.out
    out.table(
        ["check", "found", "wanted", ""],
        [
            [
                check.name,
                check.found,
                check.wanted,
                "ok" if check.passed else "FAILED",
            ]
            for check in report.checks
        ],
    )


def _facts(
    stage: Stage, version: Version, found: Live, report: Report
) -> dict[str, object]:
    """What the registry is to know of this deployment."""
    environ = stage.context.environ
    commit = environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", "")
    facts: dict[str, object] = {
        "endpoint": found.name,
        "config": found.config_name,
        "digest": version.digest,
        "sha256": version.sha256,
        "time": now(),
        "commit": commit or version.origin.get("CommitId", ""),
        "verdict": "passed" if report.passed else "failed",
        "checks": " / ".join(
            check.name for check in report.checks if check.passed
        ),
    }
    if report.mse is not None:
        facts["mse"] = report.mse
    if report.p95_ms is not None:
        facts["p95-ms"] = report.p95_ms
    return {f"{stage.name}-{key}": value for key, value in facts.items()}


def now() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


# --- the versions that were live before


def retire_others(stage: Stage, version: Version) -> None:
    """Other versions that the registry still calls this stage's."""
    for other in stage.registry.all():
        if other.number == version.number or other.stage != stage.word:
            continue
        if other.stage_status in (APPROVED, IN_PROGRESS):
            why = f"version {version.number} took its place on {stage.name}"
            stage.registry.write_stage(other, ARCHIVED, RETIRED, why)
