"""What the training pipeline finds in the accounts, and what it needs here: a
Python with TensorFlow and XGBoost, and the California housing data.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from clary_deploy import names
from endpoints import models
from fake_sagemaker import hosting

ROOT = Path(__file__).resolve().parents[3]
KEY_ARN = (
    "arn:aws:kms:eu-west-1:222222222222:key/"
    "01234567-89ab-cdef-0123-456789abcdef"
)

MSE_OF_FEW = 1.5  # of 240 rows; whatever learns anything is below it


def python():
    """`make test-deploy` makes it."""
    asked = os.environ.get("TRAINING_PYTHON", "build/venv-training/bin/python")
    found = ROOT / asked
    assert found.exists(), (
        f"{found} is not there: make build/venv-training/made"
    )
    return found


def whole():
    """The California housing data; None where they are not: they are no part
    of the repository, and lie beside it."""
    beside = ROOT.parent / "shared/data/california_housing.csv"
    found = Path(os.environ.get("HOUSING_CSV", beside))
    return found if found.exists() else None


def data():
    """All of them, or the 240 rows that the repository has: enough for every
    step of the way, and for no figure."""
    return whole() or models.LABELLED


def set_up(accounts):
    """Data, and the stack of data science with its key."""
    accounts.config["pipeline"]["label"] = "MedHouseVal"
    if not whole():
        accounts.config["pipeline"]["mse_threshold"] = MSE_OF_FEW
        for stage in accounts.config["endpoints"].values():
            stage["tests"]["max_mse"] = MSE_OF_FEW
    config, world = accounts.parsed, accounts.world
    here = accounts.number("data_science")
    bucket = names.data_bucket(config)
    accounts._bucket(here, bucket)
    with data().open("rb") as file:
        world.client("s3", here).put_object(
            Bucket=bucket, Key="raw/housing.csv", Body=file
        )
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"KeyArn": {"Value": KEY_ARN}},
    }
    world.client("cloudformation", here).create_stack(
        StackName=names.stack(config, "data-science"),
        TemplateBody=json.dumps(template),
    )
    world.jobs.python = python()


def image_folder(accounts):
    """An image as `make image` leaves it, with the program under test."""
    folder = accounts.folder / "image-clary"
    folder.mkdir(exist_ok=True)

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        (folder / digest).write_bytes(content)
        return {"size": len(content), "digest": f"sha256:{digest}"}

    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        content = accounts.world.host.program.read_bytes()
        member = tarfile.TarInfo("usr/local/bin/clary")
        member.size, member.mode = len(content), 0o755
        archive.addfile(member, io.BytesIO(content))
    image = "application/vnd.docker.container.image.v1+json"
    layer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    config = {"architecture": "amd64", "os": "linux", "rootfs": {}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": hosting.DOCKER,
        "config": {"mediaType": image} | blob(json.dumps(config).encode()),
        "layers": [
            {"mediaType": layer}
            | blob(gzip.compress(tar.getvalue(), 1, mtime=0))
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
