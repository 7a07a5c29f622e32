"""Batch transform jobs, with the real server: files are split into records and
sent as the platform sends them, answers assembled, and joined with the input.

Checked: the rules between the members of a request that AWS documents for
joining; that the number of answered records is that of the sent ones.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .clock import Clock
from .errors import ConflictError, NotFoundError, ValidationError
from .hosting import Hosting
from .identity import Caller
from .instances import Fleet, FleetError, Host, s3_parts
from .paging import in_order, page

Body = dict[str, Any]

PAYLOAD = 6 << 20  # MaxPayloadInMB, where nobody says otherwise
ROWS = 100  # smaller requests than the limit: more of them are seen


class TransformError(Exception):
    """The job fails with this reason."""


class Transforms:
    """The transform jobs of all accounts. A job is done at its second look."""

    def __init__(
        self,
        clock: Clock,
        hosting: Hosting,
        host: Host,
        client: Callable[[str, str], Any],
    ) -> None:
        self._clock = clock
        self._hosting = hosting
        self._host = host
        self._client = client
        self.jobs: dict[tuple[str, str], Body] = {}

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "CreateTransformJob": self.create,
            "DescribeTransformJob": self.describe,
            "ListTransformJobs": self.listing,
        }

    def create(self, caller: Caller, request: Body) -> Body:
        name = request["TransformJobName"]
        if (caller.account, name) in self.jobs:
            raise ConflictError(f"Job name must be unique: {name}")
        _check_joining(request)
        self._hosting.container(caller, request["ModelName"])
        arn = str(caller.own("transform-job", name))
        self.jobs[(caller.account, name)] = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "TransformJobArn": arn,
            "TransformJobStatus": "InProgress",
            "CreationTime": self._clock.now(),
        }
        return {"TransformJobArn": arn}

    def describe(self, caller: Caller, request: Body) -> Body:
        job = self.jobs.get((caller.account, request["TransformJobName"]))
        if job is None:
            raise NotFoundError("Could not find requested job")
        answer = dict(job)
        if job["TransformJobStatus"] == "InProgress":
            self._run(caller, job)
        return answer

    def listing(self, caller: Caller, request: Body) -> Body:
        fields = (
            "TransformJobName",
            "TransformJobArn",
            "CreationTime",
            "TransformJobStatus",
        )
        mine = [
            {key: job[key] for key in fields}
            for (account, name), job in self.jobs.items()
            if account == caller.account
            and request.get("NameContains", "") in name
        ]
        mine.reverse()  # as many may be of one moment: the newest first
        return page(
            "TransformJobSummaries",
            in_order(mine, request, "CreationTime"),
            request,
        )

    def _run(self, caller: Caller, job: Body) -> None:
        container = self._hosting.container(caller, job["ModelName"])
        environment = {
            **container.environment,
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
        }
        fleet = Fleet(
            self._host,
            caller.account,
            "batch",
            job["TransformJobName"],
            type(container)(**{**vars(container), "environment": environment}),
        )
        try:
            fleet.start()
            for uri, text in self._inputs(caller, job):
                self._store(caller, job, uri, self._joined(fleet, job, text))
            job["TransformJobStatus"] = "Completed"
        except (FleetError, TransformError) as failure:
            job["TransformJobStatus"] = "Failed"
            job["FailureReason"] = str(failure)
        finally:
            fleet.stop()

    def _inputs(self, caller: Caller, job: Body) -> Iterator[tuple[str, str]]:
        source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = s3_parts(source)
        s3 = self._client("s3", caller.account)
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        for item in found.get("Contents", []):
            content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"]
            name = item["Key"].removeprefix(prefix).lstrip("/")
            yield (
                name or item["Key"].rpartition("/")[2],
                content.read().decode(),
            )

    def _joined(self, fleet: Fleet, job: Body, text: str) -> str:
        kept = job["DataProcessing"]["InputFilter"]
        match = re.fullmatch(r"\$(?:\[(\d+):\])?", kept)
        if match is None:
            raise TransformError(f"InputFilter {kept} is not known here")
        skip = int(match[1] or 0)
        rows = [line for line in text.split("\n") if line]
        out = []
        for begin in range(0, len(rows), ROWS):
            part = rows[begin : begin + ROWS]
            sent = "\n".join(",".join(r.split(",")[skip:]) for r in part)
            answered = self._ask(fleet, job, sent)
            if len(answered) != len(part):
                raise TransformError(
                    "Fail to join data: mismatched record counts: "
                    f"{len(part)} and {len(answered)}"
                )
            out += [f"{r},{a}" for r, a in zip(part, answered, strict=True)]
        return "".join(f"{line}\n" for line in out)

    def _ask(self, fleet: Fleet, job: Body, sent: str) -> list[str]:
        assert len(sent) < PAYLOAD
        answer = fleet.invoke(
            sent.encode(),
            {
                "Content-Type": job["TransformInput"]["ContentType"],
                "Accept": job["TransformOutput"]["Accept"],
            },
        )
        if answer.status != 200:
            raise TransformError(
                "ClientError: See job logs for more information: "
                f"{answer.status} {answer.body[:200].decode()}"
            )
        return [line for line in answer.body.decode().split("\n") if line]

    def _store(self, caller: Caller, job: Body, name: str, text: str) -> None:
        place = job["TransformOutput"]["S3OutputPath"].rstrip("/")
        bucket, key = s3_parts(f"{place}/{name}.out")
        self._client("s3", caller.account).put_object(
            Bucket=bucket, Key=key, Body=text.encode()
        )


def _check_joining(request: Body) -> None:
    """What JoinSource=Input asks for."""
    source, target = request["TransformInput"], request["TransformOutput"]
    if request.get("DataProcessing", {}).get("JoinSource") != "Input":
        raise ValidationError("only joined jobs are supported here")
    if source.get("ContentType") != target.get("Accept"):
        raise ValidationError("ContentType and Accept must match to join")
    if (source.get("SplitType"), target.get("AssembleWith")) != (
        "Line",
        "Line",
    ):
        raise ValidationError("SplitType and AssembleWith must match to join")
