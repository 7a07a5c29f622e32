"""claryctl batch start, status: many rows at once, from S3 to S3.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import math
import uuid
from collections.abc import Iterator
from typing import Any

from clary_deploy import endpoint_tests, s3
from clary_deploy.command import Command, Context, watch_option
from clary_deploy.config import Batch
from clary_deploy.errors import (
    AwsError,
    ConfigError,
    PreconditionError,
    Problem,
    TestsFailedError,
)
from clary_deploy.requests import batch, hosting
from clary_deploy.stages import (
    Stage,
    approved_argument,
    open_stage,
    stage_argument,
    wanted_version,
)
from clary_deploy.versions import check_deployable

RUNNING = ("InProgress", "Stopping")
TOKEN = 8  # hex digits, of one start


def start(context: Context) -> None:
    """Makes the model of the stage, where it is not there, and starts the
    job; with --watch it waits and checks what came out."""
    stage = open_stage(context, context.args.stage)
    settings = _settings(stage)
    version = wanted_version(stage, context.args.version)
    check_deployable(stage.config, version)
    model = hosting.model(stage.config, stage.name, version.number)
    name = model["ModelName"]
    if not stage.account.exists(
        "sagemaker", "describe_model", {"ModelName": name}
    ):
        stage.account.write("sagemaker", "create_model", model)
    token = uuid.uuid4().hex[:TOKEN]
    job = batch.job_name(stage.config, stage.name, version.number, token)
    body = batch.create(
        stage.config, stage.name, settings, name, version.number, job
    )
    stage.account.write("sagemaker", "create_transform_job", body)
    stage.out.say(f"started {job}: version {version.number}, {settings.input}")
    if context.args.watch and not stage.account.dry_run:
        _watch(stage, job)
    else:
        stage.out.result({"job": job, "version": version.number})


def status(context: Context) -> None:
    """The newest job of the stage, or the one that is named; of one that is
    done, what came out."""
    stage = open_stage(context, context.args.stage)
    job = context.args.job or _newest(stage)
    if context.args.watch:
        _watch(stage, job)
    else:
        _show(stage, _described(stage, job))


def _settings(stage: Stage) -> Batch:
    if stage.endpoint.batch is None:
        key = f"endpoints.{stage.name}.batch"
        problem = Problem(key, "batch-needs", "is not given")
        raise ConfigError("configuration", [problem])
    return stage.endpoint.batch


def _newest(stage: Stage) -> str:
    answer = stage.account.read(
        "sagemaker",
        "list_transform_jobs",
        batch.newest(stage.config, stage.name),
    )
    for found in answer["TransformJobSummaries"]:
        return str(found["TransformJobName"])
    raise PreconditionError(f"there was no batch job of {stage.name} yet")


def _described(stage: Stage, job: str) -> dict[str, Any]:
    body = {"TransformJobName": job}
    return stage.account.read("sagemaker", "describe_transform_job", body)


def _watch(stage: Stage, job: str) -> None:
    with stage.out.progress(job) as progress:
        while True:
            found = _described(stage, job)
            progress.update(found["TransformJobStatus"])
            if found["TransformJobStatus"] not in RUNNING:
                break
            stage.context.sleep()
    _show(stage, found)


def _show(stage: Stage, found: dict[str, Any]) -> None:
    job, state = found["TransformJobName"], found["TransformJobStatus"]
    result = {"job": job, "status": state}
    if state in ("Failed", "Stopped"):
        why = found.get("FailureReason", "without a reason")
        raise AwsError(f"{job}: {state}: {why}")
    if state != "Completed":
        stage.out.say(f"{job}: {state}")
        stage.out.result(result)
        return
    files = list(_files(stage, found))
    stage.out.table(
        ["file", "rows", "least", "mean", "most"],
        [
            [f["file"], f["rows"], f["least"], f["mean"], f["most"]]
            for f in files
        ],
    )
    stage.out.result({**result, "files": files})


# --- what came out


def _files(stage: Stage, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of each input its output, held against it."""
    source = found["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = s3.split(source)
    target = found["TransformOutput"]["S3OutputPath"]
    for key in s3.keys_under(stage.account, source):
        if key.endswith("/"):
            continue
        tail = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
        given = s3.read_text(stage.account, f"s3://{bucket}/{key}")
        made = s3.read_object(stage.account, f"{target}/{tail}.out")
        if made is None:
            raise TestsFailedError(f"{target}/{tail}.out is not there")
        yield _checked(f"{tail}.out", given, made.decode())


def _checked(name: str, given: str, made: str) -> dict[str, Any]:
    """Every row is there, in order, with one finite number or more behind it;
    TestsFailedError names the first that is not."""
    before = [line for line in given.splitlines() if line.strip()]
    after = [line for line in made.splitlines() if line.strip()]
    if len(before) != len(after):
        raise TestsFailedError(
            f"{name} has {len(after)} rows; the input has {len(before)}"
        )
    values = []
    for number, (row, joined) in enumerate(
        zip(before, after, strict=True), start=1
    ):
        cells = joined.removeprefix(f"{row.rstrip()},").split(",")
        if not joined.startswith(f"{row.rstrip()},") or not all(
            endpoint_tests.is_number(cell) and math.isfinite(float(cell))
            for cell in cells
        ):
            raise TestsFailedError(
                f"{name}, row {number}: {joined[:80]!r} is not {row[:80]!r} "
                "with its predictions"
            )
        values.append(float(cells[-1]))
    return {
        "file": name,
        "rows": len(values),
        "least": min(values, default=None),
        "mean": math.fsum(values) / len(values) if values else None,
        "most": max(values, default=None),
    }


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    stage_argument(parser)
    approved_argument(parser)
    watch_option(parser)


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    stage_argument(parser)
    parser.add_argument(
        "job", metavar="JOB", nargs="?", default="", help="the newest"
    )
    watch_option(parser)


COMMANDS = (
    Command("batch start", "predict files of S3", start, _start_arguments),
    Command("batch status", "show a batch job", status, _status_arguments),
)
