"""What the training pipeline is made from: the scripts of its steps, and the
clary program out of the image that is to serve the model.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path

from clary_deploy import image_folder, names, s3
from clary_deploy.config import Config
from clary_deploy.errors import ConfigError, PreconditionError, Problem
from clary_deploy.image_folder import ImageFolder
from clary_deploy.requests import cloudformation
from clary_deploy.session import Account
from pipeline import definition

PROGRAM = "usr/local/bin/clary"
SHORT = 16  # hex digits of a digest, in a key


def check(config: Config, trainer: str) -> None:
    """What the pipeline needs of the configuration."""
    own = config.pipeline
    needed = {
        "input": own.input,
        f"images.{trainer}": getattr(own.images, trainer),
        "images.process": own.images.process,
    }
    missing = [
        Problem(f"pipeline.{key}", "pipeline-needs", "is not given")
        for key, value in needed.items()
        if not value
    ]
    if missing:
        raise ConfigError("configuration", missing)


def uploaded(
    config: Config, account: Account, image: Path, trainer: str
) -> definition.Sources:
    """Puts scripts and program where the steps find them, under their own
    digests: what a run has used never changes."""
    found = image_folder.read(image)
    base = f"s3://{names.data_bucket(config)}/pipeline"
    return definition.Sources(
        trainer=trainer,
        image=f"{names.repository_uri(config)}@{found.digest}",
        code=_scripts(account, base),
        program=_program(account, found, base),
        key_arn=key_arn(config, account),
    )


def _scripts(account: Account, base: str) -> str:
    digest = hashlib.sha256()
    for name in definition.SCRIPTS:
        digest.update((definition.HERE / name).read_bytes())
    place = f"{base}/code/{digest.hexdigest()[:SHORT]}"
    for name in definition.SCRIPTS:
        s3.put_once(account, definition.HERE / name, f"{place}/{name}")
    return f"{place}/"


def _program(account: Account, image: ImageFolder, base: str) -> str:
    """Of the image itself, so that what evaluates is what serves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clary"
        if not any(_extracted(blob.path, path) for blob in image.blobs[1:]):
            raise PreconditionError(
                f"the image {image.digest} has no {PROGRAM}"
            )
        place = f"{base}/clary/{s3.sha256_of_file(path)[:SHORT]}/clary"
        s3.put_once(account, path, place)
    return place


def _extracted(layer: Path, path: Path) -> bool:
    try:
        with tarfile.open(layer) as archive:
            content = archive.extractfile(PROGRAM)
            if content is None:
                return False
            with path.open("wb") as file:
                shutil.copyfileobj(content, file)
    except (KeyError, tarfile.TarError):
        return False
    return True


def key_arn(config: Config, account: Account) -> str:
    """The key of the artifacts: an output of the data science stack."""
    body = cloudformation.of_stack(config, "data-science")
    answer = account.exists("cloudformation", "describe_stacks", body)
    for stack in (answer or {}).get("Stacks", []):
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == "KeyArn":
                return str(output["OutputValue"])
    raise PreconditionError(
        f"the stack {body['StackName']} has no key: claryctl setup data-science"
    )
