"""CLARY_SANDBOX=on, from outside: what the kernel says of the process.

What the fences refuse is in tests/serve/test_sandbox.c; that they refuse
nothing that serving takes is what all the other suites show, which run with
them (contract/server.py).

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import errno
import json
import os
import pathlib
import struct

import pytest

from contract.server import GOLDEN, IS_SANITIZED

HOUSING = GOLDEN / "california-housing/model.tar.gz"
ON = {"CLARY_SANDBOX": "on"}
if IS_SANITIZED:  # which looks for leaks by calls that the fence refuses
    ON["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"
ROW = "8.3252,41,6.98,1.02,322,2.55,37.88,-122.23"

# of the kernel
ALLOW = 0x7FFF0000  # a filter's verdict
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP, LANDLOCK_CREATE_RULESET = {
    "x86_64": (317, 444),
    "aarch64": (277, 444),
}[os.uname().machine]
LANDLOCK_RESTRICT_SELF = 446
MISSING = os.strerror(errno.ENOSYS)

libc = ctypes.CDLL(None, use_errno=True)


def raise_landlock():
    handled = ctypes.c_uint64(1)  # execution alone
    size = ctypes.c_size_t(8)
    ruleset = libc.syscall(
        LANDLOCK_CREATE_RULESET, ctypes.byref(handled), size, 0
    )
    if ruleset < 0:
        return ruleset
    return libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)


def raise_seccomp():
    buffer = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, ALLOW))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(buffer))
    return libc.syscall(SECCOMP, 1, 0, program)


def standing(raise_fence):
    """What a child that tries it is told by this kernel and this sandbox of
    the tests, which may forbid a fence: "on", or the text of the error."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        failed = raise_fence() < 0
        os.write(send, bytes([ctypes.get_errno() if failed else 0]))
        os._exit(0)
    os.close(send)
    with open(receive, "rb") as pipe:
        error = pipe.read()[0]
    os.waitpid(child, 0)
    return os.strerror(error) if error else "on"


LANDLOCK, SECCOMP_CALL = standing(raise_landlock), standing(raise_seccomp)


def status_of_threads(server):
    """Of each thread, what /proc says of it."""
    folder = pathlib.Path(f"/proc/{server.process.pid}/task")
    for thread in folder.iterdir():
        lines = (thread / "status").read_text().splitlines()
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def event(server, name):
    lines = [json.loads(line) for line in server.output().splitlines()]
    found = [line for line in lines if line["event"] == name]
    return found[0] if found else None


def test_on(start):
    server = start(HOUSING, ON).wait_ready()
    line = event(server, "sandbox")
    assert (line["landlock"], line["seccomp"]) == (LANDLOCK, SECCOMP_CALL)
    both = LANDLOCK == SECCOMP_CALL == "on"
    assert line["level"] == ("info" if both else "warning")
    threads = list(status_of_threads(server))
    assert len(threads) >= 3
    assert {thread["NoNewPrivs"] for thread in threads} == {"1"}
    if SECCOMP_CALL == "on":
        assert {thread["Seccomp"] for thread in threads} == {"2"}
    assert server.invoke(ROW).json()["predictions"]
    assert server.stop() == 0


def test_off(start):
    server = start(HOUSING, {"CLARY_SANDBOX": "off"}).wait_ready()
    mine = pathlib.Path("/proc/self/status").read_text()
    for thread in status_of_threads(server):
        assert f"Seccomp:\t{thread['Seccomp']}\n" in mine
        assert f"NoNewPrivs:\t{thread['NoNewPrivs']}\n" in mine
    assert event(server, "sandbox") is None
    assert server.stop() == 0


def without(*calls):
    """For Popen: a kernel that does not know these system calls."""
    refuse = 0x00050000 | errno.ENOSYS
    code = [(0x20, 0, 0, 0)]  # load the number
    for call in calls:
        code += [(0x15, 0, 1, call), (0x06, 0, 0, refuse)]
    code += [(0x06, 0, 0, ALLOW)]
    text = b"".join(struct.pack("HBBI", *line) for line in code)

    def install():
        buffer = ctypes.create_string_buffer(text)
        address = ctypes.addressof(buffer)
        program = struct.pack("HxxxxxxP", len(code), address)
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        assert libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0) == 0

    return install


@pytest.mark.parametrize(
    "calls, landlock, seccomp",
    [
        ([LANDLOCK_CREATE_RULESET], MISSING, SECCOMP_CALL),
        ([SECCOMP], LANDLOCK, MISSING),
        ([LANDLOCK_CREATE_RULESET, SECCOMP], MISSING, MISSING),
    ],
)
def test_kernel_without(start, calls, landlock, seccomp):
    """One line says so, and it serves."""
    server = start(HOUSING, ON, preexec_fn=without(*calls)).wait_ready()
    line = event(server, "sandbox")
    assert line["level"] == "warning"
    assert (line["landlock"], line["seccomp"]) == (landlock, seccomp)
    assert server.output().count("not implemented") <= 2
    assert server.invoke(ROW).status == 200
    assert server.stop() == 0
