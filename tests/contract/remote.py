"""A server that runs already, under test by its URL.

SPDX-License-Identifier: Apache-2.0
"""
import os
import time
import urllib.parse

import pytest

from contract.meaning import rows_of
from contract.server import GOLDEN, Requests

URLS = os.environ.get("CONTRACT_URL", "").split()


class Remote(Requests):
    """What it serves is found out by asking."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            pytest.exit(f"CONTRACT_URL: {url!r} is no http://HOST:PORT", 2)
        self.url = url
        self.port = (parts.hostname, parts.port or 80)
        self.wait_ready()

    def wait_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while self.ping() != 200:
            if time.monotonic() > deadline:
                pytest.exit(f"{self.url}/ping is not 200 in {seconds} s", 2)
            time.sleep(0.2)

    def serves(self, case):
        """Whether a golden model's first row has the golden answer."""
        row = (GOLDEN / case / "input.csv").read_text().splitlines()[0]
        want = (GOLDEN / case / "expected.csv").read_text().splitlines()[0]
        try:
            reply = self.invoke(row)
            [got] = rows_of(reply.header("Content-Type"), reply.body)
            want = [float(cell) for cell in want.split(",")]
        except (AssertionError, ValueError, OSError):
            return False
        return reply.status == 200 and got == pytest.approx(want, rel=1e-4)

    def __getattr__(self, name):
        """Of Server, what needs the process."""
        if name.startswith("__"):
            raise AttributeError(name)
        pytest.skip(f"needs the server's process ({name})")


def find_models():
    """{case: Remote} of the URLs."""
    cases = sorted(
        path.parent.name
        for path in GOLDEN.glob("*/expected.csv")
        if (path.parent / "input.csv").exists()
    )
    found = {}
    for url in URLS:
        remote = Remote(url)
        names = [case for case in cases if remote.serves(case)]
        if not names:
            pytest.exit(
                f"{url} answers with none of the models of the suite; give it "
                "one of tests/golden/savedmodel/*/model.tar.gz: identity8, and "
                "half-plus-three on another URL",
                2,
            )
        found |= {case: remote for case in names}
    return found
