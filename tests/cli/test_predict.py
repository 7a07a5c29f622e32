"""`clary predict`: rows from a file or a pipe, as a stream.

SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading

import pytest

from contract.program import clary
from contract.server import CLARY, GOLDEN, clean_environment

ID8 = GOLDEN / "identity8/model.tar.gz"
HOUSING = GOLDEN / "california-housing"
A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
B = "8.3014,21,6.23813708,0.97188049,2401,2.10984183,37.86,-122.22\n"


def test_predict_standard_input():
    run = clary("predict", "--model", ID8, stdin=A + B)
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout == '{\n    "predictions": [[8.3252], [8.3014]\n    ]\n}'


@pytest.mark.parametrize("dash", [[], ["-"]])
def test_predict_accept(dash):
    words = ["predict", "--model", ID8, "--accept=text/csv", *dash]
    assert clary(*words, stdin=A + B).stdout == "8.3252\n8.3014\n"


def test_predict_a_file():
    want = (HOUSING / "expected_accept_json.json").read_text()
    run = clary(
        "predict", "--model", HOUSING / "model.tar.gz",
        "--accept", "application/json", HOUSING / "input.csv",
    )  # fmt: skip
    assert run.returncode == 0
    got = json.loads(run.stdout)["predictions"]
    for a, b in zip(got, json.loads(want)["predictions"], strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-6)


def test_predict_a_file_that_begins_with_a_dash(tmp_path):
    (tmp_path / "-rows").write_text(A)
    words = ["predict", "--model", ID8, "--accept", "text/csv", "--", "-rows"]
    assert clary(*words, cwd=tmp_path).stdout == "8.3252\n"


def test_predict_streams():
    """Rows come out while the input is still open."""
    process = subprocess.Popen(
        [CLARY, "predict", "--model", ID8, "--accept", "text/csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    count = 3000  # what comes back fits into a pipe that nobody reads yet
    process.stdin.write(A.encode() * count)
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 20)[0]
    first = os.read(process.stdout.fileno(), 7)
    rest = process.communicate(B.encode(), timeout=60)[0]
    assert process.returncode == 0
    assert first + rest == b"8.3252\n" * count + b"8.3014\n"


def test_predict_in_constant_memory():
    limit = 200 << 20  # an unstreamed input of this size would not fit
    process = subprocess.Popen(
        [CLARY, "predict", "--model", ID8, "--accept", "text/csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    block = A.encode() * 20000

    def feed():
        for _ in range(200):
            process.stdin.write(block)
        process.stdin.close()

    thread = threading.Thread(target=feed)
    thread.start()
    rows = 0
    peak = 0
    while piece := process.stdout.read(1 << 20):
        rows += piece.count(b"\n")
        with open(f"/proc/{process.pid}/statm") as statm:
            pages = int((statm.read().split() or [0, 0])[1])
        peak = max(peak, pages * os.sysconf("SC_PAGE_SIZE"))
    thread.join()
    assert process.wait(30) == 0
    assert rows == 200 * 20000
    assert 0 < peak < limit


def test_predict_names_the_bad_cell():
    words = ["predict", "--model", ID8, "--accept", "text/csv"]
    run = clary(*words, stdin=A + B.replace("21,", "abc,"))
    assert run.returncode == 1
    assert re.search(r"^clary predict: .*row 2, column 2.*abc", run.stderr)


@pytest.mark.parametrize(
    "words, what",
    [
        (["--model", "/nowhere"], "nowhere"),
        (["--model", ID8, "/nowhere.csv"], "nowhere.csv"),
        (["--model", ID8, "--content-type", "image/png"], "image/png"),
    ],
)
def test_predict_refuses(words, what):
    run = clary("predict", *words, stdin=A)
    assert run.returncode == 1
    assert run.stdout == "" and what in run.stderr


def test_predict_to_a_full_disk():
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [CLARY, "predict", "--model", ID8],
            input=A.encode(),
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert run.returncode == 1 and b"cannot write" in run.stderr


def on_a_terminal(words, **options):
    """Standard error of a run whose standard error is a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    environment = clean_environment({"TERM": "xterm"})
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [CLARY, *words], stderr=theirs, env=environment, **options
    )
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:  # the other side has been closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return text.decode()


def test_predict_shows_progress_of_a_large_file(tmp_path):
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_text(A * 200000)
    small.write_text(A)
    words = ["predict", "--model", ID8, "--accept", "text/csv"]
    text = on_a_terminal([*words, large], stdout=subprocess.DEVNULL)
    assert re.search(r"\[#+\.*\] +\d+ %", text)
    assert on_a_terminal([*words, small], stdout=subprocess.DEVNULL) == ""
