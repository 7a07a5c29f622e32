"""deploy, test, promote, rollback on five accounts, with real models.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

from endpoints import models
from endpoints.clients import ask, endpoint, package, writes


def test_an_approved_version_gets_to_qa(run, accounts, version, line):
    number = version(line)
    said = run("deploy", "qa", number)
    assert "version 1 is live on housing-qa" in said
    assert ask(accounts, "qa") == pytest.approx(
        float(line.golden.read_text().splitlines()[0].split(",")[-1])
    )
    found = package(accounts, number)
    assert found["ModelLifeCycle"] == {"Stage": "QA", "StageStatus": "Approved"}
    facts = found["CustomerMetadataProperties"]
    assert facts["qa-endpoint"] == "housing-qa"
    assert facts["qa-verdict"] == "passed"
    assert facts["qa-config"] == endpoint(accounts, "qa").config_name
    assert facts["qa-digest"] == facts["image-digest"]
    assert float(facts["qa-mse"]) == pytest.approx(line.mse, rel=1e-4)
    assert float(facts["qa-p95-ms"]) > 0
    assert facts["qa-commit"] == "0123456789abcdef"


def test_metadata_survives_either_way(run, accounts, version, line):
    """Whether an update adds to the metadata or takes its place is not
    documented; the other tests run with the former."""
    accounts.world.registry.metadata_update = "replace"
    number = version(line)
    run("deploy", "qa", number)
    run("promote", number)
    facts = package(accounts, number)["CustomerMetadataProperties"]
    assert {"sha256", "approved-by", "qa-verdict", "prod-verdict"} <= set(facts)


def test_a_second_run_changes_nothing(run, accounts, version, line):
    run("deploy", "qa", version(line))
    accounts.world.router.journal.clear()
    events = len(accounts.world.events.sent)
    assert "already live" in run("deploy", "qa", 1)
    assert writes(accounts) == []
    assert len(accounts.world.events.sent) == events


def test_auto_is_the_newest_approved_version(run, version, line, net):
    version(line)
    version(net, approve=False)
    assert run("deploy", "qa", "auto", "--json").json["version"] == 1


@pytest.mark.parametrize("decide", [None, "reject"])
def test_what_is_not_approved_is_not_deployed(
    run, accounts, version, line, decide
):
    number = version(line, approve=False)
    if decide:
        run(decide, number, "--reason", "no", "--by", "Ann")
    assert "not Approved" in run("deploy", "qa", number, code=4)
    assert not accounts.world.endpoints.all


def test_prod_wants_evidence_from_qa(run, accounts, version, line, net):
    first, second = version(line), version(net)
    run("deploy", "qa", first)
    for command in (["promote", second], ["deploy", "prod", second]):
        said = run(*command, code=4)
        assert "no evidence from QA" in said
    run("promote", first)
    assert package(accounts, first)["ModelLifeCycle"]["Stage"] == "Prod"
    accounts.world.router.journal.clear()
    run("deploy", "qa", first)  # still there, and still in prod
    assert writes(accounts) == []
    run("test", "qa")
    assert package(accounts, first)["ModelLifeCycle"]["Stage"] == "Prod"
    assert endpoint(accounts, "prod").status == "InService"


def test_evidence_is_of_this_very_image(run, accounts, version, line):
    number = version(line)
    run("deploy", "qa", number)
    shared = accounts.world.sagemaker(accounts.number("shared_services"))
    found = package(accounts, number)
    shared.update_model_package(
        ModelPackageArn=found["ModelPackageArn"],
        CustomerMetadataProperties={"qa-digest": "sha256:" + "0" * 64},
    )
    assert "was tested in QA with digest" in run("promote", number, code=4)


def test_another_image_than_the_registered_one_is_noticed(
    run, accounts, version, line, monkeypatch
):
    number = version(line)
    other = "sha256:" + "0" * 64
    monkeypatch.setattr(
        accounts.world.hosting,
        "_resolved",
        lambda image, _: f"{image.partition('@')[0]}@{other}",
    )
    assert f"runs the image {other}, not" in run("deploy", "qa", number, code=5)
    cycle = package(accounts, number)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("QA", "Rejected")


def test_a_truncated_artifact_never_comes_up(run, accounts, version, line, net):
    run("deploy", "qa", version(line))
    number = version(net)
    overwrite(accounts, number, net.archive.read_bytes()[:5000])
    said = run("deploy", "qa", number, code=5)
    assert "Failed to extract model data archive" in said
    cycle = package(accounts, number)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("QA", "Rejected")
    assert "rolled back" in cycle["StageDescription"]
    assert ask(accounts, "qa") > 0


def test_a_first_endpoint_that_fails_is_made_anew(run, accounts, version, line):
    number = version(line)
    content = overwrite(accounts, number, b"no archive")
    assert "did not come up" in run("deploy", "qa", number, code=7)
    overwrite(accounts, number, content)
    run("deploy", "qa", number)
    assert endpoint(accounts, "qa").status == "InService"


def test_a_damaged_model_fails_its_tests(
    run, accounts, version, line, tmp_path
):
    """It loads and it answers; it is not what was approved."""
    number = version(line)
    program = accounts.world.host.program
    damaged = models.linear(program, tmp_path, shift=0.5)
    overwrite(accounts, number, damaged.archive.read_bytes())
    said = run("deploy", "qa", number, code=6)
    assert "golden rows: 240 of 240 differ" in said
    assert "artifact SHA-256" in said
    cycle = package(accounts, number)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("QA", "Rejected")
    assert "no evidence from QA, its tests in QA failed" in run(
        "promote", number, code=4
    )
    assert run("test", "qa", code=6)


def overwrite(accounts, number, content):
    """Somebody writes over a registered artifact; what was there."""
    found = package(accounts, number)["InferenceSpecification"]
    url = found["Containers"][0]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    s3 = accounts.world.client("s3", accounts.number("shared_services"))
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return before


def test_an_mse_over_the_limit_fails(run, accounts, version, line):
    accounts.config["endpoints"]["qa"]["tests"]["max_mse"] = 0.3
    said = run("deploy", "qa", version(line), code=6)
    assert "MSE: 0.498438, wanted at most 0.3" in said


def test_rollback_gives_the_old_bytes(run, accounts, version, line, net):
    run("deploy", "qa", version(line))
    before = ask(accounts, "qa")
    run("deploy", "qa", version(net))
    assert ask(accounts, "qa") != before
    assert package(accounts, 1)["ModelLifeCycle"]["StageStatus"] == "Retired"
    run("rollback", "qa")
    assert ask(accounts, "qa") == before
    assert package(accounts, 1)["ModelLifeCycle"] == {
        "Stage": "QA",
        "StageStatus": "Approved",
    }
    assert package(accounts, 2)["ModelLifeCycle"]["StageStatus"] == "Retired"
    said = run("rollback", "qa")  # and not forth again
    assert "version 1 is what qa went back to from version 2" in said
    assert ask(accounts, "qa") == before
    run("rollback", "qa", "--to", 2)
    assert ask(accounts, "qa") != before
    run("deploy", "qa", 1)
    run("deploy", "qa", 2)
    assert "from version 2 back to 1" in run("rollback", "qa")


def test_rollback_needs_somewhere_to_go(run, version, line):
    run("deploy", "qa", version(line))
    assert "no other approved version" in run("rollback", "qa", code=4)


def test_old_configurations_go_and_needed_ones_stay(
    run, accounts, version, line
):
    """The newest three, the live one and the one before it."""
    version(line)
    for count in range(5):
        accounts.config["endpoints"]["qa"]["environment"] = {"N": str(count)}
        run("deploy", "qa", 1)
    configs = [name for _, name in accounts.world.hosting.configs]
    found = [v["ModelName"] for _, v in accounts.world.hosting.models.items()]
    assert len(configs) == len(found) == 3
    assert endpoint(accounts, "qa").config_name in configs
    for count in (2, 5):  # back to the oldest of them, and on to a new one
        accounts.config["endpoints"]["qa"]["environment"] = {"N": str(count)}
        run("deploy", "qa", 1)
    assert {name for _, name in accounts.world.hosting.configs} > set(configs)


def test_teardown_leaves_nothing(run, accounts, version, line):
    version(line)
    run("deploy", "qa", 1)
    run("promote", 1)
    run("teardown", "prod", "--yes")
    world = accounts.world
    prod = accounts.number("prod")
    cloudwatch = world.client("cloudwatch", prod)
    scaling = world.client("application-autoscaling", prod)
    assert [name for account, name in world.endpoints.all] == ["housing-qa"]
    assert {account for account, _ in world.hosting.configs} == {
        accounts.number("qa")
    }
    assert {account for account, _ in world.hosting.models} == {
        accounts.number("qa")
    }
    assert not cloudwatch.describe_alarms()["MetricAlarms"]
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    assert not targets["ScalableTargets"]
    assert package(accounts, 1)["ModelLifeCycle"]["StageStatus"] == "Retired"
    assert "nothing to delete" in run("teardown", "prod", "--yes")


def test_status_and_list_tell_it_all(run, version, line):
    version(line)
    run("deploy", "qa", 1)
    status = run("status", "--json").json
    assert status["qa"]["variants"][0]["version"] == 1
    assert status["prod"]["status"] == "none"
    found = run("list", "--json").json["versions"][0]
    assert (found["stage"], found["approval"]) == ("QA", "Approved")
    assert "0.498438" in run("list")
    assert "approved-by" in run("show", 1)


def test_dry_run_writes_nothing(run, accounts, version, line):
    version(line)
    accounts.world.router.journal.clear()
    said = run("deploy", "qa", 1, "--dry-run", "--json").json
    assert writes(accounts) == []
    operations = [request["operation"] for request in said["requests"]]
    assert operations == [
        "update_model_package",
        "create_model",
        "create_endpoint_config",
        "create_endpoint",
    ]
    run("deploy", "qa", 1)
    sent = [
        json.loads(json.dumps(call.request))
        for call in accounts.world.router.journal
        if call.operation == "CreateEndpointConfig"
    ]
    assert sent == [said["requests"][2]["request"]]
