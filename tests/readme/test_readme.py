"""Every command of the README, run as it stands there.

A ```sh block holds commands that must succeed. In a ```console block each
line after "$ " is a command (lines that end in a backslash go on) and what
follows is exactly what it prints. `make run` serves on a free port instead of
8080, and serves the commands after it; `make test` runs this file, so here
only its existence is checked. `make readme` writes what the commands print
into the README.

SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import os
import re
import select
import subprocess
import sys
import termios
import time

import pytest

from contract.server import CLARY, ROOT, clean_environment, free_port

README = ROOT / "README.md"
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```$", re.M | re.S)
CTRL_C = b"\x03"


def commands(kind, text):
    """[(command, expected output or None)] of one block."""
    text = re.sub(r"\\\n\s*", "", text)
    if kind == "sh":
        lines = [line for line in text.splitlines() if line.strip()]
        return [(re.sub(r"\s+#.*", "", line), None) for line in lines]
    parts = re.split(r"^\$ (.*)\n", text, flags=re.M)
    assert parts[0] == "", "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2]))


def readme_commands():
    found = []
    for kind, text in BLOCK.findall(README.read_text()):
        found += commands(kind, text)
    return found


def environment():
    """For make: the flags of the run around this one, so that it uses the
    same build, but not that make's job server."""
    env = clean_environment()
    flags = env.pop("MAKEFLAGS", "")
    env["MAKEFLAGS"] = re.sub(r"--jobserver\S*|-j\d*", "", flags)
    return env


class MakeRun:
    """`make run` on a terminal of its own."""

    def __init__(self):
        self.port = free_port()
        self.master, terminal = os.openpty()

        def own_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            ["make", "run", f"PORT={self.port}"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,
            preexec_fn=own_terminal,
        )
        os.close(terminal)
        self.output = ""

    def read_until(self, text, seconds):
        """Until `text` was printed; None: until the program ends."""
        deadline = time.monotonic() + seconds
        while text is None or text not in self.output:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {self.output}"
            if not select.select([self.master], [], [], left)[0]:
                continue
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the terminal's other end is closed
                break
            self.output += piece.decode(errors="replace").replace("\r", "")
        assert text is None or text in self.output, self.output

    def interrupt(self):
        """Types Ctrl-C; the exit status of make."""
        os.write(self.master, CTRL_C)
        self.read_until(None, 30)
        return self.process.wait(10)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.master)


@pytest.fixture(scope="module")
def make_run():
    run = MakeRun()
    yield run
    run.close()


def shell(command, port):
    """Standard output of a command of the README."""
    command = command.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    command = command.replace(
        "build/release/bin/clary", str(CLARY.relative_to(ROOT))
    )
    run = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, f"{command}: {run.stderr}{run.stdout}"
    return run.stdout


def settings_table():
    """The settings that `clary serve --help` prints, as a table."""
    text = shell("build/release/bin/clary serve --help", 0)
    text = text.split("Settings (environment variables):\n")[1]
    out = "| setting | values | default | |\n|---|---|---|---|\n"
    entry = r"^  (\w+)(?:  (.*?))?  \[(.*)\]\n((?:      .*\n)+)"
    for name, values, default, help_text in re.findall(entry, text, re.M):
        sentence = " ".join(help_text.split())
        words = (values or "").replace("|", ", ")
        out += f"| `{name}` | {words} | {default} | {sentence} |\n"
    assert out.count("\n") - 2 == len(re.findall(r"^  \w", text, re.M))
    return out


def ops_list():
    """The names in the table of TensorFlow ops, as a paragraph."""
    source = (ROOT / "src/format/tensorflow/ops.c").read_text()
    names = re.findall(r'^ +\{"(\w+)",\s*clary_tf_', source, re.M)
    return ", ".join(sorted(names)) + ".\n"


GENERATED = {"settings": settings_table, "ops": ops_list}


def generated(name):
    """The pattern of a generated part: groups before, content, after."""
    return re.compile(
        rf"(<!-- {name}: .*? -->\n)(.*?)(<!-- /{name} -->)", re.S
    )


@pytest.mark.parametrize("name", GENERATED)
def test_generated_parts(name):
    found = generated(name).search(README.read_text())[2]
    assert found == GENERATED[name](), "make readme brings it up to date"


def is_make(command):
    return command.split()[0] == "make"


@pytest.mark.parametrize("target", ["run", "test"])
def test_first_commands(target):
    """The first two commands that a newcomer sees."""
    first = [command for command, _ in readme_commands()][:2]
    assert f"make {target}" in first


def test_make_targets_exist():
    for command, _ in readme_commands():
        if is_make(command):
            subprocess.run(
                ["make", "-n", *command.split()[1:]],
                cwd=ROOT,
                env=environment(),
                check=True,
                capture_output=True,
                timeout=60,
            )


@pytest.mark.parametrize(
    "command, expected",
    [c for c in readme_commands() if not is_make(c[0])],
    ids=[c[0][:60] for c in readme_commands() if not is_make(c[0])],
)
def test_command(make_run, command, expected):
    make_run.read_until("Ctrl-C stops it.", 300)
    printed = shell(command, make_run.port)
    if expected is not None:
        assert printed.rstrip("\n") == expected.rstrip("\n")


def test_make_run_prints_a_command_that_works(make_run):
    make_run.read_until("Ctrl-C stops it.", 300)
    curl = re.search(r"^ +(curl .*?invocations)$", make_run.output, re.M | re.S)
    answer = shell(curl[1], make_run.port)
    ours = [e for c, e in readme_commands() if c.startswith("curl")][0]
    assert answer.rstrip("\n") == ours.rstrip("\n")


def test_make_run_stops_cleanly(make_run):
    """Ctrl-C: status 0 and no word of make about it. The last test: it ends
    the server."""
    make_run.read_until("Ctrl-C stops it.", 300)
    assert make_run.interrupt() == 0, make_run.output
    assert "***" not in make_run.output
    assert "Error" not in make_run.output


def update():
    """Writes what the commands print into the README."""
    run = MakeRun()
    run.read_until("Ctrl-C stops it.", 300)

    def printed(block):
        if block[1] != "console":
            return block[0]
        parts = re.split(r"^(\$ (?:.*\\\n)*.*\n)", block[2], flags=re.M)
        out = "```console\n"
        for prompt in parts[1::2]:
            command = re.sub(r"\\\n\s*", "", prompt[2:].rstrip("\n"))
            out += prompt + shell(command, run.port).rstrip("\n") + "\n"
        return out + "```"

    text = BLOCK.sub(printed, README.read_text())
    for name, part in GENERATED.items():
        text = generated(name).sub(
            lambda m, part=part: m[1] + part() + m[3], text
        )
    README.write_text(text)
    run.interrupt()
    run.close()


if __name__ == "__main__":
    sys.exit(update())
