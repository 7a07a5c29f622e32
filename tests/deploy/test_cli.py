"""The command line, what it prints, and how it ends.

SPDX-License-Identifier: Apache-2.0
"""

import io
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import DEPLOY, EXAMPLE

from clary_deploy import cli, git, output
from clary_deploy.commands import ALL, resolve
from clary_deploy.errors import ClaryctlError, PreconditionError
from clary_deploy.output import Output

ANSI = re.compile(r"\033\[[0-9;]*[mK]|\r")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_every_command_is_in_the_help(claryctl, capsys):
    stdout = io.StringIO()
    assert cli.main(["help"], stdout=stdout) == 0
    for command in ALL:
        first = command.name.split()[0]
        assert re.search(rf"^    {first}\b", stdout.getvalue(), re.MULTILINE)


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.name)
def test_every_command_takes_the_common_options(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command.name.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for option in ("--config", "--dry-run", "--json", "--single-account"):
        assert option in text
    assert "5 deployed and rolled back" in text


def test_names_of_commands_are_unique():
    names = [command.name for command in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "argv",
    [[], ["bogus"], ["setup"], ["setup", "x"], ["deploy", "qa", "x"],
     ["show", "auto"], ["approve", "0", "--reason", "x"], ["audit", "dev"],
     ["deploy", "dev", "1"], ["ab"]],
)  # fmt: skip
def test_usage_ends_with_two(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2


def test_exit_codes_are_those_of_the_help():
    def kinds(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from kinds(child)

    found = {kind.exit_code for kind in kinds(ClaryctlError)}
    assert found == {2, 3, 4, 5, 6, 7}
    for code in found:
        assert f"{code} " in cli.EXIT_CODES


def test_an_error_as_json(claryctl, example):
    del example["project"]
    run = claryctl("check", "--json", config=example)
    assert run.code == 3
    error = run.json["error"]
    assert error["kind"] == "config"
    assert error["problems"] == [
        {
            "key": "project",
            "rule": "required",
            "message": "this key is missing",
        }
    ]


def test_the_program_itself(tmp_path):
    """As CodeBuild runs it: a file, another folder, no terminal."""
    done = subprocess.run(
        [sys.executable, DEPLOY / "claryctl", "check", "--json"],
        cwd=tmp_path,
        env={**os.environ, "CLARYCTL_CONFIG": str(EXAMPLE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stacks = json.loads(done.stdout)["stacks"]
    assert [stack["account"] for stack in stacks][:2] == ["2" * 12, "1" * 12]


def test_a_reader_that_goes_away(tmp_path):
    """claryctl render | head"""
    command = f"{sys.executable} {DEPLOY}/claryctl render | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "CLARYCTL_CONFIG": str(EXAMPLE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_interrupted(claryctl, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("clary_deploy.config_file.load", stop)
    run = claryctl("check")
    assert run.code == 130
    assert "goes on from here" in run.stderr


def test_a_table():
    out = Output(stdout=io.StringIO(), stderr=io.StringIO(), environ={})
    out.table(["name", "n"], [("a", 1), ("long", 10.5), ("x", None)])
    assert out.stdout.getvalue() == (
        "name     n\na        1\nlong  10.5\nx        -\n"
    )


def test_colours_only_where_they_are_seen():
    plain = Output(stdout=Terminal(), environ={"NO_COLOR": "1"})
    assert plain.paint("x", "bad") == "x"
    assert Output(stdout=io.StringIO(), environ={}).paint("x", "bad") == "x"
    seen = Output(stdout=Terminal(), environ={}).paint("x", "bad")
    assert ANSI.sub("", seen) == "x" != seen


def test_json_is_one_document():
    stdout = io.StringIO()
    out = Output(as_json=True, stdout=stdout, stderr=io.StringIO(), environ={})
    out.say("nothing")
    out.table(["a"], [("b",)])
    out.request("qa", "sagemaker", "create_model", {"ModelName": "m"})
    out.result({"x": 1})
    found = json.loads(stdout.getvalue())
    assert found["x"] == 1
    assert found["requests"][0]["request"] == {"ModelName": "m"}


def test_progress_as_plain_lines():
    stderr = io.StringIO()
    out = Output(stdout=io.StringIO(), stderr=stderr, environ={})
    with out.progress("stack") as step:
        for text in ("CREATING", "CREATING", "DONE"):
            step.update(text, 0.5)
        step.event("alarm")
    assert stderr.getvalue() == "stack: CREATING\nstack: DONE\nstack: alarm\n"


def test_progress_on_a_terminal():
    stderr = Terminal()
    out = Output(stdout=io.StringIO(), stderr=stderr, environ={})
    with out.progress("stack") as step:
        step.update("CREATING", 0.5)
        step.update("DONE", 1.0)
    text = stderr.getvalue()
    half = "[" + "#" * (output.BAR // 2) + "." * (output.BAR // 2) + "]"
    assert half in text
    assert text.count("\r") == 2
    assert text.endswith("\n")


# --- git


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("https://ci:secret@git.example/x.git", "https://git.example/x.git"),
        ("https://git.example/x@y", "https://git.example/x@y"),
        ("git@git.example:x.git", "git@git.example:x.git"),
        ("", ""),
    ],
)
def test_a_password_never_gets_into_the_registry(
    tmp_path, monkeypatch, remote, told
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert (git.repository(), git.commit()) == ("", "")
    subprocess.run(["git", "init", "-q"], check=True)
    if remote:
        subprocess.run(["git", "remote", "add", "origin", remote], check=True)
    assert git.repository() == told


# --- resolve


STATES = {1: "Approved", 2: "Rejected", 3: "Approved"}
FOREIGN = f"arn:aws:sagemaker:eu-west-1:{'2' * 12}:model-package/wine/1"


class Registry:
    """Three versions, the second rejected."""

    def version(self, number):
        if number not in STATES:
            raise PreconditionError(f"there is no version {number}")
        arn = f"arn:aws:sagemaker:eu-west-1:{'2' * 12}:model-package/housing"
        return SimpleNamespace(
            number=number, approval=STATES[number], arn=f"{arn}/{number}"
        )

    def latest_approved(self):
        return self.version(3)


@pytest.mark.parametrize(
    ("asked", "code", "answer"),
    [
        ("auto", 0, "3\n"),
        ("1", 0, "1\n"),
        (Registry().version(1).arn, 0, "1\n"),
        (Registry().version(2).arn, 0, "3\n"),
        (FOREIGN, 2, ""),
        ("0", 2, ""),
        ("9", 4, ""),
    ],
)
def test_resolve(claryctl, monkeypatch, asked, code, answer):
    monkeypatch.setattr(resolve, "open_registry", lambda _: Registry())
    run = claryctl("resolve", asked)
    assert (run.code, run.stdout) == (code, answer)
