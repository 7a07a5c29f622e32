"""Chromium, without a screen and without a network.

SPDX-License-Identifier: Apache-2.0
"""

import re
import struct
import subprocess
from html import unescape

SECONDS = 120
WIDTH, HEIGHT = 1100, 2900


def _run(path, *arguments):
    return subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",  # tests may run as root, where it has none
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={path.parent / 'chromium'}",
            *arguments,
            path.resolve().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )


def text_of(path):
    """What the page says, after the browser has read it."""
    dom = _run(path, "--dump-dom").stdout
    assert "<html" in dom
    body = dom[dom.index("<body") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def picture(path, png):
    """A screenshot; there must be something on it."""
    _run(path, f"--screenshot={png}", f"--window-size={WIDTH},{HEIGHT}")
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (WIDTH, HEIGHT)
    assert len(content) > 40_000  # an empty page is a tenth of that
    return content
