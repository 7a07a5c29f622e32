"""claryctl ab: a challenger beside the champion, on real traffic.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import datetime
from typing import Any

from clary_deploy import (
    captured,
    delivery,
    endpoint_tests,
    experiments,
    inference,
    live,
    rollout,
)
from clary_deploy.command import Command, Context
from clary_deploy.errors import PreconditionError
from clary_deploy.experiments import CHALLENGER
from clary_deploy.inference import Interval, Sample
from clary_deploy.live import Live
from clary_deploy.requests import hosting, metrics
from clary_deploy.s3 import read_text
from clary_deploy.stages import Stage, open_stage, stage_option
from clary_deploy.versions import IN_PROGRESS, REJECTED, Version

SUSPICIOUS = 0.001  # a split this unlikely has another cause than chance


def start(context: Context) -> None:
    """Adds the challenger, with so much of the traffic."""
    stage = open_stage(context, context.args.stage)
    experiments.check_allowed(stage, variants=2, shadow=False)
    weight = context.args.weight
    found = live.required(stage.config, stage.account, stage.name)
    running = [v.version for v in found.production if v.name == CHALLENGER]
    if running and running[0] == context.args.challenger:
        champion = experiments.champion(stage, found)
    else:
        champion = experiments.alone(stage, found)
    challenger = experiments.candidate(stage, context.args.challenger)
    plan = rollout.plan(
        stage,
        [
            (stage.endpoint.variant, champion, 100.0 - weight),
            (CHALLENGER, challenger, weight),
        ],
    )
    if running and found.config_name != plan.config_name:
        raise PreconditionError(
            f"version {running[0]} is the challenger already, with another "
            "weight: claryctl ab weight"
        )
    stage.registry.write_stage(
        challenger,
        stage.word,
        IN_PROGRESS,
        f"challenger of version {champion.number}, {weight:g} % of the traffic",
    )
    after = experiments.move(plan, found)
    stage.out.say(
        f"version {challenger.number} has {weight:g} % of the traffic of "
        f"{after.name}, version {champion.number} the rest"
    )
    stage.out.result({"endpoint": after.name, "config": plan.config_name})


def weigh(context: Context) -> None:
    """Moves traffic between the two, at once and without a deployment."""
    stage = open_stage(context, context.args.stage)
    found = _running(stage)
    weight = context.args.weight
    wanted = {stage.endpoint.variant: 100.0 - weight, CHALLENGER: weight}
    now = {variant.name: variant.weight for variant in found.production}
    if now != wanted:
        body = hosting.weights(stage.config, stage.name, wanted)
        stage.account.write(
            "sagemaker", "update_endpoint_weights_and_capacities", body
        )
        while not stage.account.dry_run:
            answer = live.describe(stage.account, found.name) or {}
            if answer.get("EndpointStatus") == "InService":
                break
            stage.context.sleep()
    stage.out.say(f"the challenger has {weight:g} % of the traffic")
    stage.out.result({"endpoint": found.name, "weights": wanted})


def finish(context: Context) -> None:
    """Ends the test. The winner's traffic first goes through the champion,
    then through the stage's own guardrails."""
    stage = open_stage(context, context.args.stage)
    found = live.required(stage.config, stage.account, stage.name)
    winner = context.args.winner
    if len(found.production) > 1:
        champion = experiments.champion(stage, found)
        challenger = stage.registry.version(found.version(CHALLENGER))
        _note_verdict(stage, champion, challenger, winner)
        experiments.move(rollout.plan_plain(stage, champion), found)
        if winner == "champion":
            stage.out.say(f"version {champion.number} has all the traffic")
    elif winner == "champion":
        stage.out.say("no A/B test is running")
    if winner == "challenger":
        _deliver_winner(stage, found)
    stage.out.result({"endpoint": found.name, "winner": winner})


WON = "won its A/B test"


def _note_verdict(
    stage: Stage, champion: Version, challenger: Version, winner: str
) -> None:
    """Before anything moves, so that a run which is killed half way knows what
    is still to do."""
    verdict = (
        (IN_PROGRESS, WON)
        if winner == "challenger"
        else (REJECTED, f"lost its A/B test against version {champion.number}")
    )
    stage.registry.write_stage(challenger, stage.word, *verdict)


def _deliver_winner(stage: Stage, found: Live) -> None:
    """The challenger that has won; after that is done, once more what is live:
    an earlier run may have been killed in its last steps."""
    for version in stage.registry.all():
        if (version.stage, version.stage_description) == (stage.word, WON):
            delivery.deliver(stage, version, why=WON)
            stage.out.say(f"version {version.number} has all the traffic")
            return
    stage.out.say("no A/B test is running")
    delivery.deliver(stage, experiments.champion(stage, found))


# --- the report


def report(context: Context) -> None:
    """Requests, errors and latency of both; with labels, their errors too."""
    stage = open_stage(context, context.args.stage)
    found = _running(stage)
    begin = experiments.started(stage, found)
    names = [stage.endpoint.variant, CHALLENGER]
    figures = _figures(stage, found, names, begin)
    stage.out.table(
        ["variant", "version", "weight", "requests", "4xx", "5xx",
         "p50 ms", "p95 ms", "p99 ms"],
        [
            [
                name,
                found.version(name),
                found.variant(name).weight,
                *figures[name].values(),
            ]
            for name in names
        ],
    )  # fmt: skip
    result: dict[str, Any] = {"variants": figures}
    result["split"] = _say_split(stage, found, names)
    if context.args.labels:
        result["mse"] = _say_errors(stage, names, begin, context.args.labels)
    stage.out.result(result)


