"""Starts and stops the real program, `clary serve`.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

from contract.client import Connection

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLARY = ROOT / os.environ.get("CLARY_BIN", "build/release/bin/clary")
GOLDEN = ROOT / "tests/golden/savedmodel"
# On, so that every suite shows that it refuses nothing that serving takes. What
# AddressSanitizer reads at the end, to find leaks, it does refuse.
IS_SANITIZED = CLARY.exists() and b"__asan_init" in CLARY.read_bytes()
SANDBOX = "off" if IS_SANITIZED else "on"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(settings=None):
    """This process's environment without settings of a server, plus some."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLARY_", "SAGEMAKER_"))
    }
    ours = {"CLARY_ADDRESS": "127.0.0.1", "CLARY_SANDBOX": SANDBOX}
    return kept | ours | (settings or {})


def shared_servers(folder):
    """For a fixture: a function that has a ready server of a golden model of
    `folder`, with settings by name, and starts it when it is the first to ask
    for these. In the end each must exit with status 0."""
    servers = {}

    def shared(case, **settings):
        key = (case, tuple(sorted(settings.items())))
        if key not in servers:
            servers[key] = start_ready(folder / case / "model.tar.gz", settings)
        server = servers[key]
        assert server.process.poll() is None, f"it died: {server.output()}"
        return server

    yield shared
    for server in servers.values():
        server.process.send_signal(signal.SIGTERM)
    ends = {key: server.wait() for key, server in servers.items()}
    assert set(ends.values()) <= {0}, ends


def start_ready(model, settings):
    server = Server(model, settings)
    try:
        return server.wait_ready()
    except BaseException:
        server.kill()
        raise


class Requests:
    """Requests to the server at self.port."""

    def ping(self):
        """The status of GET /ping; None while nobody listens."""
        try:
            with Connection(self.port, timeout=5) as connection:
                return connection.request("GET", "/ping").status
        except (ConnectionError, EOFError):
            return None

    def request(self, method, path, headers=(), body=None):
        with Connection(self.port) as connection:
            return connection.request(method, path, headers, body)

    def invoke(self, body, content_type="text/csv", accept=None, **headers):
        """POST /invocations on a connection of its own; None: no header."""
        sent = {name.replace("_", "-"): v for name, v in headers.items()}
        if content_type is not None:
            sent["Content-Type"] = content_type
        if accept is not None:
            sent["Accept"] = accept
        if isinstance(body, str):
            body = body.encode()
        return self.request("POST", "/invocations", sent, body)


class Server(Requests):
    """One running server. `stop` is to be called, and says how it ended."""

    def __init__(self, model, settings=None, command=None, port=None, **popen):
        self.port = port or free_port()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command
            or [CLARY, "serve", "--model", model, "--port", str(self.port)],
            env=clean_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            **popen,
        )

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def events(self):
        """What the log tells of, in order; all of it once the server ended."""
        return [
            json.loads(line)["event"] for line in self.output().splitlines()
        ]

    def wait_ready(self, seconds=30):
        deadline = time.monotonic() + seconds
        while self.ping() != 200:
            assert self.process.poll() is None, (
                f"exit status {self.process.returncode}: {self.output()}"
            )
            assert time.monotonic() < deadline, f"not ready: {self.output()}"
            time.sleep(0.01)
        self._wait_for_log()
        return self

    def _wait_for_log(self):
        """What was logged before it was ready comes later from a container:
        when the engine passes it on. A server may be told to log nothing."""
        deadline = time.monotonic() + 2
        while "CONTAINER_PIDS" in os.environ and time.monotonic() < deadline:
            if '"event":"ready"' in self.output():
                return
            time.sleep(0.01)

    @property
    def pid(self):
        """Of the server itself, where CLARY_BIN runs it in a container."""
        told = pathlib.Path(os.environ.get("CONTAINER_PIDS", "/nowhere"))
        told /= str(self.process.pid)
        return int(told.read_text()) if told.exists() else self.process.pid

    def stop(self, seconds=30):
        """Sends SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=30):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def is_sanitized(self):
        with open(f"/proc/{self.pid}/maps") as maps:
            return re.search("lib[at]san", maps.read()) is not None

    def listening_ports(self):
        """TCP ports on which this process listens."""
        folder = f"/proc/{self.pid}/fd"
        inodes = set()
        for name in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{name}")
            except FileNotFoundError:
                continue  # of a connection that has been closed meanwhile
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        ports = set()
        for table in ("tcp", "tcp6"):
            path = pathlib.Path(f"/proc/{self.pid}/net/{table}")
            for line in path.read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    ports.add(int(fields[1].rsplit(":", 1)[1], 16))
        return ports
