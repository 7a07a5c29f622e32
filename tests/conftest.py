"""Fixtures for every suite that talks to a running server.

SPDX-License-Identifier: Apache-2.0
"""
import signal

import pytest

from contract.server import GOLDEN, Server, shared_servers

SECONDS = 180  # at most, for one test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A test that hangs fails instead."""

    def expired(*_):
        raise TimeoutError(f"{item.name} took more than {SECONDS} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)


@pytest.fixture(scope="session")
def serve():
    """serve(CASE, SETTING="value"): a ready server of a golden model, shared
    by the tests that ask for the same; each must end with status 0."""
    yield from shared_servers(GOLDEN)


@pytest.fixture
def start():
    """start(MODEL, ...): a server of this test's own, as Server(...); killed
    when the test leaves it running."""
    servers = []

    def own(*args, **kwargs):
        servers.append(Server(*args, **kwargs))
        return servers[-1]

    yield own
    for server in servers:
        server.kill()
