"""From an approval to prod, by the pipeline of the deployment account: its
buildspecs' commands, from the very event that is delivered.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from clary_deploy.requests import packages
from endpoints.clients import ask, package, writes
from endpoints.codepipeline import ActionFailedError, Delivery

STAGES = [
    "Source", "Resolve", "DeployQA", "TestQA", "Approve", "DeployProd",
    "VerifyProd",
]  # fmt: skip


@pytest.fixture
def delivery(accounts):
    return Delivery(accounts)


def one(accounts):
    """The event that started the pipeline; there was exactly one."""
    (event,) = accounts.pipeline_events()
    return event


def test_from_an_approval_to_prod(accounts, version, line, delivery):
    """AWS may send an event several times. In the first run nobody says yes;
    the second goes on from there; the third finds the version in prod, and
    passes over the rest."""
    accounts.world.events.copies = 3
    version(line)
    first, second, third = accounts.pipeline_events()
    assert "ModelApprovalStatus" in first["detail"]["UpdatedModelPackageFields"]
    assert delivery.run(first, approve=False)[-1] == "Approve"
    assert "Version 1 passed its tests in QA" in delivery.asked[0]["CustomData"]
    page = delivery.page(delivery.asked[0]["ExternalEntityLink"])
    assert "<title>housing, version 1</title>" in page
    assert "golden rows" in page
    assert package(accounts, 1)["ModelLifeCycle"]["Stage"] == "QA"
    assert delivery.run(second) == STAGES
    found = package(accounts, 1)
    assert found["ModelLifeCycle"]["Stage"] == "Prod"
    assert found["ModelLifeCycle"]["StageStatus"] == "Approved"
    facts = found["CustomerMetadataProperties"]
    assert (facts["qa-verdict"], facts["prod-verdict"]) == ("passed", "passed")
    assert ask(accounts, "prod") == ask(accounts, "qa")
    # all that it has written is an event, too, and none of them starts a run
    assert accounts.pipeline_events() == []
    accounts.world.router.journal.clear()
    assert delivery.run(third) == ["Source", "Resolve"]
    assert writes(accounts) == []
    assert len(delivery.asked) == 2


def test_what_is_no_decision_starts_nothing(accounts, version, line):
    """A registration, a stage, metadata."""
    number = version(line, approve=False)
    assert accounts.pipeline_events() == []
    shared = accounts.number("shared_services")
    registry = accounts.world.sagemaker(shared)
    arn = package(accounts, number)["ModelPackageArn"]
    registry.update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle=packages.life_cycle("QA", "InProgress"),
    )
    registry.update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"note": "seen"}
    )
    registry.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved"
    )
    assert len(accounts.pipeline_events()) == 1
    # what has been approved says so in every event that follows
    registry.update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle=packages.life_cycle("QA", "Approved"),
        CustomerMetadataProperties={"note": "seen again"},
    )
    assert accounts.pipeline_events() == []


def test_a_rejection_takes_prod_back(
    run, accounts, version, line, net, delivery
):
    for model in (line, net):
        number = version(model)
        run("deploy", "qa", number)
        run("promote", number)
        if model is line:
            before = ask(accounts, "prod")
    assert ask(accounts, "prod") != before
    accounts.pipeline_events()
    run("reject", number, "--by", "Ann", "--reason", "it was wrong")
    assert delivery.run(one(accounts)) == STAGES
    assert ask(accounts, "prod") == before


def test_what_fails_in_qa_goes_no_further(accounts, version, line, delivery):
    version(line)
    accounts.config["endpoints"]["qa"]["tests"]["max_mse"] = 0.1
    with pytest.raises(ActionFailedError, match=r"TestQA ended with 6"):
        delivery.run(one(accounts))
    assert delivery.asked == []
