"""What `claryctl check` asks of every policy that a template comes to.

The limits are IAM's and the services' own; past them a stack fails half way.
Which action fits which resource, and who can do what, is proved by the tests
(tests/deploy/policies), with tables that are too large to ship.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clary_deploy import template

# Characters without white space, by the property that holds the policy.
LIMITS = {
    "AssumeRolePolicyDocument": 2048,
    "KeyPolicy": 32768,
    "ModelPackageGroupPolicy": 20480,
    "RepositoryPolicyText": 10240,
    "PolicyText": 10240,
    "Statement": 10240,
}
DOCUMENT_LIMITS = {
    "AWS::IAM::ManagedPolicy": 6144,
    "AWS::S3::BucketPolicy": 20480,
    "AWS::SNS::TopicPolicy": 30720,
    "AWS::SQS::QueuePolicy": 30720,
}
INLINE_LIMIT = 10240  # all inline policies of one role together

VERSION_ARN = re.compile(r"arn:[^:]*:sagemaker:[^:]*:[^:]*:model-package/(.*)")


def problems(resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with the policies of a resolved template."""
    found: list[str] = []
    inline: dict[str, int] = {}
    for name, part, document in template.policies(resources):
        kind = resources[name]["Type"]
        size = len(json.dumps(document, separators=(",", ":")))
        limit = LIMITS.get(part)
        if part == "PolicyDocument":
            limit = DOCUMENT_LIMITS[kind]
        if limit is None:
            inline[name] = inline.get(name, 0) + size
        elif size > limit:
            found.append(f"{name}.{part}: {size} characters, at most {limit}")
        found += [f"{name}.{part}: {text}" for text in _document(document)]
    found += [
        f"{name}: {size} characters of inline policies, at most {INLINE_LIMIT}"
        for name, size in inline.items()
        if size > INLINE_LIMIT
    ]
    return found


def as_list(value: Any) -> list[Any]:
    """Policies write one item without its list."""
    return value if isinstance(value, list) else [value]


def _document(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("Version") != "2012-10-17":
        yield "the version is not 2012-10-17"
    for statement in as_list(document["Statement"]):
        sid = statement.get("Sid", "(no Sid)")
        if statement["Effect"] == "Allow":
            for text in _allowed(statement):
                yield f"{sid}: {text}"


def _allowed(statement: Mapping[str, Any]) -> Iterator[str]:
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if key in statement:
            yield f"allows with {key}: everything that nobody thought of"
    for action in as_list(statement.get("Action", [])):
        if "*" in action:
            yield f"allows every action that {action} matches"
    principal = statement.get("Principal")
    if principal == "*" or principal == {"AWS": "*"}:
        yield "allows everybody"
    for resource in as_list(statement.get("Resource", [])):
        match = VERSION_ARN.fullmatch(resource)
        if match and match[1] != match[1].lower():
            yield f"{resource} has capitals; SageMaker's ARNs have none"
