"""claryctl pipeline put, start, status: from data to a proposed version.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import dataclasses
import uuid
from pathlib import Path
from typing import Any

from clary_deploy import git, names, training
from clary_deploy.command import Command, Context, watch_option
from clary_deploy.errors import AwsError, PreconditionError, UsageError
from clary_deploy.requests import pipelines
from clary_deploy.session import Account
from pipeline import definition

RUNNING = ("Executing", "Stopping")
UNDER_WAY = ("Starting", "Executing", "Stopping")  # of a step


def put(context: Context) -> None:
    """Uploads what the steps run; makes the pipeline, or brings it up to
    date."""
    args, config, out = context.args, context.config, context.out
    trainer = args.trainer or config.pipeline.trainer
    training.check(config, trainer)
    account = context.aws.here("data_science")
    sources = dataclasses.replace(
        training.uploaded(config, account, Path(args.image), trainer),
        commit=args.commit or git.commit(),
        repository=args.source or git.repository(),
    )
    made = definition.definition(config, sources)
    text = pipelines.text(made)
    name = names.training_pipeline(config)
    before = account.exists(
        "sagemaker",
        "describe_pipeline",
        pipelines.describe(config),
        "ResourceNotFound",
    )
    if before is None:
        state = "made"
        body = pipelines.create(config, text)
        account.write("sagemaker", "create_pipeline", body)
    elif before["PipelineDefinition"] == text:
        state = "up to date"
    else:
        state = "updated"
        body = pipelines.update(config, text)
        account.write("sagemaker", "update_pipeline", body)
    out.say(f"pipeline {name}: {state}")
    steps = [
        *made["Steps"],
        *made["Steps"][-1]["Arguments"]["IfSteps"],
        *made["Steps"][-1]["Arguments"]["ElseSteps"],
    ]
    out.table(
        ["step", "type", "image"],
        [[step["Name"], step["Type"], _image(step)] for step in steps],
    )
    out.result({"pipeline": name, "state": state, "definition": made})


def _image(step: dict[str, Any]) -> str | None:
    said = step["Arguments"]
    found = {
        **said.get("AppSpecification", {}),
        **said.get("AlgorithmSpecification", {}),
        **said.get("InferenceSpecification", {}).get("Containers", [{}])[0],
    }
    keys = ("ImageUri", "TrainingImage", "Image")
    return next((found[key] for key in keys if key in found), None)


def start(context: Context) -> None:
    """Starts a run, and watches it with --watch."""
    config = context.config
    account = context.aws.here("data_science")
    answer = account.write(
        "sagemaker",
        "start_pipeline_execution",
        pipelines.start(
            config, _parameters(context.args.set), uuid.uuid4().hex
        ),
        stand_in={"PipelineExecutionArn": ""},
    )
    arn = answer["PipelineExecutionArn"]
    if account.dry_run:
        context.out.result({"execution": None})
    elif context.args.watch:
        watch(context, account, arn)
    else:
        context.out.say(f"started {arn}")
        context.out.result({"execution": arn})


def _parameters(given: list[str]) -> dict[str, str]:
    """NAME=VALUE, of the pipeline's own parameters."""
    found = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {item}: NAME=VALUE is wanted")
        found[name] = value
    return found


def status(context: Context) -> None:
    """The newest run, or the one that is named."""
    account = context.aws.here("data_science")
    arn = context.args.execution or _newest(context, account)
    if context.args.watch:
        watch(context, account, arn)
        return
    execution, steps = look(account, arn)
    show(context, account, execution, steps)


def _newest(context: Context, account: Account) -> str:
    body = {
        **pipelines.describe(context.config),
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": 1,
    }
    answer = account.read("sagemaker", "list_pipeline_executions", body)
    for found in answer.get("PipelineExecutionSummaries", []):
        return str(found["PipelineExecutionArn"])
    raise PreconditionError(
        f"{names.training_pipeline(context.config)} has never run: "
        "claryctl pipeline start"
    )


