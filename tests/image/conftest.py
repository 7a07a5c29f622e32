"""What is asked of the image and of containers made from it. `make image-test`
runs it, in a network namespace of its own, with these in the environment:

    CONTAINER_ARCH    amd64 or arm64; build/image/ has the image of that name
    CONTAINER_IMAGE   its name in podman's store
    CONTAINER_PIDS, _MEMORY, _QEMU, _SECCOMP   see clary-in-container

SPDX-License-Identifier: Apache-2.0
"""
import io
import json
import os
import pathlib
import tarfile

import pytest

from contract.server import ROOT

ARCH = os.environ.get("CONTAINER_ARCH")
if not ARCH:
    collect_ignore_glob = ["test_*.py"]


class Image:
    """As a registry gets it: manifest, configuration, one layer or more."""

    def __init__(self, arch):
        self.arch = arch
        self.folder = ROOT / "build/image" / arch
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        self.config = json.loads(self.blob(self.manifest["config"]))

    def blob(self, descriptor):
        name = descriptor["digest"].removeprefix("sha256:")
        return (self.folder / name).read_bytes()

    def entries(self):
        """{path: tarfile.TarInfo} of all layers."""
        return {
            entry.name.lstrip("./"): entry
            for layer in self._layers()
            for entry in layer.getmembers()
        }

    def file(self, path):
        for layer in self._layers():
            for entry in layer.getmembers():
                if entry.name.lstrip("./") == path:
                    return layer.extractfile(entry).read()
        raise KeyError(path)

    def _layers(self):
        for descriptor in self.manifest["layers"]:
            yield tarfile.open(fileobj=io.BytesIO(self.blob(descriptor)))


@pytest.fixture(scope="session")
def image():
    return Image(ARCH)


@pytest.fixture(scope="session")
def program(image, tmp_path_factory):
    """The program of the image, as a file."""
    path = tmp_path_factory.mktemp("image") / "clary"
    path.write_bytes(image.file("usr/local/bin/clary"))
    return pathlib.Path(path)
