"""`clary inspect`: of a network, and of what is refused.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import tarfile

from contract.program import clary
from contract.server import GOLDEN

HOUSING = GOLDEN / "california-housing"
TWO = GOLDEN / "two-outputs"


def test_inspect_json():
    signature = json.loads((TWO / "signature.json").read_text())
    run = clary("inspect", "--model", TWO / "model.tar.gz", "--json")
    assert run.returncode == 0 and run.stderr == ""
    told = json.loads(run.stdout)
    assert told["format"] == "TensorFlow SavedModel"
    assert told["version"] == 1
    assert re.fullmatch(r"[0-9a-f]{64}", told["sha256"])
    for side in ("inputs", "outputs"):
        fields = [
            {k: field[k] for k in ("name", "dtype", "row_shape")}
            for field in told["signature"][side]
        ]
        assert fields == signature[side]
    assert told["signature"]["csv_columns"] == [f"house[{i}]" for i in range(4)]
    assert told["parameters"] > 0 and told["bytes"] > 0
    assert len(told["ops"]) > 0 and "dense" in {
        op["kind"] for op in told["ops"]
    }


def test_inspect_agrees_with_itself(tmp_path):
    """A directory and its archive are the same artifact."""
    with tarfile.open(TWO / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "model", filter="data")
    told = [
        json.loads(clary("inspect", "--json", "--model", path).stdout)
        for path in (TWO / "model.tar.gz", tmp_path / "model")
    ]
    assert told[0] == told[1]


def test_inspect_for_people():
    run = clary("inspect", "--model", HOUSING / "model.tar.gz")
    assert run.returncode == 0
    told = clary("inspect", "--model", HOUSING / "model.tar.gz", "--json")
    told = json.loads(told.stdout)
    assert f"SHA-256: {told['sha256']}" in run.stdout
    assert "format: TensorFlow SavedModel" in run.stdout
    assert "CSV columns 1 to 8" in run.stdout
    assert "8 -> 64, relu" in run.stdout
    assert "\033" not in run.stdout


def test_inspect_a_refused_artifact(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"not a protobuf" * 9)
    run = clary("inspect", "--model", tmp_path)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("clary inspect: ")
    assert len(run.stderr.splitlines()) == 1
    run = clary("inspect", "--model", tmp_path, "--json")
    assert run.returncode == 1
    error = json.loads(run.stdout)["error"]
    assert error["status"] and error["message"]
