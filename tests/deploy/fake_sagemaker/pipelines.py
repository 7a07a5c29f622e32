"""Pipelines whose steps really run: on this machine, in folders laid out as
SageMaker lays them out, with a Python that has what the prebuilt containers
have.

A definition is checked as CreatePipeline is believed to check it: known members
only, every `Get` of something that exists, and each step's arguments, once its
expressions are resolved, as a request of the operation they stand for.

What a step does in AWS it does over the wire with the pipeline's role: its
calls are validated and written down as everybody's.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import expressions
from .arn import Arn
from .clock import Clock
from .errors import NotFoundError, ValidationError
from .identity import Caller
from .jobs import JobFailedError, Jobs
from .paging import in_order, page

Body = dict[str, Any]
ClientFor = Callable[[str, str], Any]  # (account, role) -> SageMaker's client


@dataclass
class Step:
    """One step of one run."""

    name: str
    kind: str
    status: str = "Executing"
    started: float = 0
    ended: float = 0
    reason: str = ""
    about: Body = field(default_factory=dict)

    def summary(self) -> Body:
        found: Body = {
            "StepName": self.name,
            "StepStatus": self.status,
            "StartTime": self.started,
            "AttemptCount": 1,
        }
        if self.ended:
            found["EndTime"] = self.ended
        if self.reason:
            found["FailureReason"] = self.reason
        if self.about:
            found["Metadata"] = self.about
        return found


@dataclass
class Execution:
    """One run."""

    arn: str
    pipeline: Body
    definition: Body
    parameters: Body
    created: float
    status: str = "Executing"
    reason: str = ""
    steps: list[Step] = field(default_factory=list)
    thread: threading.Thread | None = None


class Pipelines:
    """The pipelines of all accounts."""

    def __init__(self, clock: Clock, client_for: ClientFor, jobs: Jobs) -> None:
        self._clock = clock
        self._client_for = client_for
        self._jobs = jobs
        self._pipelines: dict[tuple[str, str], Body] = {}
        self._executions: dict[str, Execution] = {}
        self._tokens: dict[str, str] = {}
        self.on_end: list[Callable[[Execution], None]] = []

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "StartPipelineExecution": self.start,
            "DescribePipelineExecution": self.describe_execution,
            "ListPipelineExecutions": self.executions,
            "ListPipelineExecutionSteps": self.list_steps,
            "DescribeProcessingJob": self._jobs.describe_processing,
        }

    # --- pipelines

    def create(self, caller: Caller, request: Body) -> Body:
        key = (caller.account, request["PipelineName"])
        if key in self._pipelines:
            raise ValidationError(
                f"Pipeline names must be unique: {request['PipelineName']}"
            )
        expressions.check(json.loads(request["PipelineDefinition"]))
        self._pipelines[key] = {
            **{k: v for k, v in request.items() if k != "ClientRequestToken"},
            "PipelineArn": str(caller.own("pipeline", key[1])),
            "CreationTime": self._clock.now(),
            "LastModifiedTime": self._clock.now(),
            "PipelineStatus": "Active",
        }
        return {"PipelineArn": self._pipelines[key]["PipelineArn"]}

    def update(self, caller: Caller, request: Body) -> Body:
        found = self._pipeline(caller, request)
        if "PipelineDefinition" in request:
            expressions.check(json.loads(request["PipelineDefinition"]))
        found |= request
        found["LastModifiedTime"] = self._clock.now()
        return {"PipelineArn": found["PipelineArn"]}

    def describe(self, caller: Caller, request: Body) -> Body:
        return dict(self._pipeline(caller, request))

    def _pipeline(self, caller: Caller, request: Body) -> Body:
        found = self._pipelines.get((caller.account, request["PipelineName"]))
        if found is None:
            raise NotFoundError(
                f"Pipeline {request['PipelineName']} does not exist"
            )
        return found

    # --- runs

    def start(self, caller: Caller, request: Body) -> Body:
        token = request["ClientRequestToken"]
        if token in self._tokens:
            return {"PipelineExecutionArn": self._tokens[token]}
        pipeline = self._pipeline(caller, request)
        definition = json.loads(pipeline["PipelineDefinition"])
        given = {
            item["Name"]: item["Value"]
            for item in request.get("PipelineParameters", [])
        }
        name = f"{pipeline['PipelineName']}/execution"
        number = f"{len(self._executions) + 1:012d}"
        execution = Execution(
            arn=f"{caller.own('pipeline', name)}/{number}",
            pipeline=pipeline,
            definition=definition,
            parameters=expressions.parameters(definition, given),
            created=self._clock.now(),
        )
        self._executions[execution.arn] = execution
        self._tokens[token] = execution.arn
        execution.thread = threading.Thread(
            target=self._run, args=(execution,), daemon=True
        )
        execution.thread.start()
        return {"PipelineExecutionArn": execution.arn}

    def wait(self) -> None:
        """Until no run is under way."""
        for execution in self._executions.values():
            if execution.thread is not None:
                execution.thread.join()

    def describe_execution(self, caller: Caller, request: Body) -> Body:
        found = self._execution(caller, request)
        answer = {
            "PipelineArn": found.pipeline["PipelineArn"],
            "PipelineExecutionArn": found.arn,
            "PipelineExecutionStatus": found.status,
            "CreationTime": found.created,
        }
        return answer | (
            {"FailureReason": found.reason} if found.reason else {}
        )

    def executions(self, caller: Caller, request: Body) -> Body:
        own = self._pipeline(caller, request)["PipelineArn"]
        found = [
            {
                "PipelineExecutionArn": execution.arn,
                "PipelineExecutionStatus": execution.status,
                "StartTime": execution.created,
                "CreationTime": execution.arn,  # in order, and never equal
            }
            for execution in self._executions.values()
            if execution.pipeline["PipelineArn"] == own
        ]
        ordered = in_order(found, request, "CreationTime")
        for item in ordered:
            del item["CreationTime"]
        return page("PipelineExecutionSummaries", ordered, request)

    def list_steps(self, caller: Caller, request: Body) -> Body:
        steps = [s.summary() for s in self._execution(caller, request).steps]
        if request.get("SortOrder", "Ascending") == "Descending":
            steps.reverse()
        return page("PipelineExecutionSteps", steps, request)

    def _execution(self, caller: Caller, request: Body) -> Execution:
        arn = request["PipelineExecutionArn"]
        found = self._executions.get(arn)
        if found is None or Arn.parse(arn).account != caller.account:
            raise NotFoundError(f"Pipeline execution {arn} does not exist")
        return found

    # --- the run itself

    def _run(self, execution: Execution) -> None:
        """Steps one after another, as they stand in the definition: ours
        depend on the one before."""
        own = Arn.parse(execution.pipeline["PipelineArn"])
        known = expressions.Known(
            parameters=execution.parameters,
            execution={
                "PipelineExecutionId": execution.arn.rpartition("/")[2],
                "PipelineExecutionArn": execution.arn,
                "PipelineName": execution.pipeline["PipelineName"],
                "PipelineArn": execution.pipeline["PipelineArn"],
            },
        )
        try:
            self._steps(execution, execution.definition["Steps"], known, own)
            execution.status = "Succeeded"
        except JobFailedError as failure:
            execution.reason = str(failure)
            execution.status = "Failed"
        except Exception as error:
            execution.reason = f"the harness failed: {error!r}"
            execution.status = "Failed"
            raise
        finally:
            for listener in self.on_end:
                listener(execution)

    def _steps(
        self,
        execution: Execution,
        steps: list[Body],
        known: expressions.Known,
        own: Arn,
    ) -> None:
        for body in steps:
            step = Step(body["Name"], body["Type"], started=self._clock.now())
            execution.steps.append(step)
            try:
                following = self._step(execution, step, body, known, own)
                step.status = "Succeeded"
            except Exception as failure:
                step.reason, step.status = str(failure), "Failed"
                raise
            finally:
                step.ended = self._clock.now()
            self._steps(execution, following, known, own)

    def _step(
        self,
        execution: Execution,
        step: Step,
        body: Body,
        known: expressions.Known,
        own: Arn,
    ) -> list[Body]:
        """Does one; the steps that come next because of it."""
        said = body["Arguments"]
        if step.kind == "Condition":
            holds = all(known.holds(item) for item in said["Conditions"])
            step.about = {"Condition": {"Outcome": str(holds)}}
            return list(said["IfSteps"] if holds else said["ElseSteps"])
        request = known.resolved(said)
        if step.kind == "Fail":
            step.about = {"Fail": request}
            raise JobFailedError(request["ErrorMessage"])
        if step.kind == "RegisterModel":
            role = execution.pipeline["RoleArn"].rpartition("/")[2]
            answer = self._client_for(own.account, role).create_model_package(
                **request
            )
            step.about = {"RegisterModel": {"Arn": answer["ModelPackageArn"]}}
            return []
        self._job(execution, step, body, request, known, own)
        return []

    def _job(
        self,
        execution: Execution,
        step: Step,
        body: Body,
        request: Body,
        known: expressions.Known,
        own: Arn,
    ) -> None:
        number = execution.arn.rpartition("/")[2]
        name = f"pipelines-{number}-{step.name}-{len(execution.steps)}"
        lower = f"{step.kind.lower()}-job"
        arn = str(Arn(**{**vars(own), "kind": lower, "name": name}))
        step.about = {f"{step.kind}Job": {"Arn": arn}}
        run = getattr(self._jobs, step.kind.lower())
        known.steps[step.name] = {
            f"{step.kind}JobArn": arn,
            f"{step.kind}JobName": name,
            **run(own, name, request),
        }
        known.files[step.name] = {
            file["PropertyFileName"]: self._jobs.file(
                own, request, file["OutputName"], Path(file["FilePath"])
            )
            for file in body.get("PropertyFiles", [])
        }
