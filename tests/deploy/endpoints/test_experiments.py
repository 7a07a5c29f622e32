"""A/B tests and shadow tests on real models and seeded traffic.

SPDX-License-Identifier: Apache-2.0
"""

import xml.etree.ElementTree as ET

import pytest

from clary_deploy.inference import split_p_value
from endpoints import models
from endpoints.clients import (
    Traffic,
    ask,
    endpoint,
    package,
    writes,
)


@pytest.fixture
def both(run, accounts, version, line, net):
    """Version 1 in prod; version 2 has passed in QA. All requests of prod are
    captured."""
    accounts.config["endpoints"]["prod"]["data_capture"]["percent"] = 100
    first = version(line)
    run("deploy", "qa", first)
    run("promote", first)
    run("deploy", "qa", version(net))


def shares(accounts):
    return {v.variant: v.weight for v in endpoint(accounts, "prod").live}


def labels(folder, count):
    """Client N sent row N, again and again; the labels of what it sent."""
    rows = models.labelled()
    path = folder / "labels.csv"
    path.write_text(
        "id,label\n"
        + "".join(
            f"client-{n},{rows[(n - 1) % len(rows)][0]}\n"
            for n in range(1, count + 1)
        )
    )
    return path


def test_ab_from_start_to_the_better_one(run, accounts, both, tmp_path):
    run("ab", "start", "--challenger", 2, "--weight", 10)
    assert shares(accounts) == {"champion": 90, "challenger": 10}
    cycle = package(accounts, 2)["ModelLifeCycle"]
    assert cycle["StageStatus"] == "InProgress"
    assert "no requests yet with these weights" in run("ab", "report")
    accounts.world.clock.advance(60)
    traffic = Traffic(accounts, "prod", rate=20, rows=models.lines())
    accounts.world.clock.advance(200)
    traffic.rate = 0
    said = run("ab", "report", "--json").json
    counts = [said["variants"][v]["requests"] for v in shares(accounts)]
    assert sum(counts) == traffic.sent == 400
    assert said["split"]["p_value"] == split_p_value(counts, [90, 10])
    assert said["split"]["p_value"] > 0.001
    assert said["variants"]["champion"]["p99_ms"] > 0

    run("ab", "weight", 50)
    assert shares(accounts) == {"champion": 50, "challenger": 50}
    accounts.world.clock.advance(60)
    traffic.rate = 20
    accounts.world.clock.advance(200)
    traffic.rate = 0
    said = run("ab", "report", "--json").json
    counts = [said["variants"][v]["requests"] for v in shares(accounts)]
    assert sum(counts) == traffic.sent == 800
    assert split_p_value(counts, [50, 50]) < 0.001  # half of it was at 90:10
    assert said["split"]["p_value"] > 0.001
    found = run(
        "ab", "report", "--labels", labels(tmp_path, traffic.sent), "--json"
    ).json["mse"]
    assert found["champion"]["mean"] == pytest.approx(0.498, rel=0.3)
    assert found["challenger"]["mean"] == pytest.approx(0.253, rel=0.3)
    assert found["fixed"]["high"] < 0
    text = run("ab", "report", "--labels", labels(tmp_path, traffic.sent))
    assert "difference of MSE" in text
    assert "at any look" in text

    run("ab", "finish", "challenger")
    assert endpoint(accounts, "prod").live[0].variant == "champion"
    assert len(endpoint(accounts, "prod").live) == 1
    assert run("status", "--json").json["prod"]["variants"][0]["version"] == 2
    assert package(accounts, 2)["ModelLifeCycle"]["Stage"] == "Prod"
    assert package(accounts, 1)["ModelLifeCycle"]["StageStatus"] == "Retired"
    assert "no A/B test is running" in run("ab", "finish", "challenger")


def test_ab_that_the_champion_wins(run, accounts, both):
    before = ask(accounts, "prod")
    config = endpoint(accounts, "prod").config_name
    run("ab", "start", "--challenger", 2, "--weight", 30)
    run("ab", "finish", "champion")
    assert endpoint(accounts, "prod").config_name == config
    assert ask(accounts, "prod") == before
    cycle = package(accounts, 2)["ModelLifeCycle"]
    assert cycle["StageStatus"] == "Rejected"
    assert "lost its A/B test against version 1" in cycle["StageDescription"]


