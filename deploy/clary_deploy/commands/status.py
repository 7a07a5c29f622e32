"""claryctl status: what runs where.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from typing import Any

from clary_deploy import live, scaling
from clary_deploy.command import Command, Context
from clary_deploy.config import STAGES
from clary_deploy.live import Live
from clary_deploy.stages import Stage, open_stage


def status(context: Context) -> None:
    """Every stage, or one, with its variants."""
    asked = [context.args.stage] if context.args.stage else list(STAGES)
    found = {}
    rows: list[list[object]] = []
    for name in asked:
        stage = open_stage(context, name)
        now = live.look(stage.config, stage.account, name)
        found[name] = as_json(stage, now)
        rows += _rows(stage, now)
    context.out.table(
        ["stage", "endpoint", "status", "variant", "version", "traffic",
         "instances", "scaling"],
        rows,
    )  # fmt: skip
    context.out.result(found)


def _rows(stage: Stage, now: Live | None) -> list[list[object]]:
    if now is None:
        absent: list[object] = [stage.name, stage.endpoint.name, "none"]
        return [[*absent, None, None, None, None, None]]
    target = scaling.registered(stage)
    limits = target and f"{target['MinCapacity']} to {target['MaxCapacity']}"
    rows: list[list[object]] = []
    for variant in now.variants:
        traffic = f"{100 * variant.share:.3g} %"
        rows.append(
            [
                stage.name,
                now.name,
                _status(now),
                variant.name,
                variant.version or None,
                f"shadow, {traffic}" if variant.shadow else traffic,
                variant.instances,
                limits if variant.name == stage.endpoint.variant else None,
            ]
        )
    if not rows:
        rows = [[stage.name, now.name, _status(now), *([None] * 5)]]
    return rows


def _status(now: Live) -> str:
    towards = now.pending.get("EndpointConfigName")
    return f"{now.status} to {towards}" if towards else now.status


def as_json(stage: Stage, now: Live | None) -> dict[str, Any]:
    if now is None:
        return {"endpoint": stage.endpoint.name, "status": "none"}
    return {
        "endpoint": now.name,
        "status": now.status,
        "config": now.config_name,
        "reason": now.reason,
        "pending": now.pending.get("EndpointConfigName"),
        "variants": [vars(variant) for variant in now.variants],
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage", metavar="STAGE", nargs="?", choices=STAGES, help="qa, prod"
    )


COMMANDS = (Command("status", "show what runs where", status, _arguments),)
