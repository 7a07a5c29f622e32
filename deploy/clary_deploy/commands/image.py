"""claryctl image push: an image into the registry's repository.

Straight through ECR's API: no engine and no login, only `ecr:` permissions.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from clary_deploy import image_folder, names
from clary_deploy.command import Command, Context
from clary_deploy.errors import PreconditionError
from clary_deploy.image_folder import Blob, ImageFolder
from clary_deploy.output import Progress
from clary_deploy.session import Account


def push(context: Context) -> None:
    """Uploads what is missing; models are registered with the digest."""
    config, out = context.config, context.out
    image = image_folder.read(Path(context.args.folder))
    account = context.aws.here("shared_services")
    repository = config.image.repository
    tag = context.args.tag or image.digest.removeprefix("sha256:")[:12]
    present = _digest_of(account, repository, tag)
    if present not in (None, image.digest):
        raise PreconditionError(
            f"the tag {tag} of {repository} is {present}, and tags of this "
            "repository never move: choose another --tag"
        )
    if present is None:
        _upload(context, account, repository, image)
        account.write(
            "ecr",
            "put_image",
            {
                "repositoryName": repository,
                "imageManifest": image.manifest,
                "imageManifestMediaType": image_folder.MEDIA_TYPE,
                "imageTag": tag,
                "imageDigest": image.digest,
            },
        )
    name = f"{names.repository_uri(config)}@{image.digest}"
    layers = len(image.blobs) - 1
    state = "is there already" if present else "pushed"
    out.say(f"{state}: {name}")
    out.say(
        f"{image.architecture}, {layers} layer{'s'[: layers > 1]}, "
        f"{image.size / 1e6:.1f} MB, tag {tag}"
    )
    out.result({"image": name, "digest": image.digest, "tag": tag})


def _digest_of(account: Account, repository: str, tag: str) -> str | None:
    answer = account.exists(
        "ecr",
        "describe_images",
        {"repositoryName": repository, "imageIds": [{"imageTag": tag}]},
        "ImageNotFoundException",
    )
    return None if answer is None else answer["imageDetails"][0]["imageDigest"]


def _upload(
    context: Context, account: Account, repository: str, image: ImageFolder
) -> None:
    answer = account.read(
        "ecr",
        "batch_check_layer_availability",
        {
            "repositoryName": repository,
            "layerDigests": [blob.digest for blob in image.blobs],
        },
    )
    have = {
        layer["layerDigest"]
        for layer in answer.get("layers", [])
        if layer.get("layerAvailability") == "AVAILABLE"
    }
    missing = [blob for blob in image.blobs if blob.digest not in have]
    total = sum(blob.size for blob in missing) or 1
    sent = 0
    with context.out.progress("image") as progress:
        for blob in missing:
            _upload_blob(account, repository, blob, progress, sent, total)
            sent += blob.size


def _upload_blob(
    account: Account,
    repository: str,
    blob: Blob,
    progress: Progress,
    sent: int,
    total: int,
) -> None:
    of: dict[str, Any] = {"repositoryName": repository}
    begun = account.write(
        "ecr",
        "initiate_layer_upload",
        of,
        stand_in={"uploadId": "dry-run", "partSize": blob.size},
    )
    upload = {**of, "uploadId": begun["uploadId"]}
    if account.dry_run:
        return
    first = 0
    with open(blob.path, "rb") as file:
        while part := file.read(begun["partSize"]):
            account.write(
                "ecr",
                "upload_layer_part",
                {
                    **upload,
                    "partFirstByte": first,
                    "partLastByte": first + len(part) - 1,
                    "layerPartBlob": part,
                },
            )
            first += len(part)
            done = sent + first
            progress.update(
                f"{done / 1e6:.1f} of {total / 1e6:.1f} MB", done / total
            )
    account.write(
        "ecr",
        "complete_layer_upload",
        {**upload, "layerDigests": [blob.digest]},
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="FOLDER", help="build/image/amd64, after make image"
    )
    parser.add_argument(
        "--tag", default="", help="a name for people (the digest's begin)"
    )


COMMANDS = (
    Command("image push", "push an image, print its digest", push, _arguments),
)
