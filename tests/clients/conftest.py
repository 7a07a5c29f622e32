"""Clients that people really use, against the real server.

`make test-clients` installs them and runs this folder; then one that is missing
is a failure. Without it (`make test`) what is missing is skipped.

SPDX-License-Identifier: Apache-2.0
"""
import importlib
import os
import shutil
import socket

import pytest

os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"


def missing(what):
    if "CLARY_CLIENTS" in os.environ:
        pytest.fail(f"{what} is missing, and CLARY_CLIENTS is set", False)
    pytest.skip(f"{what} is not installed; `make test-clients` runs this")


@pytest.fixture(scope="session")
def module():
    """module(NAME): a Python module, once it is imported."""

    def imported(name):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing(f"the Python package of {error.name}")

    return imported


@pytest.fixture(scope="session")
def program():
    """program(NAME): the path of a program."""

    def found(name):
        return shutil.which(name) or missing(name)

    return found


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Nothing here needs any machine but this one; a client that looks for
    another fails, at once."""
    connect = socket.socket.connect

    def local(self, address):
        if isinstance(address, tuple) and address[0] not in (
            "127.0.0.1",
            "localhost",
            "::1",
        ):
            raise OSError(f"a client wants to connect to {address}")
        return connect(self, address)

    socket.socket.connect = local
    yield
    socket.socket.connect = connect
