"""The three traps: a stage that starts a deployment again, a rollback that
looks like a success, an alarm that watches nothing. And every way to move
traffic.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest

from clary_deploy import rollout
from clary_deploy.requests import guardrails
from endpoints.clients import (
    Traffic,
    ask,
    endpoint,
    package,
    writes,
)


@pytest.fixture
def in_prod(run, version, line):
    """Version 1 in QA and in prod."""
    number = version(line)
    run("deploy", "qa", number)
    run("promote", number)
    return number


@pytest.fixture
def next_version(run, version, net, in_prod):
    """Version 2, tested in QA."""
    number = version(net)
    run("deploy", "qa", number)
    return number


# --- a: stage -> event -> deployment -> stage -> ...


def test_a_stage_starts_no_deployment(run, accounts, version, line):
    """Only an approval reaches the pipeline, and starts it once."""
    number = version(line)
    started = accounts.pipeline_runs()
    assert started == [package(accounts, number)["ModelPackageArn"]]
    before = len(accounts.world.events.sent)
    run("deploy", "qa", number)
    run("promote", number)
    written = [
        event["Detail"]["UpdatedModelPackageFields"]
        for event in accounts.world.events.sent[before:]
        if "UpdatedModelPackageFields" in event["Detail"]
    ]
    assert len(written) == 4  # InProgress and Approved, in QA and prod
    assert all("ModelApprovalStatus" not in fields for fields in written)
    assert accounts.pipeline_runs() == []


def test_without_the_filter_it_would(run, accounts, version, line):
    """The same events through a rule that filters on the status alone, which
    every event of an approved version has."""
    for name in ("shared_services", "deployment"):
        events = accounts.world.client("events", accounts.number(name))
        part = "shared" if name == "shared_services" else "deployment"
        rule = accounts.resources(part)["Approved"]
        pattern = dict(rule["EventPattern"])
        pattern.pop("account", None)
        pattern["detail"] = {
            key: value
            for key, value in pattern["detail"].items()
            if key != "UpdatedModelPackageFields"
        }
        events.put_rule(
            Name=rule["Name"],
            EventPattern=json.dumps(pattern),
            EventBusName=rule.get("EventBusName", "default"),
        )
    number = version(line)
    accounts.pipeline_runs()
    accounts.world.clock.advance(60)
    run("deploy", "qa", number)
    assert len(accounts.pipeline_runs()) == 2


def test_a_version_that_is_deployed_twice_is_there_once(
    run, accounts, version, line
):
    number = version(line)
    accounts.world.router.journal.clear()
    run("deploy", "qa", number)
    run("deploy", "qa", number)
    assert writes(accounts).count("CreateEndpoint") == 1
    assert "UpdateEndpoint" not in writes(accounts)


# --- b: the silent rollback


def test_a_rollback_is_no_success(run, accounts, next_version):
    """p99 latency of microseconds: a limit in the wrong unit. Real traffic
    breaks it, the alarm fires, and AWS says InService."""
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 0.001
    before = ask(accounts, "prod")
    Traffic(accounts, "prod")
    said = run("promote", next_version, code=5)
    found = endpoint(accounts, "prod")
    assert (found.status, found.reason) == ("InService", "")
    assert "was rolled back" in said
    assert "-p99-latency fired" in said
    assert ask(accounts, "prod") == before
    cycle = package(accounts, next_version)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("Prod", "Rejected")
    # boto3's own waiter sees nothing wrong
    client = accounts.world.sagemaker(accounts.number("prod"))
    client.get_waiter("endpoint_in_service").wait(EndpointName="housing-prod")
    # with the limit mended the same command goes through
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 1000
    run("promote", next_version)
    assert ask(accounts, "prod") != before


def test_without_the_comparison_it_would_be(
    run, accounts, next_version, monkeypatch
):
    """What a tool reports that only asks whether it is InService."""
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 0.001
    Traffic(accounts, "prod")
    monkeypatch.setattr(rollout, "verify", lambda plan, found, fired=(): found)
    run("promote", next_version, "--skip-tests")
    assert endpoint(accounts, "prod").live[0].fleet.config != (
        package(accounts, next_version)["CustomerMetadataProperties"].get(
            "prod-config"
        )
    )


def test_a_failed_way_back_is_told_and_mended(run, accounts, next_version):
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 0.001
    accounts.world.endpoints.next_rollback_fails = "capacity is not available"
    Traffic(accounts, "prod")
    said = run("promote", next_version, code=5)
    assert "runs a mix of both: capacity is not available" in said
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 1000
    run("promote", next_version)
    assert endpoint(accounts, "prod").status == "InService"


# --- c: alarms that watch nothing


def test_the_alarms_watch_the_real_variant(run, accounts, next_version):
    run("promote", next_version)
    found = endpoint(accounts, "prod")
    cloudwatch = accounts.world.client("cloudwatch", accounts.number("prod"))
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=found.config_name)
    assert len(alarms["MetricAlarms"]) == 2
    for alarm in alarms["MetricAlarms"]:
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        assert dimensions == {
            "EndpointName": "housing-prod",
            "VariantName": found.live[0].variant,
            "EndpointConfigName": found.config_name,
        }


def test_with_another_name_they_would_never_fire(
    run, accounts, next_version, monkeypatch
):
    """AWS's own sample watches "AllTraffic". No data, no alarm, no rollback."""
    original = guardrails._alarm

    def sample(*arguments):
        alarm = original(*arguments)
        for dimension in alarm["Dimensions"]:
            if dimension["Name"] == "VariantName":
                dimension["Value"] = "AllTraffic"
        return alarm

    monkeypatch.setattr(guardrails, "_alarm", sample)
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 0.001
    Traffic(accounts, "prod")
    run("promote", next_version)