def _running(stage: Stage) -> Live:
    found = live.required(stage.config, stage.account, stage.name)
    if CHALLENGER not in [variant.name for variant in found.production]:
        raise PreconditionError(
            f"{found.name} has no A/B test: claryctl ab start"
        )
    return found


def _figures(
    stage: Stage, found: Live, names: list[str], begin: datetime.datetime
) -> dict[str, dict[str, float]]:
    end = max(datetime.datetime.now(datetime.UTC), begin + experiments.MINUTE)
    answer = stage.account.read(
        "cloudwatch",
        "get_metric_data",
        metrics.of_variants(found.name, found.config_name, names, begin, end),
    )
    values = {
        result["Id"]: result["Values"] for result in answer["MetricDataResults"]
    }
    keys = ("requests", "4xx", "5xx", "p50_ms", "p95_ms", "p99_ms")
    figures: dict[str, dict[str, float]] = {}
    for index, name in enumerate(names):
        figures[name] = {}
        for key, (metric, stat) in zip(keys, metrics.WANTED, strict=True):
            value = metrics.merged(
                stat, values[metrics.query_id(index, metric, stat)]
            )
            milliseconds = key.endswith("_ms")
            figures[name][key] = value / 1000 if milliseconds else int(value)
    return figures


def _say_split(
    stage: Stage, found: Live, names: list[str]
) -> dict[str, float | None]:
    """Whether the traffic was split as the weights say, since they do."""
    since = experiments.weighted(stage, found)
    figures = _figures(stage, found, names, since)
    counts = [int(figures[name]["requests"]) for name in names]
    if not sum(counts):
        stage.out.say("no requests yet with these weights")
        return {"p_value": None}
    chance = inference.split_p_value(
        counts, [found.variant(name).weight for name in names]
    )
    verdict = "as weighted" if chance > SUSPICIOUS else "NOT as weighted"
    stage.out.say(f"the split is {verdict} (chi-squared, p = {chance:.3g})")
    return {"p_value": chance}


def _say_errors(
    stage: Stage, names: list[str], begin: datetime.datetime, labels_file: str
) -> dict[str, Any]:
    """Squared errors of the requests whose label is known, by inference id."""
    labels = {
        row[0]: float(row[1])
        for row in endpoint_tests.cells(read_text(stage.account, labels_file))
    }
    samples = [
        inference.sample(
            [
                (request.predictions[0] - labels[request.inference_id]) ** 2
                for request in captured.read(stage, name, begin)
                if request.inference_id in labels and request.predictions
            ]
        )
        for name in names
    ]
    return _say_difference(stage, names, *samples)


def _say_difference(
    stage: Stage, names: list[str], a: Sample, b: Sample
) -> dict[str, Any]:
    out = stage.out
    out.table(
        ["variant", "labelled", "MSE"],
        [[names[0], a.count, a.mean], [names[1], b.count, b.mean]],
    )
    once, always = inference.fixed(a, b), inference.anytime(a, b)
    if once:
        out.say(f"difference of MSE: {_text(once)} (95 %, for one look)")
    if always is None:
        out.say(
            f"too few labels for a verdict: {inference.ENOUGH} of each are "
            "needed"
        )
    else:
        out.say(f"at any look: {_text(always)} (95 %): {_verdict(always)}")
    return {
        "champion": vars(a),
        "challenger": vars(b),
        "fixed": vars(once) if once else None,
        "anytime": vars(always) if always else None,
        "verdict": _verdict(always) if always else "too few labels",
    }


def _text(interval: Interval) -> str:
    return (
        f"{interval.difference:+.4g} [{interval.low:+.4g}, "
        f"{interval.high:+.4g}]"
    )


def _verdict(interval: Interval) -> str:
    if not interval.decided:
        return "undecided, go on"
    better = "challenger" if interval.difference < 0 else "champion"
    return f"the {better} is better, stop"


# --- the command line


def _percent(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError("a share is 0 to 100")
    return value


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--challenger",
        metavar="N",
        type=int,
        required=True,
        help="the version to compare with what is live",
    )
    parser.add_argument(
        "--weight",
        metavar="PERCENT",
        type=_percent,
        required=True,
        help="the challenger's share of the traffic",
    )
    stage_option(parser)


def _weight_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "weight",
        metavar="PERCENT",
        type=_percent,
        help="the challenger's share of the traffic",
    )
    stage_option(parser)


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        default="",
        metavar="FILE",
        help="CSV: inference id, label; joined with what was captured",
    )
    stage_option(parser)


def _finish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "winner",
        choices=("champion", "challenger"),
        help="which of them takes all the traffic",
    )
    stage_option(parser)


COMMANDS = (
    Command("ab start", "put a challenger beside", start, _start_arguments),
    Command("ab weight", "move traffic between both", weigh, _weight_arguments),
    Command("ab report", "compare both", report, _report_arguments),
    Command("ab finish", "end the test", finish, _finish_arguments),
)
