"""A CloudFormation template, and what it comes to with given parameters.

`resolved` does what CloudFormation does before it creates anything: decides
conditions, replaces functions, drops what is not wanted. So the policies that
`claryctl check` reads and that the tests simulate are those of the template
itself. A name that AWS invents (the id of a key) becomes a recognisable
stand-in unless it is given.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clary_deploy import yaml_subset

STACKS = Path(__file__).resolve().parent.parent / "stacks"

# The id of a key that does not exist yet.
NO_KEY = "00000000-0000-0000-0000-000000000000"

SUBSTITUTE = re.compile(r"\$\{(!?)([^}]+)\}")

# What `Ref` gives: the property that names a resource of this type.
NAMED_BY = {
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupName",
}

# The ARN, which `Arn` gives, and for some types `Ref`; "*" is the name.
ARN_OF = {
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/*",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/*",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/*",
    "AWS::Events::Rule": "events:{region}:{account}:rule/*",
    "AWS::IAM::Role": "iam::{account}:role/*",
    "AWS::KMS::Key": "kms:{region}:{account}:key/*",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:*:*",
    "AWS::S3::Bucket": "s3:::*",
    "AWS::SNS::Topic": "sns:{region}:{account}:*",
    "AWS::SQS::Queue": "sqs:{region}:{account}:*",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/*",
    "AWS::StepFunctions::StateMachine": (
        "states:{region}:{account}:stateMachine:*"
    ),
    "AWS::SageMaker::ModelPackageGroup": (
        "sagemaker:{region}:{account}:model-package-group/*"
    ),
}
REF_IS_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
NAME_FOR_ARN = {
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


class TemplateError(ValueError):
    """What the template asks for and cannot have."""


class _NoValue:
    """AWS::NoValue: the property or item is left out."""


@dataclass(frozen=True)
class Place:
    """Where a stack is: the pseudo parameters."""

    partition: str
    region: str
    account: str
    stack: str

    @property
    def dns_suffix(self) -> str:
        china = self.partition == "aws-cn"
        return "amazonaws.com.cn" if china else "amazonaws.com"


class Template:
    """One file of stacks/."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def named(cls, name: str) -> Template:
        """`shared-services`, `workload`, ..."""
        return cls((STACKS / f"{name}.yaml").read_text("utf-8"))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The template as CloudFormation reads it, in the long forms."""
        body: dict[str, Any] = yaml_subset.parse(self.text)
        return body

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.body.get("Parameters", {})
        return found

    def resolved(
        self, parameters: Mapping[str, str], place: Place
    ) -> dict[str, dict[str, Any]]:
        """{"Resources": ..., "Outputs": ...} with nothing left to resolve."""
        return _Resolver(self, parameters, place).all()


class _Resolver:
    def __init__(
        self, template: Template, parameters: Mapping[str, str], place: Place
    ) -> None:
        self._template = template
        self._place = place
        self._values = {
            name: _parameter(name, declared, parameters)
            for name, declared in template.parameters.items()
        }
        unknown = sorted(set(parameters) - set(self._values))
        if unknown:
            raise TemplateError(f"no such parameter: {', '.join(unknown)}")
        self._pseudo = {
            "AWS::Partition": place.partition,
            "AWS::Region": place.region,
            "AWS::AccountId": place.account,
            "AWS::StackName": place.stack,
            "AWS::URLSuffix": place.dns_suffix,
            "AWS::NoValue": _NoValue,
        }

    def all(self) -> dict[str, dict[str, Any]]:
        body = self._template.body
        return {
            part: {
                name: self._value(item)
                for name, item in body.get(part, {}).items()
                if self._wanted(item)
            }
            for part in ("Resources", "Outputs")
        }

    def _wanted(self, item: Mapping[str, Any]) -> bool:
        name = item.get("Condition")
        return name is None or self._condition(name)

    def _condition(self, name: str) -> bool:
        return bool(self._value(self._template.body["Conditions"][name]))

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            found = [self._value(item) for item in node]
            return [item for item in found if item is not _NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Condition" and isinstance(argument, str):
                return self._condition(argument)
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name.removeprefix("Fn::"), argument)
        pairs = [(key, self._value(item)) for key, item in node.items()]
        return {key: item for key, item in pairs if item is not _NoValue}

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._ref(argument)
        if name == "GetAtt":
            return self._attribute(*argument)
        if name == "Sub":
            return SUBSTITUTE.sub(self._substituted, argument)
        if name == "If":
            wanted, yes, no = argument
            return self._value(yes if self._condition(wanted) else no)
        items = [self._value(item) for item in argument]
        if name == "Equals":
            return items[0] == items[1]
        if name == "Join":
            return items[0].join(items[1])
        if name in ("And", "Or"):
            return all(items) if name == "And" else any(items)
        if name == "Not":
            return not items[0]
        raise TemplateError(f"Fn::{name} is not known here")

    def _substituted(self, match: re.Match[str]) -> str:
        if match[1]:
            return "${" + match[2] + "}"
        name, dot, attribute = match[2].partition(".")
        found = self._attribute(name, attribute) if dot else self._ref(name)
        if not isinstance(found, str):
            raise TemplateError(f"${{{match[2]}}} is not a string")
        return found

    def _ref(self, name: str) -> Any:
        for known in (self._pseudo, self._values):
            if name in known:
                return known[name]
        kind, properties = self._resource(name)
        if kind in REF_IS_ARN:
            return self._attribute(name, "Arn")
        if kind == "AWS::KMS::Key":
            return NO_KEY
        if kind == "AWS::SQS::Queue":
            host = f"sqs.{self._place.region}.{self._place.dns_suffix}"
            queue = self._value(properties["QueueName"])
            return f"https://{host}/{self._place.account}/{queue}"
        if kind in NAMED_BY:
            return self._value(properties[NAMED_BY[kind]])
        raise TemplateError(f"what !Ref {name} ({kind}) gives is not known")

    def _attribute(self, name: str, attribute: str) -> str:
        kind, properties = self._resource(name)
        place = vars(self._place)
        if attribute == "RepositoryUri":
            host = f"{self._place.account}.dkr.ecr.{self._place.region}"
            repository = self._value(properties["RepositoryName"])
            return f"{host}.{self._place.dns_suffix}/{repository}"
        if attribute not in ("Arn", "ModelPackageGroupArn", "TopicArn"):
            raise TemplateError(f"{name}.{attribute} is not known")
        if kind == "AWS::KMS::Key":
            own = NO_KEY
        else:
            key = NAME_FOR_ARN.get(kind) or NAMED_BY[kind]
            own = self._value(properties[key])
            if kind == "AWS::Events::Rule" and "EventBusName" in properties:
                own = f"{self._value(properties['EventBusName'])}/{own}"
        resource = ARN_OF[kind].format(**place).replace("*", own, 1)
        return f"arn:{self._place.partition}:{resource}"

    def _resource(self, name: str) -> tuple[str, dict[str, Any]]:
        try:
            found = self._template.body["Resources"][name]
        except KeyError:
            raise TemplateError(f"there is no {name}") from None
        return found["Type"], found.get("Properties", {})


def _parameter(
    name: str, declared: Mapping[str, Any], given: Mapping[str, str]
) -> str | list[str]:
    if name not in given and "Default" not in declared:
        raise TemplateError(f"the parameter {name} is missing")
    value = str(given.get(name, declared.get("Default")))
    many = declared["Type"] == "CommaDelimitedList"
    items = value.split(",") if many else [value]
    for item in items:
        pattern = declared.get("AllowedPattern")
        if pattern and not re.fullmatch(pattern, item):
            raise TemplateError(f"{name}: {item!r} does not match {pattern}")
        allowed = declared.get("AllowedValues")
        if allowed and item not in allowed:
            raise TemplateError(f"{name}: {item!r} is not one of {allowed}")
        longest = declared.get("MaxLength")
        if longest is not None and len(item) > int(longest):
            raise TemplateError(f"{name}: {item!r} is longer than {longest}")
    return items if many else value


def policies(
    resources: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(resource, property or name, document) of every policy in a template."""
    documents = (
        "KeyPolicy",
        "PolicyDocument",
        "RepositoryPolicyText",
        "ModelPackageGroupPolicy",
        "AssumeRolePolicyDocument",
        "PolicyText",
    )
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        for key in documents:
            if key in properties:
                yield name, key, properties[key]
        for policy in properties.get("Policies", []):
            yield name, policy["PolicyName"], policy["PolicyDocument"]
        if resource["Type"] == "AWS::Events::EventBusPolicy":
            statement = properties["Statement"]
            document = {"Version": "2012-10-17", "Statement": [statement]}
            yield name, "Statement", document
