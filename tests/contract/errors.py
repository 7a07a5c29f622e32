"""What a refusal looks like.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re

from contract.meaning import IS_EXACT
from contract.server import ROOT


def assert_error(reply, status, text=""):
    """A short compact JSON object with one member, a sentence for a client.
    Another server than clary need only tell whose fault it is, in few bytes
    and without HTML or paths."""
    if not IS_EXACT:
        assert reply.status // 100 == status // 100, reply
        assert len(reply.body) < 1024, reply
        text = bytes(reply.body).decode(errors="replace")
        assert "<html" not in text.lower() and "/opt/" not in text, reply
        try:
            return str(json.loads(text)["error"])
        except (ValueError, KeyError, TypeError):
            return text
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    assert re.fullmatch(rb'\{"error": "[^\n]+"\}', reply.body), reply
    assert list(reply.json()) == ["error"]
    assert len(reply.body) < 1024
    message = reply.json()["error"]
    assert re.search(text, message), message
    for secret in ("<html", "/opt/", str(ROOT), ".c:", "0x7f"):
        assert secret not in message
    return message
