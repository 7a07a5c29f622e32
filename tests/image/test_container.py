"""Containers as SageMaker runs them (`docker run IMAGE serve`), and as nothing
more than that: no network, no capability, no privilege to gain, a read-only
root, 64 MB of memory, any uid.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import threading
import time

import pytest

from contract.client import Connection
from contract.server import GOLDEN, ROOT

IMAGE = os.environ["CONTAINER_IMAGE"]
QEMU = os.environ.get("CONTAINER_QEMU")
MEMORY = os.environ["CONTAINER_MEMORY"]
SECCOMP = os.environ.get("CONTAINER_SECCOMP")
HOUSING = GOLDEN / "california-housing"
STRICT = ["--read-only", "--cap-drop", "ALL", "--memory", MEMORY]
STRICT += ["--security-opt", "no-new-privileges"]
if SECCOMP:
    STRICT += ["--security-opt", f"seccomp={SECCOMP}"]
STANDALONE = ["--network", "none"]
MB = 1 << 20


def podman(*words):
    return subprocess.run(
        ["podman", "--log-level", "error", *words],
        capture_output=True, text=True, timeout=60,
    )


def words_of(*words, program="clary"):
    """Image and command of a container, through qemu when it takes one."""
    if not QEMU:
        return [IMAGE, *words]
    return ["--volume", f"{QEMU}:/qemu:ro", "--entrypoint", "/qemu", IMAGE,
            f"/usr/local/bin/{program}", *words]


class Container:
    """A running server; its network is its own and leads nowhere."""

    def __init__(self, case, folder, *options, network=STANDALONE):
        folder.mkdir(exist_ok=True)
        with tarfile.open(GOLDEN / case / "model.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        folder.chmod(0o755)
        run = podman("run", "--detach", "--quiet", *network, *STRICT,
                     "--volume", f"{folder}:/opt/ml/model:ro", *options,
                     *words_of("serve"))
        assert run.returncode == 0, run.stderr
        self.id = run.stdout.strip()
        self.pid = int(self.state("Pid"))

    def state(self, name):
        return podman(
            "inspect", "--format", f"{{{{.State.{name}}}}}", self.id
        ).stdout.strip()

    def inside(self, function):
        """What the function answers in the container's network."""
        answers = []

        def enter():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/proc/{self.pid}/ns/net") as network:
                assert libc.setns(network.fileno(), 0) == 0
            answers.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert answers, self.log()
        return answers[0]

    def request(self, method, path, headers=(), body=None, port=8080):
        def ask():
            with Connection(port) as connection:
                return connection.request(method, path, headers, body)

        return self.inside(ask)

    def wait_ready(self, port=8080):
        def is_ready():
            try:
                with Connection(port) as connection:
                    return connection.request("GET", "/ping").status == 200
            except (ConnectionError, EOFError):
                return False

        deadline = time.monotonic() + 60
        while not self.inside(is_ready):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)
        return self

    def status(self):
        """What /proc says of the server."""
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(
            line.split(":\t", 1) for line in lines.splitlines() if ":\t" in line
        )

    def log(self):
        logs = podman("logs", self.id)
        return logs.stdout + logs.stderr

    def event(self, name):
        for line in self.log().splitlines():
            if json.loads(line)["event"] == name:
                return json.loads(line)
        return None

    def stop(self):
        """SIGTERM; the exit status."""
        assert podman("stop", "--time", "20", self.id).returncode == 0
        return int(self.state("ExitCode"))

    def remove(self):
        podman("rm", "--force", "--time", "0", self.id)


@pytest.fixture
def run(tmp_path):
    containers = []

    def start(case, *options, **how):
        tmp_path.chmod(0o755)
        for parent in tmp_path.parents[:2]:
            parent.chmod(parent.stat().st_mode | 0o011)
        folder = tmp_path / f"{case}-{len(containers)}"
        containers.append(Container(case, folder, *options, **how))
        return containers[-1]

    yield start
    for container in reversed(containers):
        container.remove()


def first_answer(container, port=8080):
    row = (HOUSING / "input.csv").read_text().splitlines()[0]
    reply = container.request(
        "POST", "/invocations", {"Content-Type": "text/csv"}, row.encode(),
        port=port,
    )
    assert reply.status == 200, reply
    [[got]] = reply.json()["predictions"]
    want = float((HOUSING / "expected.csv").read_text().splitlines()[0])
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("user", ["0:0", "1000:1000", "65534:65534"])
def test_serves_and_stops(run, user):
    container = run("california-housing", "--user", user).wait_ready()
    first_answer(container)
    status = container.status()
    assert status["Uid"].split() == 4 * [user.split(":")[0]]
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    if not SECCOMP:
        assert status["Seccomp"] == "2"
    assert container.stop() == 0
    assert container.event("stopped")
    assert container.event("unknown setting") is None


