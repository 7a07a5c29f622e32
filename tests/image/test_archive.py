"""The image as a file: what a registry gets, and what is in it.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import os
import re
import subprocess
import sys

from contract.server import ROOT

MB = 1000 * 1000
# bytes: (all layers as they are unpacked, as they are pulled)
AT_MOST = {"amd64": (10 * MB, 3 * MB), "arm64": (5 * MB, 3 * MB)}


def test_manifest(image):
    """SageMaker takes a manifest of Docker's schema 2, and no index."""
    docker = "application/vnd.docker"
    assert image.manifest["schemaVersion"] == 2
    assert (
        image.manifest["mediaType"]
        == f"{docker}.distribution.manifest.v2+json"
    )
    assert (
        image.manifest["config"]["mediaType"]
        == f"{docker}.container.image.v1+json"
    )
    for layer in image.manifest["layers"]:
        assert layer["mediaType"] == f"{docker}.image.rootfs.diff.tar.gzip"
        digest = hashlib.sha256(image.blob(layer)).hexdigest()
        assert layer["digest"] == f"sha256:{digest}"
    assert image.config["architecture"] == image.arch
    assert image.config["os"] == "linux"


def test_configuration(image):
    config = image.config["config"]
    assert config["Entrypoint"] == ["/usr/local/bin/clary"]
    assert config["Cmd"] == ["serve"]
    assert config["Labels"][
        "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
    ] == "true"
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert "CLARY_SANDBOX=on" in config["Env"]
    assert not config.get("User")
    assert not config.get("Healthcheck")
    assert not config.get("Volumes")


def test_size(image, capsys):
    unpacked = sum(entry.size for entry in image.entries().values())
    pulled = sum(layer["size"] for layer in image.manifest["layers"])
    with capsys.disabled():
        print(f"\n{image.arch}: {unpacked} bytes, {pulled} to pull")
    assert unpacked <= AT_MOST[image.arch][0]
    assert pulled <= AT_MOST[image.arch][1]


def test_files(image):
    """One program and its link, the bill of materials and the licences; no
    shell, no library, nothing that anybody could write to or set its uid by."""
    entries = image.entries()
    files = {path for path, entry in entries.items() if entry.isfile()}
    programs = {path for path in files if entries[path].mode & 0o111}
    assert programs == {"usr/local/bin/clary"}
    link = entries["usr/local/bin/serve"]
    assert link.issym() and link.linkname == "clary"
    others = files - programs - {"usr/share/sbom/clary.spdx.json"}
    assert "usr/share/doc/libmicrohttpd/copyright" in others
    for path in others:
        assert re.fullmatch(r"usr/share/doc/[a-z0-9.+-]+/copyright", path)
    for path, entry in entries.items():
        assert (entry.uid, entry.gid) == (0, 0), path
        assert entry.issym() or not entry.mode & 0o7022, path


def test_program(program):
    machine = {"amd64": "X86-64", "arm64": "AArch64"}
    header = subprocess.run(
        ["readelf", "-hldW", program], capture_output=True, text=True
    ).stdout
    assert machine[os.environ["CONTAINER_ARCH"]] in header
    assert "INTERP" not in header, "it is not static"
    assert "NEEDED" not in header, "it is not static"
    hardened = subprocess.run(
        [ROOT / "scripts/image/hardened.sh", program],
        capture_output=True,
        text=True,
    )
    assert (hardened.returncode, hardened.stdout) == (0, "")


def test_bill_of_materials(image, program):
    text = image.file("usr/share/sbom/clary.spdx.json")
    artefact = ROOT / f"build/image/{image.arch}.spdx.json"
    assert artefact.read_bytes() == text
    checked = subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "pyspdxtools"),
            "--version",
            "SPDX-2.3",
            "--infile",
            artefact,
        ],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    bill = json.loads(text)
    assert bill["spdxVersion"] == "SPDX-2.3"
    [file] = bill["files"]
    sums = {c["algorithm"]: c["checksumValue"] for c in file["checksums"]}
    assert sums["SHA256"] == hashlib.sha256(program.read_bytes()).hexdigest()

    packages = {package["name"]: package for package in bill["packages"]}
    linked = {
        relation["relatedSpdxElement"].removeprefix("SPDXRef-")
        for relation in bill["relationships"]
        if relation["relationshipType"] == "STATIC_LINK"
    }
    assert linked == set(packages) - {"clary"}
    assert {"libmicrohttpd", "cjson", "libc6-dev", "zlib1g-dev"} <= linked
    assert {"libarchive-dev", "libopenblas-pthread-dev"} <= linked
    licences = image.entries()
    for name, package in packages.items():
        assert re.match(r"[0-9]", package["versionInfo"]), package
        assert package["licenseDeclared"] != "NOASSERTION", package
        assert f"usr/share/doc/{name}/copyright" in licences


def test_bill_of_materials_is_checked(tmp_path, image):
    """The validator does find what is wrong."""
    bill = json.loads(image.file("usr/share/sbom/clary.spdx.json"))
    bill["packages"][1]["licenseDeclared"] = "No Such Licence"
    wrong = tmp_path / "wrong.spdx.json"
    wrong.write_text(json.dumps(bill))
    checked = subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "pyspdxtools"),
            "--version",
            "SPDX-2.3",
            "--infile",
            wrong,
        ],
        capture_output=True,
    )
    assert checked.returncode != 0
