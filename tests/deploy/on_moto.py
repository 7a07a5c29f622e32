"""Five accounts in moto, for commands that set them up and look at them.

Every request is checked against the service model on its way, to the last
pattern, and what moto does not do as AWS is put right here.

SPDX-License-Identifier: Apache-2.0
"""

import json
import logging

import boto3
import botocore.awsrequest
import botocore.client
import botocore.httpsession
import pytest
from moto.iam import iam_backends
from moto.server import ThreadedMotoServer

from clary_deploy import template
from fake_sagemaker import strict

NOT_IN_MOTO = {"UpdateTerminationProtection"}

ADMIN = "OrganizationAccountAccessRole"


@pytest.fixture(scope="session")
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def outputs_of(request, stack_id):
    """What the template says, with the parameters of the request."""
    _, partition, _, region, account, _ = stack_id.split(":", 5)
    place = template.Place(partition, region, account, request["StackName"])
    made = template.Template(request["TemplateBody"])
    found = made.resolved(values_of(request), place)
    return [
        {"OutputKey": key, "OutputValue": item["Value"]}
        for key, item in found["Outputs"].items()
    ]


def values_of(request):
    return {
        item["ParameterKey"]: item["ParameterValue"]
        for item in request["Parameters"]
    }


def decided(request):
    """The request with its conditions decided: of AWS::NoValue in a list moto
    makes a None. And of all that is retained it knows but one word."""
    made = template.Template(request["TemplateBody"])
    place = template.Place("aws", "eu-west-1", "000000000000", "x")
    resolver = template._Resolver(made, values_of(request), place)

    def settled(node):
        if isinstance(node, list):
            items = [settled(item) for item in node]
            return [x for x in items if x != {"Ref": "AWS::NoValue"}]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            wanted, yes, no = node["Fn::If"]
            return settled(yes if resolver._condition(wanted) else no)
        return {key: settled(item) for key, item in node.items()}

    resources = {
        name: settled(resource)
        for name, resource in made.body["Resources"].items()
        if resolver._wanted(resource)
    }
    for resource in resources.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    body = {**made.body, "Resources": resources}
    return {**request, "TemplateBody": json.dumps(body)}


def detach_policies(stack_id):
    """CloudFormation deletes a managed policy, which detaches it, before the
    roles that it names; moto tries the roles first."""
    _, partition, _, _, account, _ = stack_id.split(":", 5)
    iam = iam_backends[account][partition]
    for role in iam.roles.values():
        for arn in list(role.managed_policies):
            iam.detach_role_policy(arn, role.name)


@pytest.fixture
def calls(monkeypatch):
    """[(service, operation, request)] of what was sent and checked."""
    sent, made = [], {}
    original = botocore.client.BaseClient._make_api_call

    def with_outputs(answer):
        """moto's change sets make stacks without outputs."""
        for stack in answer["Stacks"]:
            body = made.get(stack["StackName"])
            if body and stack["StackStatus"].endswith("_COMPLETE"):
                stack["Outputs"] = outputs_of(body, stack["StackId"])
        return answer

    def checked(client, operation, request):
        model = client.meta.service_model
        body = {
            key: value.read() if hasattr(value, "read") else value
            for key, value in request.items()
        }
        problems = strict.check(model, operation, body)
        assert not problems, f"{model.service_name}:{operation}: {problems}"
        sent.append((model.service_name, operation, body))
        if operation in NOT_IN_MOTO:
            return {}
        if operation == "CreateChangeSet":
            made[body["StackName"]] = body
            body = decided(body)
        if operation == "DeleteStack":
            (stack,) = original(client, "DescribeStacks", body)["Stacks"]
            detach_policies(stack["StackId"])
        answer = original(client, operation, body)
        if operation == "DescribeStackResources":
            # of what it does not know, moto says next to nothing
            known = answer["StackResources"]
            answer["StackResources"] = [x for x in known if "ResourceType" in x]
        return with_outputs(answer) if operation == "DescribeStacks" else answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", checked)
    return sent


@pytest.fixture
def moto_accounts(moto, calls, example, tmp_path, monkeypatch):
    """Profiles of five empty accounts."""
    request = botocore.awsrequest.AWSRequest(
        "POST", f"{moto}/moto-api/reset", data=b""
    )
    session = botocore.httpsession.URLLib3Session()
    assert session.send(request.prepare()).status_code == 200
    lines = []
    for name, number in example["accounts"].items():
        lines += [
            f"[profile clary-{name.replace('_', '-')}]",
            f"role_arn = arn:aws:iam::{number}:role/{ADMIN}",
            "credential_source = Environment",
        ]
    path = tmp_path / "aws-config"
    path.write_text("\n".join(lines))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")

    def client(service, account):
        profile = f"clary-{account.replace('_', '-')}"
        region = example["region"]
        return boto3.Session(profile_name=profile).client(service, region)

    return client


@pytest.fixture
def on_moto(claryctl):
    """on_moto("setup", "all", "--yes", code=0): claryctl in those accounts."""

    def command(*argv, code=0, **options):
        found = claryctl(
            *argv, environ={"CLARYCTL_POLL_SECONDS": "0"}, **options
        )
        assert found.code == code, found.stdout + found.stderr
        return found

    return command
