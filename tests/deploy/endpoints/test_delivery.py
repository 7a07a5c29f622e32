"""From an approval to prod, by the pipeline of the deployment account: its
buildspecs' commands, from the very event that is delivered, through what starts
it.

SPDX-License-Identifier: Apache-2.0
"""

import re
from pathlib import Path

import pytest
import yaml

from clary_deploy.requests import packages
from endpoints.clients import ask, package, writes
from endpoints.codepipeline import ActionFailedError, Delivery

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
STAGES = [
    "Source", "Resolve", "DeployQA", "TestQA", "Approve", "DeployProd",
    "VerifyProd",
]  # fmt: skip


@pytest.fixture
def delivery(accounts):
    return Delivery(accounts)


def one(accounts):
    """The run that the events of a decision have come to: exactly one."""
    (run,) = accounts.started()
    return run


def test_from_an_approval_to_prod(accounts, version, line, delivery):
    """Nothing is in prod before somebody says yes; a run that is started by
    hand finds the version there, and passes over the rest."""
    version(line)
    started = one(accounts)

    def yes(asked):
        assert "Version 1 passed its tests in QA" in asked["CustomData"]
        page = delivery.page(asked["ExternalEntityLink"])
        assert "<title>housing, version 1</title>" in page
        assert "golden rows" in page
        assert package(accounts, 1)["ModelLifeCycle"]["Stage"] == "QA"
        prod = accounts.number("prod")
        assert prod not in {
            account for account, _ in accounts.world.endpoints.all
        }
        return True

    assert delivery.run(started, yes) == STAGES
    found = package(accounts, 1)
    assert found["ModelLifeCycle"]["Stage"] == "Prod"
    assert found["ModelLifeCycle"]["StageStatus"] == "Approved"
    facts = found["CustomerMetadataProperties"]
    assert (facts["qa-verdict"], facts["prod-verdict"]) == ("passed", "passed")
    assert ask(accounts, "prod") == ask(accounts, "qa")
    # all that it has written is an event, too, and none of them starts a run
    assert accounts.decisions() == []
    accounts.world.router.journal.clear()
    assert delivery.run(started) == ["Source", "Resolve"]
    assert writes(accounts) == []
    assert len(delivery.asked) == 1


def test_an_event_that_comes_again_starts_nothing(accounts, version, line):
    """At the same moment, and later; a new decision about the same version is
    another one."""
    accounts.world.events.copies = 3
    number = version(line)
    events = accounts.decisions()
    assert len(events) == 3
    assert (
        "ModelApprovalStatus"
        in events[0]["detail"]["UpdatedModelPackageFields"]
    )
    arn = package(accounts, number)["ModelPackageArn"]
    starter = accounts.starter
    assert starter.decide(events) == [{"MODEL_PACKAGE_ARN": arn}]
    assert starter.decide(events[:1]) == []
    assert len(starter.codepipeline.runs) == 1
    registry = accounts.world.sagemaker(accounts.number("shared_services"))
    for decision in ("Rejected", "Approved"):
        accounts.world.clock.advance(60)
        registry.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=decision
        )
        assert accounts.started() == [{"MODEL_PACKAGE_ARN": arn}]


def test_a_start_that_fails_is_repeated(accounts, version, line):
    """CodePipeline was away; the decision is not lost for that it has been
    written down."""
    version(line)
    accounts.starter.codepipeline.failures = 1
    one(accounts)


def test_buildspecs_call_claryctl_and_nothing_else(delivery):
    """Beside its own requirements, and what hands on what it has said."""
    named = {
        project["Source"]["BuildSpec"] for project in delivery.projects.values()
    }
    found = {f"ci/{path.name}" for path in (DEPLOY / "ci").iterdir()}
    assert named == found
    for name in found:
        phases = yaml.safe_load((DEPLOY / name).read_text("utf-8"))["phases"]
        assert phases["install"]["commands"] == [
            "pip install --quiet -r requirements.txt"
        ]
        assert set(phases) == {"install", "build"}
        commands = phases["build"]["commands"]
        assert any("./claryctl " in command for command in commands)
        for command in commands:
            assert re.fullmatch(
                r"(\w+=\$\()?\./claryctl [\w $\"-]+\)?|export [A-Z_ ]+|echo .*",
                command,
            ), command


def test_what_is_no_decision_starts_nothing(accounts, version, line):
    """A registration, a stage, metadata."""
    number = version(line, approve=False)
    assert accounts.decisions() == []
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
    one(accounts)
    # what has been approved says so in every event that follows
    registry.update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle=packages.life_cycle("QA", "Approved"),
        CustomerMetadataProperties={"note": "seen again"},
    )
    assert accounts.decisions() == []


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
    accounts.started()
    run("reject", number, "--by", "Ann", "--reason", "it was wrong")
    assert delivery.run(one(accounts)) == STAGES
    assert ask(accounts, "prod") == before


def test_what_fails_in_qa_goes_no_further(accounts, version, line, delivery):
    version(line)
    accounts.config["endpoints"]["qa"]["tests"]["max_mse"] = 0.1
    with pytest.raises(ActionFailedError, match=r"TestQA ended with 6"):
        delivery.run(one(accounts))
    assert delivery.asked == []