def test_ab_repeated_changes_nothing(run, accounts, both):
    run("ab", "start", "--challenger", 2, "--weight", 30)
    accounts.world.router.journal.clear()
    run("ab", "start", "--challenger", 2, "--weight", 30)
    run("ab", "weight", 30)
    assert writes(accounts) == []
    said = run("ab", "start", "--challenger", 2, "--weight", 40, code=4)
    assert "claryctl ab weight" in said


def test_an_experiment_and_a_deployment_exclude_each_other(run, accounts, both):
    run("ab", "start", "--challenger", 2, "--weight", 30)
    assert "claryctl ab finish" in run("promote", 2, code=4)
    said = run("shadow", "start", "--candidate", 2, code=4)
    assert "claryctl ab finish" in said


def test_a_challenger_needs_evidence(run, accounts, both, version, tmp_path):
    program = accounts.world.host.program
    number = version(models.linear(program, tmp_path, shift=0.001))
    said = run("ab", "start", "--challenger", number, "--weight", 10, code=4)
    assert "no evidence from QA" in said


def test_shadow_sees_all_and_answers_nothing(run, accounts, both, tmp_path):
    before = ask(accounts, "prod")
    run("shadow", "start", "--candidate", 2)
    traffic = Traffic(accounts, "prod", rate=10, rows=models.lines())
    accounts.world.clock.advance(100)
    traffic.rate = 0
    assert ask(accounts, "prod") == before
    picture = tmp_path / "differences.svg"
    found = run("shadow", "report", "--picture", picture, "--json").json
    figures = found["figures"]
    assert figures["predictions"] == traffic.sent + 1
    assert figures["the same"] == 0
    assert figures["largest"] > 0.1
    root = ET.fromstring(picture.read_text())
    bars = root.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 25
    assert "mean difference" in run("shadow", "report", "--picture", picture)
    run("shadow", "stop")
    assert [v.variant for v in endpoint(accounts, "prod").live] == ["champion"]
    assert "no shadow" in run("shadow", "stop")
    assert "shadow start" in run("shadow", "report", code=4)


def test_a_shadow_of_the_same_model_agrees(run, accounts, both, tmp_path):
    run("promote", 2)
    run("shadow", "start", "--candidate", 2, "--percent", 50)
    traffic = Traffic(accounts, "prod", rate=10, rows=models.lines())
    accounts.world.clock.advance(100)
    traffic.rate = 0
    figures = run(
        "shadow", "report", "--picture", tmp_path / "x.svg", "--json"
    ).json["figures"]
    assert figures["the same"] == figures["predictions"]
    assert 0 < figures["predictions"] < traffic.sent


def test_rules_of_experiments(run, accounts, both):
    accounts.config["endpoints"]["prod"]["serverless"] = {
        "memory_mb": 2048,
        "max_concurrency": 5,
    }
    for key in ("data_capture", "autoscaling"):
        del accounts.config["endpoints"]["prod"][key]
    accounts.config["image"]["replicate"] = ["prod"]
    said = run("shadow", "start", "--candidate", 2, code=3)
    assert "shadow-excludes" in said


# --- audit


def test_audit_names_everything_in_both_directions(
    run, accounts, version, line
):
    job = "arn:aws:sagemaker:eu-west-1:111111111111:training-job/t-1"
    number = version(line, data="s3://raw/housing.csv", job=job)
    run("deploy", "qa", number)
    run("promote", number)
    found = package(accounts, number)
    facts = found["CustomerMetadataProperties"]
    container = found["InferenceSpecification"]["Containers"][0]
    for subject in ("prod", number):
        said = run("audit", subject, "--json").json
        text = repr(said)
        for known in (
            "s3://raw/housing.csv",
            job,
            container["Image"],
            container["ModelDataUrl"],
            facts["sha256"],
            "0123456789abcdef",
            "Ann",
            "housing-qa",
            "housing-prod",
            facts["qa-config"],
            facts["prod-config"],
            "ModelDeployment",
        ):
            assert known in text, f"audit {subject} does not name {known}"
    assert "lineage: Image" in run("audit", number)
    assert "variant champion, 100 %" in run("audit", number)


def test_audit_finds_what_was_written_over(run, accounts, version, line):
    version(line)
    found = package(accounts, 1)["InferenceSpecification"]["Containers"][0]
    bucket, _, key = found["ModelDataUrl"][5:].partition("/")
    shared = accounts.number("shared_services")
    accounts.world.client("s3", shared).put_object(
        Bucket=bucket, Key=key, Body=b"other"
    )
    assert "(now " in run("audit", 1)
