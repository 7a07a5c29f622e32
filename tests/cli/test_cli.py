"""The command line: subcommands, exit statuses, help, and what they print.

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
import tarfile
import termios
import threading

import pytest

from contract.server import CLARY, GOLDEN, clean_environment, free_port

ID8 = GOLDEN / "identity8/model.tar.gz"
HOUSING = GOLDEN / "california-housing"
TWO = GOLDEN / "two-outputs"
A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
B = "8.3014,21,6.23813708,0.97188049,2401,2.10984183,37.86,-122.22\n"
COMMANDS = ["serve", "predict", "inspect", "check"]


def clary(*words, stdin="", settings=None, program=CLARY, **options):
    return subprocess.run(
        [program, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(settings),
        **options,
    )


# --- the program ----------------------------------------------------------


def test_help_lists_the_commands():
    run = clary("--help")
    assert run.returncode == 0 and run.stderr == ""
    for command in COMMANDS:
        assert f"clary {command} " in run.stdout


def test_version():
    run = clary("--version")
    assert run.returncode == 0
    assert re.fullmatch(r"clary \d+\.\d+\.\d+\n", run.stdout)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sevre"],
        ["serve", "sevre"],
        ["serve", "serve", "serve"],
        ["serve", "--modle", "x"],
        ["serve", "--model"],
        ["predict", "one", "two"],
        ["inspect", "file"],
        ["inspect", "--json=yes"],
        ["check", "--tolerance", "much", "--model", ID8],
        ["check", "--tolerance", "-1", "--model", ID8],
        ["check", "--tolerance", "nan", "--model", ID8],
    ],
)
def test_wrong_command_line(words):
    run = clary(*words)
    assert run.returncode == 2
    assert run.stdout == ""
    assert "usage" in run.stderr or "--tolerance" in run.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    run = clary(command, "--help")
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout.startswith(f"usage: clary {command} ")
    assert "--model PATH" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_help_of_the_link(tmp_path):
    (tmp_path / "serve").symlink_to(CLARY)
    for words in (["--help"], ["serve", "--help"]):
        run = clary(*words, program=tmp_path / "serve")
        assert run.returncode == 0
        assert run.stdout.startswith("usage: clary serve ")


def test_serve_help_prints_every_setting():
    text = clary("serve", "--help").stdout
    for name in (
        "CLARY_MODEL",
        "CLARY_ADDRESS",
        "SAGEMAKER_BIND_TO_PORT",
        "CLARY_THREADS",
        "SAGEMAKER_MODEL_SERVER_WORKERS",
        "CLARY_MAX_BODY_BYTES",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB",
        "CLARY_MAX_REPLY_BYTES",
        "CLARY_MAX_CONNECTIONS",
        "CLARY_IDLE_TIMEOUT_S",
        "CLARY_GRACE_MS",
        "CLARY_STYLE",
        "CLARY_CSV_HEADER",
        "CLARY_IDENTIFY",
        "CLARY_LOG",
        "CLARY_CPU",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
    ):
        assert re.search(rf"^  {name}  ", text, re.M), name


def test_a_full_disk_is_an_error():
    with open("/dev/full", "w") as full:
        for words in (
            ["--version"],
            ["--help"],
            ["inspect", "--model", ID8],
            ["inspect", "--model", ID8, "--json"],
        ):
            run = subprocess.run(
                [CLARY, *words], stdout=full, stderr=subprocess.PIPE
            )
            assert run.returncode == 1, words


# --- settings -------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("CLARY_THREADS", "0", "from 1 to 256 threads"),
        ("CLARY_THREADS", "two", "from 1 to 256 threads"),
        ("CLARY_THREADS", "2 ", "from 1 to 256 threads"),
        ("CLARY_THREADS", "-1", "from 1 to 256 threads"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "257", "from 1 to 256 threads"),
        ("SAGEMAKER_BIND_TO_PORT", "65536", "from 0 to 65535"),
        ("CLARY_MAX_BODY_BYTES", "9" * 30, "bytes"),
        ("CLARY_MAX_BODY_BYTES", "1e6", "bytes"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "six", "from 0 to 1024 MiB"),
        ("CLARY_STYLE", "TFServing", "one of auto|tfserving|"),
        ("CLARY_CSV_HEADER", "yes", "one of default|auto|present|absent"),
        ("CLARY_LOG", "loud", "one of debug|info|"),
        ("CLARY_IDENTIFY", "true", "from 0 to 1"),
        ("CLARY_CPU", "sse9", "one of scalar|avx2|"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/cvs",
         "one of application/json, "),
        ("SAGEMAKER_INFERENCE_OUTPUT", "predicted_lable",
         "any of predicted_label, "),
        ("SAGEMAKER_INFERENCE_OUTPUT", "labels,", "any of predicted_label, "),
    ],
)
def test_a_bad_setting_is_named(name, value, expected):
    for command in (["serve"], ["predict"], ["inspect"], ["check"]):
        run = clary(*command, "--model", ID8, settings={name: value})
        assert run.returncode == 2, run.stderr
        assert f"{name} is " in run.stderr
        assert value in run.stderr and expected in run.stderr


def test_a_bad_port_option_is_named():
    run = clary("serve", "--port", "http", "--model", ID8)
    assert run.returncode == 2
    assert "--port is " in run.stderr and "65535" in run.stderr


def test_an_address_that_is_none():
    run = clary("serve", "--model", ID8, settings={"CLARY_ADDRESS": "home"})
    assert run.returncode == 1
    assert "CLARY_ADDRESS" in run.stderr and "home" in run.stderr


def test_an_empty_setting_is_not_set(start):
    names = ["CLARY_THREADS", "CLARY_STYLE", "SAGEMAKER_MAX_PAYLOAD_IN_MB"]
    server = start(ID8, {name: "" for name in names}).wait_ready()
    assert server.invoke(A).json() == {"predictions": [[8.3252]]}


def test_an_unknown_setting_is_reported(start):
    server = start(ID8, {"CLARY_TREADS": "3"}).wait_ready()
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.output().splitlines()]
    unknown = [line for line in lines if line["event"] == "unknown setting"]
    assert [line["name"] for line in unknown] == ["CLARY_TREADS"]


def test_options_win_over_settings(start):
    settings = {"CLARY_MODEL": "/nowhere", "SAGEMAKER_BIND_TO_PORT": "1"}
    server = start(ID8, settings).wait_ready()
    assert server.listening_ports() == {server.port}


def test_sagemaker_wins(start):
    settings = {
        "CLARY_THREADS": "3",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "CLARY_MAX_BODY_BYTES": "10",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
    }
    server = start(ID8, settings).wait_ready()
    listening = json.loads(server.output().splitlines()[0])
    assert listening["threads"] == "1"
    assert server.invoke(A).status == 200
    assert server.invoke(A * 20000).status == 413


def test_the_default_accept(start):
    settings = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    server = start(ID8, settings).wait_ready()
    for accept in (None, "", " */* ", "*/*;q=0.8", "image/png, */*;q=0.1"):
        assert server.invoke(A, accept=accept).body == b"8.3252\n"
    asked = server.invoke(A, accept="application/json")
    assert asked.json() == {"predictions": [[8.3252]]}


# --- predict --------------------------------------------------------------


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


# --- inspect --------------------------------------------------------------


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


# --- check ----------------------------------------------------------------


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


# --- the server as a process ----------------------------------------------


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files(start, closed):
    """No socket takes their place and gets the log's lines."""
    port = free_port()
    words = ["serve", "--model", ID8, "--port", str(port)]
    command = ["sh", "-c", f'exec "$0" "$@" {closed}', CLARY, *words]
    server = start(ID8, command=command, port=port).wait_ready()
    for _ in range(20):
        assert server.invoke("abc").status == 400
        assert server.invoke(A).json() == {"predictions": [[8.3252]]}
    for fd in range(3):
        target = os.readlink(f"/proc/{server.process.pid}/fd/{fd}")
        assert not target.startswith("socket:"), (fd, target)
    assert server.stop() == 0


def test_the_port_is_taken(start):
    first = start(ID8).wait_ready()
    second = start(ID8, port=first.port)
    assert second.wait(10) == 1
    assert str(first.port) in second.output()
