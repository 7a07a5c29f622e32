"""An image as a folder: what `make image` leaves, skopeo's `dir:` layout.

`manifest.json`, and each blob in a file that is called by its digest. Only
Docker's manifest, version 2 schema 2: SageMaker refuses OCI manifests.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary_deploy.errors import PreconditionError
from clary_deploy.s3 import sha256_of_file

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Blob:
    """The configuration or one layer."""

    digest: str
    path: Path
    size: int


@dataclass(frozen=True)
class ImageFolder:
    """An image whose every byte was checked against its digest."""

    manifest: str
    digest: str
    blobs: tuple[Blob, ...]
    architecture: str

    @property
    def size(self) -> int:
        return sum(blob.size for blob in self.blobs)


def read(folder: Path) -> ImageFolder:
    """PreconditionError for what SageMaker or ECR would refuse."""
    try:
        text = (folder / "manifest.json").read_text("utf-8")
        manifest: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as error:
        raise PreconditionError(
            f"{folder} is no image: {error} (make image leaves one in "
            "build/image; skopeo copy --format v2s2 ... dir:FOLDER makes one)"
        ) from error
    found = manifest.get("mediaType")
    if found != MEDIA_TYPE:
        raise PreconditionError(
            f"{folder} has a manifest of type {found}; SageMaker takes only "
            f"{MEDIA_TYPE} (skopeo copy --format v2s2)"
        )
    blobs = tuple(
        _blob(folder, blob)
        for blob in [manifest["config"], *manifest["layers"]]
    )
    config = json.loads(blobs[0].path.read_text("utf-8"))
    return ImageFolder(
        manifest=text,
        digest="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        blobs=blobs,
        architecture=config.get("architecture", "unknown"),
    )


def _blob(folder: Path, described: dict[str, Any]) -> Blob:
    digest: str = described["digest"]
    path = folder / digest.removeprefix("sha256:")
    if not path.is_file():
        raise PreconditionError(f"{folder} lacks the blob {digest}")
    found = "sha256:" + sha256_of_file(path)
    if found != digest:
        raise PreconditionError(f"{path} is damaged: its digest is {found}")
    return Blob(digest, path, path.stat().st_size)
