"""CLARY_GOLDEN: what a model that does not predict what its artifact says is
worth at start.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import tarfile

import pytest

from contract.server import GOLDEN

HOUSING = GOLDEN / "california-housing"
ROWS = (HOUSING / "golden.csv").read_text().splitlines()[:5]


def off_by(part):
    """The golden rows, the prediction of the last multiplied by 1 + part."""
    features, want = ROWS[-1].rsplit(",", 1)
    return [*ROWS[:-1], f"{features},{float(want) * (1 + part)!r}"]


@pytest.fixture
def artifact(tmp_path):
    """artifact(LINES): the housing model with golden rows."""

    def make(lines):
        with tarfile.open(HOUSING / "model.tar.gz") as archive:
            archive.extractall(tmp_path, filter="data")
        (tmp_path / "clary").mkdir()
        (tmp_path / "clary/golden.csv").write_text("\n".join(lines))
        return tmp_path

    return make


def messages(server, event):
    lines = [json.loads(line) for line in server.output().splitlines()]
    return [line["message"] for line in lines if line["event"] == event]


@pytest.mark.parametrize("settings", [None, {"CLARY_GOLDEN": "require"}])
@pytest.mark.parametrize("lines", [ROWS, ROWS[1:], off_by(1e-5)])
def test_rows_that_agree(start, artifact, settings, lines):
    server = start(artifact(lines), settings).wait_ready()
    assert messages(server, "golden rows disagree") == []
    assert server.stop() == 0


@pytest.mark.parametrize("settings", [None, {"CLARY_GOLDEN": "require"}])
def test_a_row_that_differs(start, artifact, settings):
    """/ping is never 200, and the end says which row, and by how much."""
    server = start(artifact(off_by(0.01)), settings)
    while server.process.poll() is None:
        assert server.ping() != 200
    assert server.wait() == 1
    (message,) = messages(server, "cannot load the model")
    numbers = r"clary/golden.csv: 1 of the 4 predictions .* output 1 of row 4,"
    numbers += r" is (\d\.\d+), expected (\d\.\d+)"
    got, want = map(float, re.match(numbers, message).groups())
    assert want == pytest.approx(got * 1.01, rel=1e-3)


def test_a_row_that_is_none(start, artifact):
    server = start(artifact([*ROWS, "1,2,3"]))
    assert server.wait() == 1
    (message,) = messages(server, "cannot load the model")
    assert message.startswith("clary/golden.csv: row 5: a golden row has 3 col")


def test_warn(start, artifact):
    server = start(
        artifact(off_by(0.01)), {"CLARY_GOLDEN": "warn"}
    ).wait_ready()
    (message,) = messages(server, "golden rows disagree")
    assert "1 of the 4 predictions" in message
    assert server.stop() == 0


def test_off(start, artifact):
    server = start(artifact(off_by(9)), {"CLARY_GOLDEN": "off"}).wait_ready()
    assert messages(server, "golden rows disagree") == []
    assert server.stop() == 0
