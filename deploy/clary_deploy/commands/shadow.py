"""claryctl shadow: a candidate sees real traffic, and nobody sees it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from clary_deploy import captured, experiments, histogram, live, rollout
from clary_deploy.captured import Captured
from clary_deploy.command import Command, Context
from clary_deploy.endpoint_tests import percentile
from clary_deploy.errors import PreconditionError
from clary_deploy.experiments import SHADOW
from clary_deploy.live import Live
from clary_deploy.stages import Stage, open_stage, stage_option

EVERYTHING = 100  # percent captured: what is not captured is not compared


def start(context: Context) -> None:
    """Mirrors so much of the traffic to the candidate."""
    stage = open_stage(context, context.args.stage)
    experiments.check_allowed(stage, variants=1, shadow=True)
    found = live.required(stage.config, stage.account, stage.name)
    if found.shadow and found.shadow.version == context.args.candidate:
        champion = experiments.champion(stage, found)
    else:
        champion = experiments.alone(stage, found)
    version = experiments.candidate(stage, context.args.candidate)
    percent = context.args.percent
    plan = rollout.plan(
        stage,
        [(stage.endpoint.variant, champion, 1.0)],
        shadow=(SHADOW, version, percent / 100),
        capture_percent=EVERYTHING,
    )
    after = experiments.move(plan, found)
    stage.out.say(
        f"version {version.number} sees {percent:g} % of the traffic of "
        f"{after.name}; version {champion.number} answers all of it"
    )
    stage.out.result({"endpoint": after.name, "config": plan.config_name})


def stop(context: Context) -> None:
    """Takes the shadow away."""
    stage = open_stage(context, context.args.stage)
    found = live.required(stage.config, stage.account, stage.name)
    if found.shadow:
        champion = experiments.champion(stage, found)
        experiments.move(rollout.plan_plain(stage, champion), found)
        stage.out.say(f"{found.name} has no shadow any more")
    else:
        stage.out.say(f"{found.name} has no shadow")
    stage.out.result({"endpoint": found.name})


# --- the report


def report(context: Context) -> None:
    """The differences of all predictions that both have made."""
    stage = open_stage(context, context.args.stage)
    found = live.required(stage.config, stage.account, stage.name)
    if not found.shadow:
        raise PreconditionError(
            f"{found.name} has no shadow: claryctl shadow start"
        )
    pairs = _pairs(stage, found)
    if not pairs:
        raise PreconditionError(
            "nothing was captured of both yet; captured requests reach S3 "
            "after some minutes"
        )
    differences = [shadow - production for production, shadow in pairs]
    figures = _figures(pairs, differences)
    stage.out.table(["figure", "value"], list(figures.items()))
    shape = histogram.of_values(differences)
    for line in histogram.lines(shape):
        stage.out.say(line)
    version = found.shadow.version
    champion = found.version(stage.endpoint.variant)
    picture = Path(context.args.picture)
    picture.write_text(
        histogram.svg(
            shape,
            f"{found.name}: version {version} in the shadow of {champion}, "
            f"{len(pairs)} predictions",
            "difference of the predictions",
        ),
        "utf-8",
    )
    stage.out.say(f"the histogram is in {picture}")
    stage.out.result({"figures": figures, "picture": str(picture)})


def _pairs(stage: Stage, found: Live) -> list[tuple[float, float]]:
    """(production, shadow) of the same rows. Requests are the same when the
    caller gave them the same id, else when their bodies are the same: one row
    always has the same prediction."""
    begin = experiments.started(stage, found)
    own = stage.endpoint.variant
    production = {
        _key(request): request for request in captured.read(stage, own, begin)
    }
    pairs: list[tuple[float, float]] = []
    for request in captured.read(stage, SHADOW, begin):
        other = production.get(_key(request))
        if other and len(other.predictions) == len(request.predictions):
            pairs += zip(other.predictions, request.predictions, strict=True)
    return pairs


def _key(request: Captured) -> str:
    return request.inference_id or request.request


def _figures(
    pairs: Sequence[tuple[float, float]], differences: Sequence[float]
) -> dict[str, float]:
    absolute = [abs(difference) for difference in differences]
    count = len(differences)
    return {
        "predictions": count,
        "the same": sum(difference == 0 for difference in differences),
        "mean production": math.fsum(pair[0] for pair in pairs) / count,
        "mean shadow": math.fsum(pair[1] for pair in pairs) / count,
        "mean difference": math.fsum(differences) / count,
        "median of |difference|": percentile(absolute, 50),
        "95th percentile": percentile(absolute, 95),
        "largest": max(absolute),
    }


# --- the command line


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError("a share is more than 0, up to 100")
    return value


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--candidate",
        metavar="N",
        type=int,
        required=True,
        help="the version to compare with what is live",
    )
    parser.add_argument(
        "--percent",
        metavar="PERCENT",
        type=_share,
        default=100.0,
        help="the share of the traffic that is mirrored (%(default)g)",
    )
    stage_option(parser)


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--picture",
        default="shadow.svg",
        metavar="FILE",
        help="where the histogram goes (%(default)s)",
    )
    stage_option(parser)


COMMANDS = (
    Command("shadow start", "mirror traffic", start, _start_arguments),
    Command("shadow report", "compare predictions", report, _report_arguments),
    Command("shadow stop", "end mirroring", stop, stage_option),
)