def look(
    account: Account, arn: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The run, and its steps in the order in which they began."""
    body = pipelines.of_execution(arn)
    execution = account.read("sagemaker", "describe_pipeline_execution", body)
    steps = account.pages(
        "sagemaker",
        "list_pipeline_execution_steps",
        "PipelineExecutionSteps",
        {**body, "SortOrder": "Ascending"},
    )
    return execution, list(steps)


def watch(context: Context, account: Account, arn: str) -> None:
    """A line as long as it runs; then what came of it."""
    with context.out.progress("pipeline") as progress:
        told: set[str] = set()
        while True:
            execution, steps = look(account, arn)
            for step in steps:
                name, now = step["StepName"], step["StepStatus"]
                if now not in UNDER_WAY and name not in told:
                    told.add(name)
                    progress.event(f"{name} {now}")
            if execution["PipelineExecutionStatus"] not in RUNNING:
                break
            running = [
                step["StepName"]
                for step in steps
                if step["StepStatus"] in UNDER_WAY
            ]
            if running:
                progress.update(f"{' and '.join(running)} running")
            context.sleep()
    show(context, account, execution, steps)


def show(
    context: Context,
    account: Account,
    execution: dict[str, Any],
    steps: list[dict[str, Any]],
) -> None:
    """The steps; then the version that was proposed, or why none was."""
    out = context.out
    state = execution["PipelineExecutionStatus"]
    out.table(
        ["step", "status", "seconds", "what"],
        [
            [step["StepName"], step["StepStatus"], _seconds(step), _what(step)]
            for step in steps
        ],
    )
    version = _version(steps)
    if state == "Failed":
        raise PreconditionError(_reason(account, execution, steps))
    if state == "Stopped":
        raise AwsError(f"{execution['PipelineExecutionArn']} was stopped")
    if version:
        out.say(f"version {version} waits: claryctl approve {version}")
    out.result(
        {
            "execution": execution["PipelineExecutionArn"],
            "status": state,
            "version": version,
            "steps": [
                {
                    "name": step["StepName"],
                    "status": step["StepStatus"],
                    "seconds": _seconds(step),
                    "what": _what(step),
                }
                for step in steps
            ],
        }
    )


def _seconds(step: dict[str, Any]) -> int | None:
    if "StartTime" not in step or "EndTime" not in step:
        return None
    seconds: float = (step["EndTime"] - step["StartTime"]).total_seconds()
    return round(seconds)


def _what(step: dict[str, Any]) -> str | None:
    """The job, the version, the outcome of the condition, or the reason."""
    if "FailureReason" in step:
        return str(step["FailureReason"])
    for about in step.get("Metadata", {}).values():
        for key in ("Arn", "Outcome", "ErrorMessage"):
            if key in about:
                return str(about[key]).rpartition(":")[2]
    return None


def _version(steps: list[dict[str, Any]]) -> int | None:
    for step in steps:
        arn = step.get("Metadata", {}).get("RegisterModel", {}).get("Arn", "")
        if arn:
            return int(arn.rpartition("/")[2])
    return None


def _reason(
    account: Account, execution: dict[str, Any], steps: list[dict[str, Any]]
) -> str:
    """Of the Fail step, or of the step that failed: what a processing job said
    last is told by the job alone."""
    for step in steps:
        about = step.get("Metadata", {})
        if "Fail" in about:
            return str(about["Fail"]["ErrorMessage"])
        if step["StepStatus"] != "Failed":
            continue
        reason = step.get("FailureReason", "")
        if "ProcessingJob" in about:
            name = about["ProcessingJob"]["Arn"].rpartition("/")[2]
            job = account.read(
                "sagemaker",
                "describe_processing_job",
                {"ProcessingJobName": name},
            )
            reason = job.get("ExitMessage") or reason
        return f"{step['StepName']}: {reason}"
    return str(execution.get("FailureReason", "it failed, without a reason"))


def _put_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--image",
        required=True,
        metavar="FOLDER",
        help="build/image/amd64, after make image: what is to serve",
    )
    add(
        "--trainer",
        default="",
        choices=("", *definition.TRAINERS),
        metavar="NAME",
        help="tensorflow, xgboost (pipeline.trainer)",
    )
    add("--commit", default="", help="of the training code (git's HEAD)")
    add("--source", default="", metavar="URL", help="of the training code")


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the pipeline: MseThreshold=0.4",
    )
    watch_option(parser)


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "execution", nargs="?", default="", metavar="ARN", help="the newest"
    )
    watch_option(parser)


COMMANDS = (
    Command("pipeline put", "make or update the pipeline", put, _put_arguments),
    Command("pipeline start", "start a run", start, _start_arguments),
    Command("pipeline status", "show a run", status, _status_arguments),
)