def test_another_variant_name_is_refused(run, accounts, next_version):
    accounts.config["endpoints"]["prod"]["variant"] = "primary"
    accounts.world.router.journal.clear()
    said = run("promote", next_version, code=4)
    assert "without the same names there is no rollback" in said
    assert writes(accounts) == []


def test_without_the_refusal_there_is_no_rollback(
    run, accounts, next_version, monkeypatch
):
    del accounts.config["endpoints"]["prod"]["autoscaling"]
    run("promote", 1)  # only takes the scalable target away
    accounts.config["endpoints"]["prod"]["variant"] = "primary"
    accounts.config["endpoints"]["prod"]["alarms"]["p99_latency_ms"] = 0.001
    monkeypatch.setattr(rollout, "_check_variants", lambda plan, now: None)
    Traffic(accounts, "prod")
    run("promote", next_version)
    assert accounts.world.endpoints.ignored_guardrails == ["housing-prod"]


def test_nothing_starts_under_a_firing_alarm(run, accounts, next_version):
    found = endpoint(accounts, "prod")
    accounts.world.metrics.force(
        accounts.number("prod"), f"{found.config_name}-5xx-rate", "ALARM"
    )
    accounts.world.router.journal.clear()
    said = run("promote", next_version, code=4)
    assert "5xx-rate is firing" in said
    assert writes(accounts) == []


# --- strategies


