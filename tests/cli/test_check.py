"""`clary check`: golden rows, and how far the model is from them.

SPDX-License-Identifier: Apache-2.0
"""
import json
import tarfile

import pytest

from contract.program import clary
from contract.server import GOLDEN

ID8 = GOLDEN / "identity8/model.tar.gz"
HOUSING = GOLDEN / "california-housing"
TWO = GOLDEN / "two-outputs"
A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"


def test_check_agrees():
    run = clary(
        "check", "--model", HOUSING / "model.tar.gz",
        "--golden", HOUSING / "golden.csv",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    rows = len((HOUSING / "golden.csv").read_text().splitlines()) - 1
    assert f"rows: {rows}\n" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("ok: ")


@pytest.mark.parametrize("has_header", [True, False])
def test_check_finds_one_wrong_number(tmp_path, has_header):
    lines = (TWO / "golden.csv").read_text().splitlines()
    cells = lines[3].split(",")
    cells[5] = str(float(cells[5]) + 0.25)  # the second output
    lines[3] = ",".join(cells)
    golden = tmp_path / "golden.csv"
    golden.write_text("\n".join(lines if has_header else lines[1:]))
    words = ["check", "--model", TWO / "model.tar.gz", "--golden", golden]

    run = clary(*words)
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1].startswith("differs: 1 of ")
    assert "at row 3, output column 2" in run.stdout

    told = json.loads((json_run := clary(*words, "--json")).stdout)
    assert json_run.returncode == 1
    assert told["ok"] is False and told["values_outside"] == 1
    worst = told["largest_absolute"]
    assert (worst["row"], worst["output_column"]) == (3, 2)
    assert worst["difference"] == pytest.approx(0.25, abs=1e-5)

    assert clary(*words, "--tolerance", "0.5").returncode == 0


@pytest.mark.parametrize(
    "text, what",
    [
        ("", "no row"),
        ("a,b\n", "no row"),
        ("1,2,3\n", "3 columns, expected 8 features and 1 outputs"),
        ("1,2,3,4,5,6,7,8,x\n", "row 1, column 9"),
        ("1,2,3,4,5,6,7,8,1\n1,zz,3,4,5,6,7,8,1\n", "row 2, column 2"),
    ],
)
def test_check_a_golden_file_that_is_none(tmp_path, text, what):
    golden = tmp_path / "golden.csv"
    golden.write_text(text)
    run = clary("check", "--model", ID8, "--golden", golden)
    assert run.returncode == 1
    assert what in run.stderr


def test_check_special_numbers(tmp_path):
    """NaN agrees with NaN only; an infinity is never near a number. Of the
    eight features the model multiplies the first by one, the others by
    zero."""
    golden = tmp_path / "golden.csv"
    nan, infinity = "0,1e39" + ",0" * 6, "1e39" + ",0" * 7
    for features, want, status in [
        (nan, "NaN", 0),
        (nan, "0", 1),
        (A.strip(), "NaN", 1),
        (infinity, "Infinity", 0),
        (infinity, "-Infinity", 1),
        (A.strip(), "Infinity", 1),
        (A.strip(), "8.3252", 0),
    ]:
        golden.write_text(f"{features},{want}\n")
        run = clary("check", "--model", ID8, "--golden", golden)
        assert run.returncode == status, (features, want, run)


def test_check_without_golden_rows():
    run = clary("check", "--model", ID8)
    assert run.returncode == 0
    assert "no golden rows" in run.stdout


def test_check_uses_the_golden_rows_of_the_artifact(tmp_path):
    with tarfile.open(HOUSING / "model.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "clary").mkdir()
    golden = (HOUSING / "golden.csv").read_text()
    (tmp_path / "clary" / "golden.csv").write_text(golden)
    run = clary("check", "--model", tmp_path, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["rows"] == len(golden.splitlines()) - 1


def test_check_a_missing_golden_file():
    run = clary("check", "--model", ID8, "--golden", "/nowhere.csv")
    assert run.returncode == 1 and "nowhere.csv" in run.stderr
