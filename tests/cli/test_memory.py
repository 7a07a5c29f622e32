"""What the server takes on follows the memory limit of its cgroup.

The limits here are files on a file system mounted over that of the cgroups:
they limit nothing, and any machine that gives a mount namespace has them.

SPDX-License-Identifier: Apache-2.0
"""
import subprocess
import time

import pytest

from contract.client import Connection, request_bytes
from contract.server import CLARY, GOLDEN, Server, free_port

A = b"8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
ID8 = GOLDEN / "identity8/model.tar.gz"

# a cgroup's own folder is not there, as in a container that sees its host's
# names: what is at the root holds
MOUNT = """
mount -t tmpfs none /sys/fs/cgroup &&
mkdir /sys/fs/cgroup/memory &&
echo "$V2" >/sys/fs/cgroup/memory.max &&
echo "$V1" >/sys/fs/cgroup/memory/memory.limit_in_bytes || exit 77
"""
UNSHARE = ["unshare", "--mount", "sh", "-c"]
NONE = {"V2": "max", "V1": "9223372036854771712"}
MIB = 1 << 20


@pytest.fixture(name="limited")
def limited_server():
    """A ready server in a cgroup of so many bytes, with settings by name."""
    probe = subprocess.run(
        [*UNSHARE, MOUNT], env=NONE | {"PATH": "/usr/bin:/bin"}, check=False
    )
    if probe.returncode != 0:
        pytest.skip("no file system can be mounted here")
    servers = []

    def start(limit, **settings):
        port = free_port()
        both = {"V2": str(limit), "V1": str(limit)} if limit else NONE
        serve = ["serve", "--model", ID8, "--port", str(port)]
        command = [*UNSHARE, MOUNT + 'exec "$0" "$@"', CLARY, *serve]
        server = Server(ID8, both | settings, command=command, port=port)
        servers.append(server)
        return server.wait_ready()

    yield start
    for server in servers:
        assert server.stop() == 0


def announce(server, n_bytes):
    """The answer to a body that is announced, while another is being waited
    for; None: so is this one."""

    def head(length, **more):
        headers = CSV | {"Content-Length": str(length)} | more
        return request_bytes("POST", "/invocations", headers)

    with Connection(server.port) as other:
        other.send(head(MIB, Expect="100-continue"))
        assert other.socket.recv(100).startswith(b"HTTP/1.1 100 ")
        with Connection(server.port, timeout=1) as connection:
            connection.send(head(n_bytes))
            try:
                reply = connection.read()
            except TimeoutError:
                return None
    assert reply.json() == {
        "error": "overloaded: too many bytes are held by requests"
    }
    return reply.status


def test_a_quarter_of_the_limit(limited):
    server = limited(16 * MIB)
    assert announce(server, 10 * MIB) is None  # a reply of 1.2 MB
    assert announce(server, 100 * MIB) == 503
    # what is alone is never too much; what has gone may count for a moment
    deadline = time.monotonic() + 10
    while (alone := server.invoke(A * 800000, accept="text/csv")).status == 503:
        assert time.monotonic() < deadline
    assert alone.status == 200 and len(alone.body) == 5600000


def test_a_setting_wins(limited):
    server = limited(16 * MIB, CLARY_MAX_HELD_BYTES=str(64 * MIB))
    assert announce(server, 100 * MIB) is None


def test_without_a_limit(limited):
    assert announce(limited(None), 500 * MIB) is None
