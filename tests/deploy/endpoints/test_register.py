"""image push, register, approve, reject: what gets in, and what does not.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

import pytest

from endpoints import models
from endpoints.clients import arguments, package, writes

DIGEST = "sha256:" + "0" * 64


def images(accounts):
    ecr = accounts.world.client("ecr", accounts.number("shared_services"))
    found = ecr.describe_images(repositoryName="clary-server")
    return {
        tag: image["imageDigest"]
        for image in found["imageDetails"]
        for tag in image["imageTags"]
    }


def test_an_image_is_pushed_once(run, accounts):
    folder = accounts.image_folder()
    digest = run("image", "push", folder, "--tag", "1", "--json").json["digest"]
    assert images(accounts) == {"1": digest}
    accounts.world.router.journal.clear()
    assert "is there already" in run("image", "push", folder, "--tag", "1")
    assert writes(accounts) == []


def test_layers_that_are_there_are_not_sent_again(run, accounts):
    run("image", "push", accounts.image_folder(), "--tag", "1")
    accounts.world.router.journal.clear()
    run("image", "push", accounts.image_folder(), "--tag", "2")
    assert writes(accounts) == ["PutImage"]


def test_a_tag_never_moves(run, accounts):
    run("image", "push", accounts.image_folder(), "--tag", "1")
    other = accounts.image_folder(b"other")
    said = run("image", "push", other, "--tag", "1", code=4)
    assert "never move" in said


def test_what_sagemaker_refuses_is_not_pushed(run, accounts):
    folder = accounts.image_folder()
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
    path.write_text(json.dumps(manifest))
    assert "SageMaker takes only" in run("image", "push", folder, code=4)


def test_a_damaged_layer_is_noticed(run, accounts):
    folder = accounts.image_folder()
    layer = next(p for p in folder.iterdir() if p.name != "manifest.json")
    layer.write_bytes(b"damage")
    assert "is damaged" in run("image", "push", folder, code=4)
    assert "is no image" in run("image", "push", folder / "none", code=4)


# --- register


def test_what_a_version_knows(accounts, version, line):
    number = version(line, approve=False, data="s3://raw/housing.csv")
    found = package(accounts, number)
    container = found["InferenceSpecification"]["Containers"][0]
    facts = found["CustomerMetadataProperties"]
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["ModelLifeCycle"]["Stage"] == "Development"
    assert container["Image"].endswith(facts["image-digest"])
    assert container["ImageDigest"] == facts["image-digest"]
    assert facts["sha256"][:16] in container["ModelDataUrl"]
    assert (facts["features"], facts["outputs"]) == ("8", "1")
    assert found["MetadataProperties"]["CommitId"] == "0123456789abcdef"
    statistics = found["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["ContentDigest"].startswith("sha256:")
    card = json.loads(found["ModelCard"]["ModelCardContent"])
    metrics = card["evaluation_details"][0]["metric_groups"][0]
    assert metrics["metric_data"][0]["value"] == pytest.approx(line.mse, 1e-4)


def test_the_same_model_again_is_the_same_version(accounts, version, line):
    assert version(line) == version(line) == 1


def test_clary_must_accept_it(run, accounts, line, tmp_path):
    accounts.world.router.journal.clear()
    broken = models.packed(tmp_path / "broken.tar.gz", b'{"learner": 1}')
    argv = arguments(line, DIGEST)
    argv[1] = broken
    said = run("register", *argv, code=4)
    assert re.search(r"clary refuses .*broken.tar.gz: \w[^\n{]+$", said.stderr)
    assert writes(accounts) == []


def test_and_reproduce_its_golden_rows(run, line, net):
    argv = arguments(line, DIGEST)
    argv[3] = net.golden
    said = run("register", *argv, code=4)
    assert "240 of 240 golden values differ by more than 1e-06" in said


def test_a_tag_is_no_image(run, line):
    said = run("register", *arguments(line, "latest"), code=2)
    assert "a digest is wanted" in said


def test_an_evaluation_has_an_mse(run, line, tmp_path):
    argv = arguments(line, DIGEST)
    argv[7] = tmp_path / "evaluation.json"
    argv[7].write_text("{}")
    assert "no regression_metrics.mse.value" in run("register", *argv, code=2)


# --- approve, reject


def test_a_decision_has_a_reason(run, version, line):
    number = version(line, approve=False)
    for verdict in ("approve", "reject"):
        said = run(verdict, number, "--reason", " ", code=2)
        assert "without a reason" in said


def test_a_decision_shows_the_evidence_and_who_took_it(
    run, accounts, version, line
):
    number = version(line, approve=False)
    said = run("approve", number, "--reason", "good", "--by", "Ann")
    text = said.stdout
    assert text.index("0.498438") < text.index("is Approved now, by Ann")
    found = package(accounts, number)
    assert found["ApprovalDescription"] == "good"
    assert found["CustomerMetadataProperties"]["approved-by"] == "Ann"
    accounts.world.router.journal.clear()
    run("approve", number, "--reason", "good", "--by", "Ann")
    assert writes(accounts) == []
    run("reject", number, "--reason", "not so good", "--by", "Bob")
    found = package(accounts, number)
    assert found["ModelApprovalStatus"] == "Rejected"
    assert found["CustomerMetadataProperties"]["rejected-by"] == "Bob"


def test_nothing_is_approved_that_was_written_over(
    run, accounts, version, line
):
    number = version(line, approve=False)
    container = package(accounts, number)["InferenceSpecification"]
    url = container["Containers"][0]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    shared = accounts.number("shared_services")
    accounts.world.client("s3", shared).put_object(
        Bucket=bucket, Key=key, Body=b"other"
    )
    said = run("approve", number, "--reason", "good", code=4)
    assert "somebody has written over it" in said