@pytest.mark.skipif(bool(QEMU), reason="qemu passes on no fence of the kernel")
def test_hardened_process(run, capsys):
    """The fences stand, on top of the engine's; the process cannot be dumped:
    its files in /proc are root's."""
    container = run("california-housing", "--user", "1000:1000").wait_ready()
    first_answer(container)
    fences = container.event("sandbox")
    both = fences["landlock"] == fences["seccomp"] == "on"
    # an older kernel has no Landlock
    assert fences["level"] == ("info" if both else "warning")
    if not SECCOMP:
        assert fences["seccomp"] == "on"
        assert int(container.status()["Seccomp_filters"]) >= 2
    assert os.stat(f"/proc/{container.pid}/maps").st_uid == 0
    resident = int(container.status()["VmRSS"].split()[0]) << 10
    with capsys.disabled():
        print(f"\nafter the first request: {resident} bytes resident")
    assert resident <= 8 * MB


@pytest.mark.skipif(not QEMU, reason="this kernel has the fences")
def test_without_fences(run):
    """qemu knows neither: one line says so, and it serves."""
    container = run("california-housing").wait_ready()
    line = container.event("sandbox")
    assert line["level"] == "warning"
    first_answer(container)


def test_fence_off(run):
    container = run(
        "california-housing", "--env", "CLARY_SANDBOX=off"
    ).wait_ready()
    assert container.event("sandbox") is None
    first_answer(container)


def test_bind_to_port(run):
    container = run(
        "california-housing", "--env", "SAGEMAKER_BIND_TO_PORT=9000"
    ).wait_ready(9000)
    first_answer(container, 9000)


@pytest.mark.parametrize(
    "words, program, answer",
    [
        (["--version"], "clary", r"clary \d+\.\d+\.\d+\n"),
        (["serve", "--help"], "clary", r"usage: clary serve (.|\n)*"),
        (["--help"], "serve", r"usage: clary serve (.|\n)*"),
    ],
)
def test_other_commands(words, program, answer):
    entry = ["--entrypoint", "serve"] if program == "serve" and not QEMU else []
    run = podman("run", "--rm", "--quiet", *STANDALONE, *STRICT, *entry,
                 *words_of(*words, program=program))
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(answer, run.stdout)


def test_no_model(run, tmp_path):
    """An error in one line, and status 1."""
    empty = tmp_path / "empty"
    empty.mkdir()
    run = podman("run", "--rm", "--quiet", *STANDALONE, *STRICT, "--volume",
                 f"{empty}:/opt/ml/model:ro", *words_of("serve"))
    assert run.returncode == 1
    last = json.loads(run.stderr.splitlines()[-1])
    assert last["event"] == "cannot load the model"


# what the suite asks for (contract/remote.py finds out which is which)
CASES = ["identity8", "half-plus-three", "special-values", "two-inputs",
         "two-outputs", "twelve-inputs", "one-feature", "two-versions",
         "many-dtypes-out"]


@pytest.mark.skipif(bool(QEMU), reason="slow; test.sh runs all of the suite")
def test_contract_by_url(run):
    """The contract, asked of containers that run: the suite is let into their
    network, and knows nothing else of them."""
    first = run(CASES[0])
    for port, case in enumerate(CASES[1:], 8081):
        run(case, "--env", f"SAGEMAKER_BIND_TO_PORT={port}",
            network=["--network", f"container:{first.id}"])
    urls = [f"http://127.0.0.1:{8080 + i}" for i in range(len(CASES))]
    suite = subprocess.run(
        ["nsenter", "--net", "--target", str(first.pid), sys.executable, "-m",
         "pytest", "-c", "tests/pytest.ini", "--rootdir", ".",
         "tests/contract", "-k", "not for_minutes"],
        cwd=ROOT,
        env=os.environ
        | {"CONTRACT_URL": " ".join(urls), "CONTRACT_EXACT": "1"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert suite.returncode == 0, suite.stdout[-4000:]
    passed = re.search(r"(\d+) passed", suite.stdout)
    assert passed and int(passed[1]) >= 150, suite.stdout[-2000:]
