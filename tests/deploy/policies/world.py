"""Who holds which policies, as the templates come to with a configuration.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from clary_deploy import config_file, names, template
from clary_deploy.policy import as_list
from clary_deploy.requests import cloudformation
from policies import things

# where `make test-deploy` puts them, which also says so
BUILT = Path(__file__).parents[3] / "build/node-deploy/node_modules"
SIMULATE = Path(__file__).with_name("simulate.mjs")
EXAMPLE = Path(__file__).parents[3] / "deploy/config.example.json"

# Somebody with every right that an account can give by itself.
ADMIN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# AWS lets every account pull its prebuilt containers.
EVERYBODY_PULLS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": "*",
        }
    ],
}
ADMINS = {
    "shared": things.SHARED,
    "ds": things.DS,
    "deployment": things.DEPLOYMENT,
    "qa": things.QA,
    "prod": things.PROD,
}

# The simulator's table of actions knows sagemaker:CreateModel on a model only;
# AWS asks for it on the version as well, and says so in its documentation. On
# a version, the question is put with an action that has just that resource
# type and that no policy mentions.
STAND_IN = "sagemaker:DeleteModelPackage"


@dataclass(frozen=True)
class Who:
    """A role with its identity policies."""

    arn: str
    policies: tuple

    @property
    def account(self):
        return self.arn.split(":")[4]


@dataclass
class World:
    """The principals and the policies of resources of all accounts."""

    people: dict = field(default_factory=dict)
    resources: dict = field(default_factory=dict)  # ARN prefix -> policy

    def question(self, who, action, resource, account, context=None):
        """One simulation: may `who` do `action` to `resource`?"""
        person = self.people[who]
        policies = list(person.policies)
        guard = self.guard(resource)
        if action == "sagemaker:CreateModel" and ":model-package/" in resource:
            action = STAND_IN
            policies, guard = map(_stood_in, (policies, guard))
        return {
            "request": {
                "principal": person.arn,
                "action": action,
                "resource": {
                    "resource": resource,
                    "accountId": account or person.account,
                },
                "contextVariables": {
                    "aws:PrincipalArn": person.arn,
                    "aws:PrincipalAccount": person.account,
                    "aws:SecureTransport": "true",
                    **(context or {}),
                },
            },
            "identityPolicies": [
                {"name": f"policy{index}", "policy": policy}
                for index, policy in enumerate(policies)
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({"resourcePolicy": guard} if guard else {}),
        }

    def guard(self, resource):
        """The policy that is attached to a resource; the longest match."""
        fitting = [key for key in self.resources if _under(resource, key)]
        return self.resources[max(fitting, key=len)] if fitting else None


def _under(resource, key):
    return resource == key or resource.startswith((f"{key}/", f"{key}:"))


def _stood_in(value):
    text = json.dumps(value)
    return json.loads(text.replace('"sagemaker:CreateModel"', f'"{STAND_IN}"'))


def verdicts(questions):
    """Allowed, ExplicitlyDenied or ImplicitlyDenied, one a question."""
    done = subprocess.run(
        ["node", str(SIMULATE)],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        env={"NODE_MODULES": str(BUILT)} | os.environ,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(questions)
    for question, answer in zip(questions, answers, strict=True):
        assert "error" not in answer, (question["request"], answer["error"])
    return [answer["verdict"] for answer in answers]


def built(config):
    """The world that the five stacks make."""
    world = World()
    for part in names.STACKS:
        place = cloudformation.place(config, part)
        resources = template.Template.named(names.TEMPLATES[part]).resolved(
            cloudformation.parameters(config, part), place
        )["Resources"]
        for name, resource in resources.items():
            if resource["Type"] == "AWS::IAM::Role":
                _role(world, part, name, resources, place)
            else:
                _guard(world, resource, place)
    return world


def _role(world, part, name, resources, place):
    made = resources[name]["Properties"]
    arn = f"arn:{place.partition}:iam::{place.account}:role/{made['RoleName']}"
    held = [policy["PolicyDocument"] for policy in made.get("Policies", [])]
    held += [
        other["Properties"]["PolicyDocument"]
        for other in resources.values()
        if other["Type"] == "AWS::IAM::ManagedPolicy"
        and made["RoleName"] in other["Properties"]["Roles"]
    ]
    workload = part in ("qa", "prod")
    key = f"{name.lower()}-{part}" if workload else name.lower()
    world.people[key] = Who(arn, tuple(held))
    world.resources[arn] = made["AssumeRolePolicyDocument"]


def _guard(world, resource, place):
    made = resource.get("Properties", {})
    kind = resource["Type"]
    if kind == "AWS::S3::BucketPolicy":
        arn = f"arn:{place.partition}:s3:::{made['Bucket']}"
        world.resources[arn] = made["PolicyDocument"]
        return
    prefix = f"{place.region}:{place.account}"
    guarded = {
        "AWS::KMS::Key": ("kms", f"key/{template.NO_KEY}", "KeyPolicy"),
        "AWS::ECR::Repository": (
            "ecr",
            f"repository/{made.get('RepositoryName')}",
            "RepositoryPolicyText",
        ),
    }
    if kind in guarded:
        service, name, policy = guarded[kind]
        arn = f"arn:{place.partition}:{service}:{prefix}:{name}"
        world.resources[arn] = made[policy]
    elif kind == "AWS::SageMaker::ModelPackageGroup":
        base = f"arn:{place.partition}:sagemaker:{prefix}"
        group = made["ModelPackageGroupName"]
        for thing in ("model-package", "model-package-group"):
            arn = f"{base}:{thing}/{group}"
            world.resources[arn] = made["ModelPackageGroupPolicy"]
    elif kind == "AWS::Events::EventBusPolicy":
        statement = {**made["Statement"], "Sid": "bus"}
        for arn in as_list(statement["Resource"]):
            world.resources[arn] = {
                "Version": "2012-10-17",
                "Statement": [statement],
            }


def of_the_example():
    """The example's world, and an administrator in each account."""
    example = json.loads(EXAMPLE.read_text("utf-8"))
    world = built(config_file.parse(example))
    world.resources[things.PREBUILT] = EVERYBODY_PULLS
    for name, account in ADMINS.items():
        arn = f"arn:aws:iam::{account}:role/Admin"
        world.people[f"admin-{name}"] = Who(arn, (ADMIN,))
    return world
