"""Fixtures for every suite that talks to a running server.

SPDX-License-Identifier: Apache-2.0
"""
import signal

import pytest

from contract.server import GOLDEN, Server


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


def start_ready(model, settings):
    server = Server(model, settings)
    try:
        return server.wait_ready()
    except BaseException:
        server.kill()
        raise


@pytest.fixture(scope="session")
def serve():
    """serve(CASE, SETTING="value"): a ready server of a golden model, shared
    by the tests that ask for the same; each must end with status 0."""
    servers = {}

    def shared(case, **settings):
        key = (case, tuple(sorted(settings.items())))
        if key not in servers:
            servers[key] = start_ready(GOLDEN / case / "model.tar.gz", settings)
        server = servers[key]
        assert server.process.poll() is None, f"it died: {server.output()}"
        return server

    yield shared
    for server in servers.values():
        server.process.send_signal(signal.SIGTERM)
    ends = {key: server.wait() for key, server in servers.items()}
    assert set(ends.values()) <= {0}, ends


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
