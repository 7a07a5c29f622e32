"""Batch transform: rows from S3 to S3, through the real server.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from endpoints import models
from endpoints.clients import writes

BUCKET = "housing-batch"


@pytest.fixture
def batch(accounts):
    """Two files of rows, each row with an id before its features."""
    accounts.config["endpoints"]["prod"]["batch"] = {
        "input": f"s3://{BUCKET}/in",
        "output": f"s3://{BUCKET}/out",
        "skip": 1,
    }
    here = accounts.number("prod")
    accounts._bucket(here, BUCKET)
    s3 = accounts.world.client("s3", here)
    lines = [f"row-{n},{line}" for n, line in enumerate(models.lines())]
    for name, part in (("a.csv", lines[:150]), ("b/c.csv", lines[150:])):
        text = "\n".join(part) + "\n"
        s3.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=text.encode())
    return s3


def rows(s3, job, name):
    answer = s3.get_object(Bucket=BUCKET, Key=f"out/{job}/{name}.out")
    return answer["Body"].read().decode().splitlines()


def test_every_row_comes_back_with_its_prediction(
    run, accounts, version, net, batch
):
    version(net)
    said = run("batch", "start", "prod", "1", "--watch", "--json").json
    assert [f["rows"] for f in said["files"]] == [150, 90]
    golden = net.golden.read_text().splitlines()
    found = rows(batch, said["job"], "a.csv")
    found += rows(batch, said["job"], "b/c.csv")
    assert found == [f"row-{n},{line}" for n, line in enumerate(golden)]
    status = run("batch", "status", "prod")
    assert "a.csv.out     150" in status.stdout
    # no endpoint was needed
    assert "CreateEndpoint" not in writes(accounts)


def test_a_file_that_was_cut_off_is_found(run, accounts, version, net, batch):
    version(net)
    said = run("batch", "start", "prod", "auto", "--watch", "--json").json
    job = said["job"]
    kept = rows(batch, job, "a.csv")

    def store(lines):
        text = "\n".join(lines).encode()
        key = f"out/{job}/a.csv.out"
        batch.put_object(Bucket=BUCKET, Key=key, Body=text)
        return run("batch", "status", "prod", job, code=6)

    assert "a.csv.out has 149 rows; the input has 150" in store(kept[:-1])
    swapped = [kept[1], kept[0], *kept[2:]]
    assert "a.csv.out, row 1: 'row-1," in store(swapped)
    assert "row 2: " in store([kept[0], f"{kept[1]},nan", *kept[2:]])
    batch.delete_object(Bucket=BUCKET, Key=f"out/{job}/a.csv.out")
    said = run("batch", "status", "prod", job, code=6)
    assert "a.csv.out is not there" in said


def test_a_row_that_is_none_fails_the_job(run, version, net, batch):
    version(net)
    batch.put_object(Bucket=BUCKET, Key="in/z.csv", Body=b"id,not,a,row\n")
    said = run("batch", "start", "prod", "1", "--watch", code=7)
    assert "Failed: ClientError" in said


def test_what_must_be_there(run, accounts, version, net, batch):
    version(net, approve=False)
    assert "not Approved" in run("batch", "start", "prod", "1", code=4)
    assert "no batch job of prod yet" in run("batch", "status", "prod", code=4)
    said = run("batch", "start", "qa", "1", code=3)
    assert "endpoints.qa.batch: is not given" in said


def test_a_dry_run_starts_nothing(run, accounts, version, net, batch):
    version(net)
    said = run("batch", "start", "prod", "1", "--dry-run", "--json").json
    assert [r["operation"] for r in said["requests"]] == [
        "create_model",
        "create_transform_job",
    ]
    assert not accounts.world.transforms.jobs
