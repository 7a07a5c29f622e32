"""The command line: subcommands, help, and exit statuses.

SPDX-License-Identifier: Apache-2.0
"""
import re
import subprocess

import pytest

from contract.program import clary
from contract.server import CLARY, GOLDEN

ID8 = GOLDEN / "identity8/model.tar.gz"
COMMANDS = ["serve", "predict", "inspect", "check"]


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
