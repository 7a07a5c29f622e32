"""teardown of stages with their stacks: endpoints in the fake SageMaker, stacks
in moto's CloudFormation.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from clary_deploy import names
from endpoints.clients import package


@pytest.fixture
def everything(run, calls, accounts):
    """All five stacks, and what moto's CloudFormation does not know."""
    run("setup", "all", "--yes")
    accounts.set_up()
    calls.clear()
    return calls


def stacks(accounts):
    """{part: the stack's status}, of those that are there."""
    found = {}
    for part in names.STACKS:
        number = accounts.number(names.stack_account(part))
        client = accounts.world.client("cloudformation", number)
        for stack in client.describe_stacks()["Stacks"]:
            found[part] = stack["StackStatus"]
    return found


@pytest.mark.empty
def test_a_stage_with_its_stack(run, accounts, everything, version, line):
    version(line)
    run("deploy", "qa", 1)
    dry = run("teardown", "qa", "--stack-too", "--dry-run", "--json").json
    printed = [request["operation"] for request in dry["requests"]]
    assert printed[0] == "delete_endpoint"
    assert printed[-1] == "delete_stack"
    assert set(stacks(accounts)) == set(names.STACKS)
    said = run("teardown", "qa", "--stack-too", "--yes")
    assert "gone: housing-qa" in said
    assert not accounts.world.endpoints.all
    assert set(stacks(accounts)) == set(names.STACKS) - {"qa"}
    assert package(accounts, 1)["ModelLifeCycle"]["StageStatus"] == "Retired"
    assert "there is none" in run("teardown", "qa", "--stack-too", "--yes")
    run("setup", "qa", "--yes")
    run("deploy", "qa", 1)


@pytest.mark.empty
def test_all_of_it(run, accounts, everything, version, line):
    version(line)
    run("deploy", "qa", 1)
    said = run(
        "teardown", "all", "--models-too", "--confirm", "housing", "--yes"
    )
    for kept in (
        "AWS::S3::Bucket housing-models-222222222222",
        "AWS::ECR::Repository clary-server",
        "AWS::S3::Bucket housing-delivery-333333333333",
        "AWS::Logs::LogGroup /aws/codebuild/clary-housing",
    ):
        assert f"kept: {kept}" in said
    shared = accounts.number("shared_services")
    buckets = accounts.world.client("s3", shared).list_buckets()["Buckets"]
    assert "housing-models-222222222222" in [b["Name"] for b in buckets]
    assert not stacks(accounts)
    assert not accounts.world.endpoints.all
    order = [
        body["StackName"]
        for _, operation, body in everything
        if operation == "DeleteStack"
    ]
    assert order == [
        "clary-housing-deployment",
        "clary-housing-prod",
        "clary-housing-qa",
        "clary-housing-data-science",
        "clary-housing-shared",
    ]
