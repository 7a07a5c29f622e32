"""The header of custom attributes: cases 60 to 63.

SPDX-License-Identifier: Apache-2.0
"""
import re

import pytest

from contract.errors import assert_error
from contract.housing import A, ONE


def attributes(value):
    return {"X_Amzn_SageMaker_Custom_Attributes": value}


@pytest.fixture
def named(serve):
    """A server and the name its model goes by: case 61's message has it."""
    server = serve("identity8")
    reply = server.invoke(A, **attributes("tfs-model-version=999"))
    found = re.fullmatch(
        r"Servable not found for request: Specific\((\w+), 999\)",
        assert_error(reply, 404),
    )
    assert found, reply
    return server, found[1]


def test_60_attributes(named):
    server, name = named
    for value in (
        f"tfs-model-name={name},tfs-model-version=1",
        f"tfs-model-name={name}",
        "tfs-model-version=1",
        f"tfs-model-version=1, tfs-model-name={name}, tfs-method=predict",
    ):
        reply = server.invoke(A, **attributes(value))
        assert (reply.status, reply.body) == (200, ONE), (value, reply)


def test_61_unknown_model(named):
    server, _ = named
    message = assert_error(
        server.invoke(A, **attributes("tfs-model-name=other")), 404
    )
    assert message == "Servable not found for request: Latest(other)"
    message = assert_error(
        server.invoke(
            A, **attributes("tfs-model-name=other,tfs-model-version=2")
        ),
        404,
    )
    assert message == "Servable not found for request: Specific(other, 2)"


@pytest.mark.parametrize(
    "value, message",
    [
        ("tfs-model-name=../../etc", "invalid tfs-model-name"),
        ("tfs-method=delete", "invalid tfs-method"),
        ("tfs-model-version=abc", "invalid tfs-model-version"),
        ("tfs-model-version=-1", "invalid tfs-model-version"),
    ],
)
def test_62_invalid_attributes(serve, value, message):
    reply = serve("identity8").invoke(A, **attributes(value))
    assert assert_error(reply, 400) == message


@pytest.mark.parametrize(
    "value", ["c000b4f9-df62-4c85-a0bf-7c525f9104a4", "x" * 1024, ",,=,=x"]
)
def test_63_unrelated_attributes(serve, value):
    reply = serve("identity8").invoke(A, **attributes(value))
    assert (reply.status, reply.body) == (200, ONE)
    # never echoed
    assert reply.header("X-Amzn-SageMaker-Custom-Attributes") is None


@pytest.mark.parametrize(
    "style", ["plain"], ids=["62-plain-style-has-no-tfs-attributes"]
)
def test_62_other_styles(serve, style):
    reply = serve("identity8", CLARY_STYLE=style).invoke(
        A, **attributes("tfs-model-version=999")
    )
    assert reply.status == 200, reply


def test_63_identify(serve):
    """CLARY_IDENTIFY=1 names the artifact in every response."""
    server = serve("identity8", CLARY_IDENTIFY="1")
    names = set()
    for reply in (
        server.invoke(A),
        server.invoke("x"),
        server.request("GET", "/ping"),
        server.request("GET", "/nope"),
    ):
        names.add(reply.header("X-Amzn-SageMaker-Custom-Attributes"))
    assert len(names) == 1
    assert re.fullmatch(r"clary-model=[0-9a-f]{12}", names.pop())
