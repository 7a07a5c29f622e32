"""The language of pipeline definitions, version 2020-12-01: which members a
step may have, what its expressions stand for.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import ValidationError
from .strict import check as strictly
from .strict import service_model

Body = dict[str, Any]

TOP = {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"}
STEP = {
    "Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description",
    "CacheConfig", "RetryPolicies", "PropertyFiles",
}  # fmt: skip
TYPES = {"String": str, "Integer": int, "Float": float, "Boolean": bool}

# What a step's arguments are a request of, with the name that SageMaker gives
# the job; and what can be got of the step later.
OPERATIONS = {
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "Training": ("CreateTrainingJob", {"TrainingJobName": "x"}),
    "RegisterModel": ("CreateModelPackage", {}),
}
# RegisterModel's step has no token and no tags of its own.
FORBIDDEN = {"RegisterModel": {"ClientToken", "ModelPackageName"}}
PROPERTIES = {
    "Processing": "DescribeProcessingJob",
    "Training": "DescribeTrainingJob",
}

COMPARISONS = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
EXECUTION = {
    "PipelineExecutionId", "PipelineExecutionArn", "PipelineName",
    "PipelineArn", "StartDateTime", "CurrentDateTime",
}  # fmt: skip


def refuse(what: str) -> None:
    raise ValidationError(f"Unable to parse pipeline definition. {what}")


def parameters(definition: Body, given: Body) -> Body:
    """The values of a run, in their types."""
    found = {}
    for item in definition["Parameters"]:
        value = given.get(item["Name"], item.get("DefaultValue"))
        if value is None:
            raise ValidationError(f"Parameter {item['Name']} has no value")
        found[item["Name"]] = TYPES[item["Type"]](value)
    for name in given:
        if name not in found:
            raise ValidationError(f"There is no parameter {name}")
    return found


# --- checking


def check(definition: Body) -> None:
    """ValidationError for what SageMaker would not take."""
    if definition.get("Version") != "2020-12-01":
        refuse("Version must be 2020-12-01")
    if unknown := set(definition) - TOP:
        refuse(f"Unknown members {unknown}")
    for item in definition.get("Parameters", []):
        default = item.get("DefaultValue")
        wanted = (
            (int, float) if item["Type"] == "Float" else TYPES[item["Type"]]
        )
        if default is not None and not isinstance(default, wanted):
            refuse(f"{item['Name']}: {default!r} is not {item['Type']}")
    every = list(_all_steps(definition["Steps"]))
    names = [step["Name"] for step in every]
    if len(set(names)) != len(names):
        refuse("Step names must be unique")
    declared = {item["Name"] for item in definition.get("Parameters", [])}
    for index, step in enumerate(every):
        _check_step(step, every[:index], declared)


def _all_steps(steps: list[Body]) -> Iterator[Body]:
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            yield from _all_steps(step["Arguments"]["IfSteps"])
            yield from _all_steps(step["Arguments"]["ElseSteps"])


def _check_step(step: Body, before: list[Body], declared: set[str]) -> None:
    name, kind, said = step["Name"], step["Type"], step["Arguments"]
    if not re.fullmatch(r"[A-Za-z0-9\-_]{1,64}", name):
        refuse(f"{name} is no name of a step")
    if unknown := set(step) - STEP:
        refuse(f"Unknown members {unknown} of {name}")
    own = {"Conditions": said["Conditions"]} if kind == "Condition" else said
    for expression in _expressions(own):
        _check_expression(name, expression, before, declared)
    if kind == "Condition":
        for item in said["Conditions"]:
            if item["Type"] not in COMPARISONS:
                refuse(f"{item['Type']} is no condition")
        return
    if kind == "Fail":
        if set(said) != {"ErrorMessage"}:
            refuse(f"{name} has other arguments than ErrorMessage")
        return
    operation, added = OPERATIONS[kind]
    if forbidden := set(said) & (FORBIDDEN.get(kind, set()) | set(added)):
        refuse(f"Unknown Argument members {forbidden}")
    problems = strictly(
        service_model("sagemaker"), operation, {**_stood_in(said), **added}
    )
    if problems:
        refuse(f"{name}: {'; '.join(problems)}")


def _expressions(value: Any) -> Iterator[Body]:
    if isinstance(value, list):
        for item in value:
            yield from _expressions(item)
    elif isinstance(value, dict):
        if _is_expression(value):
            yield value
        for item in value.values():
            yield from _expressions(item)


def _is_expression(value: Body) -> bool:
    return len(value) == 1 and next(iter(value)) in (
        "Get", "Std:Join", "Std:JsonGet",
    )  # fmt: skip


def _check_expression(
    where: str, expression: Body, before: list[Body], declared: set[str]
) -> None:
    if "Get" not in expression:
        return
    kind, _, rest = expression["Get"].partition(".")
    earlier = {step["Name"]: step for step in before}
    name, _, path = rest.partition(".")
    if kind == "Parameters" and rest in declared:
        return
    if kind == "Execution" and rest in EXECUTION:
        return
    if kind == "Steps" and name in earlier and _is_there(earlier[name], path):
        return
    refuse(f"{where} gets {expression['Get']}, which is not there")


def _is_there(step: Body, path: str) -> bool:
    """A property file, or a member of the answer that describes the job."""
    if path.startswith("PropertyFiles."):
        files = [f["PropertyFileName"] for f in step.get("PropertyFiles", [])]
        return path.removeprefix("PropertyFiles.") in files
    if step["Type"] not in PROPERTIES:
        return False
    model = service_model("sagemaker")
    shape = model.operation_model(PROPERTIES[step["Type"]]).output_shape
    match = re.match(r"ProcessingOutputConfig\.Outputs\['(\w+)'\](.*)", path)
    if match:
        outputs = step["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        known = [output["OutputName"] for output in outputs]
        return match[1] in known and match[2] == ".S3Output.S3Uri"
    for part in path.split("."):
        if shape.type_name != "structure" or part not in shape.members:
            return False
        shape = shape.members[part]
    return True


def _stood_in(value: Any) -> Any:
    """With something plausible for every expression."""
    if isinstance(value, list):
        return [_stood_in(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _is_expression(value):
        return {key: _stood_in(item) for key, item in value.items()}
    what = json.dumps(value)
    for known, example in {
        "InstanceType": "ml.m5.xlarge",
        "JobArn": "arn:aws:sagemaker:eu-west-1:111111111111:x/y",
        "ExecutionArn": "arn:aws:sagemaker:eu-west-1:111111111111:x/y",
        "S3Uri": "s3://bucket/key",
        "s3://": "s3://bucket/key",
        "S3ModelArtifacts": "s3://bucket/model.tar.gz",
        "evaluation_sha256": "sha256:" + "0" * 64,
        "Parameters.Input": "s3://bucket/key",
    }.items():
        if known in what:
            return example
    return "1"


# --- evaluating


@dataclass
class Known:
    """What expressions can refer to, so far."""

    parameters: Body
    execution: Body
    steps: dict[str, Body] = field(default_factory=dict)
    files: dict[str, dict[str, Body]] = field(default_factory=dict)

    def resolved(self, value: Any) -> Any:
        """Every expression by its value."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not _is_expression(value):
            return {key: self.resolved(item) for key, item in value.items()}
        ((kind, said),) = value.items()
        if kind == "Get":
            return self._got(said)
        if kind == "Std:Join":
            return said["On"].join(
                str(self.resolved(item)) for item in said["Values"]
            )
        _, name, _, file = said["PropertyFile"]["Get"].split(".")
        found: Any = self.files[name][file]
        for part in said["Path"].split("."):
            found = found[part]
        return found

    def _got(self, path: str) -> Any:
        kind, _, rest = path.partition(".")
        if kind == "Parameters":
            return self.parameters[rest]
        if kind == "Execution":
            return self.execution[rest]
        found: Any = self.steps
        for name, output in re.findall(r"(\w+)(?:\['(\w+)'\])?", rest):
            found = found[name]
            if output:
                found = {o["OutputName"]: o for o in found}[output]
        return found

    def holds(self, condition: Body) -> bool:
        left = self.resolved(condition["LeftValue"])
        right = self.resolved(condition["RightValue"])
        return bool(COMPARISONS[condition["Type"]](left, right))