@pytest.mark.parametrize(
    ("strategy", "shares"),
    [
        ("all_at_once", [1.0]),
        ("canary", [0.5]),
        ("linear", [0.25, 0.5, 0.75]),
        ("rolling", [0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_each_strategy_moves_traffic_its_way(
    run, accounts, next_version, strategy, shares
):
    prod = accounts.config["endpoints"]["prod"]
    prod["instances"] = 4
    prod["autoscaling"]["min"] = 4
    found = endpoint(accounts, "prod").live[0]
    found.count = found.desired_count = 4
    baked = []

    def step(found, name):
        if name == "Baking" and found.green_share not in baked:
            baked.append(found.green_share)

    accounts.world.endpoints.on_step.append(step)
    said = run("promote", next_version, "--strategy", strategy)
    assert set(shares) <= set(baked)
    assert "Baking" in said
    assert endpoint(accounts, "prod").live[0].count == 4


def test_the_live_display_shows_variants_and_traffic(
    run, accounts, next_version
):
    said = run("promote", next_version)
    assert (
        "housing-prod: Updating: champion Baking (Baking for 600 seconds with "
        "traffic enabled on canary capacity of 1 instance(s).)"
    ) in said


def test_a_deployment_that_takes_too_long_is_rolled_back(
    run, accounts, next_version
):
    """The limit is AWS's to keep: launching takes longer than it was given."""
    prod = accounts.config["endpoints"]["prod"]
    prod |= {"bake_seconds": 560, "termination_wait_seconds": 0}
    prod["timeout_seconds"] = 600
    said = run("promote", next_version, code=5)
    assert "AWS gives no reason" in said


# --- autoscaling


def targets(accounts):
    client = accounts.world.client(
        "application-autoscaling", accounts.number("prod")
    )
    found = client.describe_scalable_targets(ServiceNamespace="sagemaker")
    return [
        (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"])
        for target in found["ScalableTargets"]
    ]


RESOURCE = "endpoint/housing-prod/variant/champion"


def test_scaling_is_registered_with_its_policy(accounts, in_prod):
    client = accounts.world.client(
        "application-autoscaling", accounts.number("prod")
    )
    assert targets(accounts) == [(RESOURCE, 2, 6)]
    policies = client.describe_scaling_policies(ServiceNamespace="sagemaker")
    found = policies["ScalingPolicies"][0]
    settings = found["TargetTrackingScalingPolicyConfiguration"]
    assert settings["TargetValue"] == 2000


def test_scaled_out_instances_survive_an_update(run, accounts, next_version):
    found = endpoint(accounts, "prod")
    found.live[0].count = found.live[0].desired_count = 5
    run("promote", next_version)
    assert endpoint(accounts, "prod").live[0].count == 5


def test_another_instance_type_needs_the_dance(run, accounts, next_version):
    """AWS refuses it while the target is registered: away, update, back."""
    accounts.config["endpoints"]["prod"]["instance_type"] = "ml.c7g.large"
    run("promote", next_version)
    body = endpoint(accounts, "prod").live[0].body
    assert body["InstanceType"] == "ml.c7g.large"
    assert targets(accounts) == [(RESOURCE, 2, 6)]


def test_scaling_that_is_not_wanted_goes(run, accounts, next_version):
    del accounts.config["endpoints"]["prod"]["autoscaling"]
    run("promote", next_version)
    assert targets(accounts) == []


# --- serverless, asynchronous


def test_a_serverless_stage(run, accounts, version, line):
    """Its image must be of its own account: as with --single-account."""
    accounts.config["accounts"]["qa"] = accounts.number("shared_services")
    qa = accounts.config["endpoints"]["qa"]
    qa["serverless"] = {"memory_mb": 2048, "max_concurrency": 5}
    number = version(line)
    run("deploy", "qa", number)
    qa["serverless"]["max_concurrency"] = 7
    run("deploy", "qa", number)
    found = endpoint(accounts, "qa").live[0].body["ServerlessConfig"]
    assert found["MaxConcurrency"] == 7


def test_instances_do_not_become_serverless(run, accounts, version, line):
    accounts.config["accounts"]["qa"] = accounts.number("shared_services")
    qa = accounts.config["endpoints"]["qa"]
    run("deploy", "qa", version(line))
    qa["serverless"] = {"memory_mb": 2048, "max_concurrency": 5}
    accounts.world.router.journal.clear()
    said = run("deploy", "qa", 1, code=4)
    assert "claryctl teardown qa" in said
    assert writes(accounts) == []
    run("teardown", "qa", "--yes")
    run("deploy", "qa", 1)


def test_an_asynchronous_stage(run, accounts, version, line):
    bucket = "housing-capture-444444444444"
    qa = accounts.config["endpoints"]["qa"]
    qa["asynchronous"] = {"output": f"s3://{bucket}/answers"}
    said = run("deploy", "qa", version(line))
    assert "0 of 240 differ" in said
    assert package(accounts, 1)["ModelLifeCycle"]["StageStatus"] == "Approved"
