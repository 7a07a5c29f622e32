"""A lint of policies for what cfn-lint does not look into.

It reads ModelPackageGroupPolicy like any other policy, knows which actions
there are and which resources each of them has (the table that cfn-lint brings),
and refuses policies as text that AWS would refuse and moto takes.

SPDX-License-Identifier: Apache-2.0
"""

import functools
import importlib.resources
import json
import re

from clary_deploy import policy, template

# Documented, and in no table: who calls CreateModel on a version of another
# account needs it on the version.
EXTRA = {"sagemaker:createmodel": ["model-package"]}

S3 = {
    ("s3", "bucket"): "arn:[a-z-]+:s3:::[^/]+",
    ("s3", "object"): "arn:[a-z-]+:s3:::[^/]+/.+",
}

# "*" stands for one thing here, or for what has no name yet.
WIDE = {
    "cloudwatch:putmetricdata": "narrowed by cloudwatch:namespace",
    "cloudwatch:getmetricdata": "metrics are no resource",
    "ec2": "SageMaker makes the interfaces, in subnets that the endpoint names",
}


@functools.cache
def table():
    """{service: {"Actions": {...}, "Resources": {...}}}."""
    data = importlib.resources.files("cfnlint.data.AdditionalSpecs")
    return json.loads(data.joinpath("Policies.json").read_text("utf-8"))


def problems(resources):
    """What is wrong with any policy of a resolved template."""
    found = policy.problems(resources)
    for name, part, document in template.policies(resources):
        kind = (
            "trust"
            if part == "AssumeRolePolicyDocument"
            else "resource"
            if part in policy.LIMITS or part == "PolicyDocument"
            else "identity"
        )
        if resources[name]["Type"] == "AWS::IAM::ManagedPolicy":
            kind = "identity"
        own = resources[name]["Type"] == "AWS::KMS::Key"
        found += [
            f"{name}.{part}: {text}"
            for text in policy_problems(document, kind=kind, own_key=own)
        ]
    return found


def policy_problems(document, *, kind, own_key=False):
    """`kind` is identity, resource or trust; in a key's own policy, every
    resource is that key."""
    found = []
    for statement in policy.as_list(document["Statement"]):
        sid = statement.get("Sid", "(no Sid)")
        if kind != "identity" and "Principal" not in statement:
            found.append(f"{sid}: a resource policy without a principal")
        if kind == "identity" and "Principal" in statement:
            found.append(f"{sid}: an identity policy with a principal")
        if statement["Effect"] == "Deny":
            continue
        found += [
            f"{sid}: {text}"
            for text in _statement(statement, kind, own_key=own_key)
        ]
    return found


def _statement(statement, kind, *, own_key):
    actions = [item.lower() for item in policy.as_list(statement["Action"])]
    resources = policy.as_list(statement.get("Resource", []))
    matched = set()
    for action in actions:
        service, _, verb = action.partition(":")
        if "*" in action:
            yield f"{action}: every action that it matches"
            continue
        known = table().get(service, {"Actions": {}})
        if verb not in known["Actions"]:
            yield f"{action}: there is no such action"
            continue
        if not resources or own_key:
            continue  # the resource that the policy is attached to
        types = known["Actions"][verb].get("Resources", [])
        types = [*types, *EXTRA.get(action, [])]
        fitting = [
            item
            for item in resources
            if item != "*" and any(_fits(item, service, one) for one in types)
        ]
        matched.update(fitting)
        if types and not fitting:
            if resources != ["*"]:
                yield f"{action}: no resource of its resource types: {types}"
            elif not {action, service} & set(WIDE):
                yield f"{action}: on every resource"
        if not types and "*" not in resources:
            yield f"{action}: has no resource type, so needs *"
    for item in resources:
        if item != "*" and item not in matched and not own_key:
            yield f"{item}: a resource type that none of its actions has"


def _fits(resource, service, kind):
    """Whether an ARN of a policy can be of this type."""
    sample = resource.replace("*", "x")
    return any(re.fullmatch(form, sample) for form in _forms(service, kind))


@functools.cache
def _forms(service, kind):
    """The patterns of the ARNs of a type. The table has one for buckets and
    objects, and writes a type's name in more than one way."""
    if (service, kind) in S3:
        return [S3[service, kind]]
    types = {
        key.lower(): one for key, one in table()[service]["Resources"].items()
    }
    return [
        re.sub(r"\$\{[^}]*\}", "[^:]*", form)
        for form in types.get(kind.lower(), {"ARNFormats": []})["ARNFormats"]
    ]


def text_problems(text):
    """What is wrong with a policy as it is printed: is it JSON, and once?"""
    found = []
    if re.search(r"^\s*#|[\]},]\s*#", text, re.MULTILINE):
        found.append("a comment: JSON has none")
    if re.search(r"'[\w:.-]+'\s*[:,\]\}]", text):
        found.append("single quotes: JSON knows only double ones")
    try:
        json.loads(text, object_pairs_hook=_no_repeats)
    except ValueError as error:
        found.append(f"not JSON: {error}")
    return found


def _no_repeats(pairs):
    keys = [key for key, _ in pairs]
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise ValueError(f"{repeated} stands there twice")
    return dict(pairs)
