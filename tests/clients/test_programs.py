"""curl and wrk, as people call them.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import json
import re
import subprocess

import pytest

A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"


@pytest.fixture
def curl(program, serve):
    """curl(PATH, ARGUMENT...): what it prints."""
    path = program("curl")

    def run(where, *arguments, data=None):
        url = f"http://127.0.0.1:{serve('identity8').port}{where}"
        done = subprocess.run(
            [path, "--silent", "--show-error", "--max-time", "60", *arguments]
            + [url],
            input=data,
            capture_output=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_curl(curl):
    csv = ("-H", "Content-Type: text/csv")
    assert json.loads(curl("/invocations", *csv, "-d", A)) == {
        "predictions": [[8.3252]]
    }
    status = ("-o", "/dev/null", "-w", "%{http_code}")
    assert curl("/ping", *status) == b"200"
    assert curl("/ping", "--head", *status) == b"200"
    assert curl("/nope", *status) == b"404"
    # without a type of ours it sends a form
    answer = json.loads(curl("/invocations", "-d", A))
    assert "application/x-www-form-urlencoded" in answer["error"]


@pytest.mark.parametrize(
    "how",
    [(), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect: 100-continue")],
    ids=["length", "chunked", "expect"],
)
def test_curl_large(curl, how):
    """6 MB from standard input; it asks before it sends so much."""
    count = 100000
    reply = curl(
        "/invocations",
        *("-H", "Content-Type: text/csv", "-H", "Accept: text/csv"),
        *how,
        *("--data-binary", "@-"),
        data=(A + "\n").encode() * count,
    )
    assert reply == b"8.3252\n" * count


def test_curl_compressed(curl):
    reply = curl(
        "/invocations",
        *("-H", "Content-Type: text/csv", "-H", "Content-Encoding: gzip"),
        *("-H", "Accept: text/csv", "--compressed", "--data-binary", "@-"),
        data=gzip.compress((A + "\n").encode() * 1000),
    )
    assert reply == b"8.3252\n" * 1000


def test_curl_http_1_0_and_one_connection(curl):
    csv = ("-H", "Content-Type: text/csv", "-d", A)
    assert b"8.3252" in curl("/invocations", "--http1.0", *csv)
    counted = ("-w", "%{num_connects}\n", "-o", "/dev/null")
    # the second URL is run's own
    first = curl("/ping", "-o", "/dev/null", *counted)
    assert first == b"1\n"


SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/csv"
wrk.body = "%s"
done = function(summary, latency, requests)
    local e = summary.errors
    print("errors " .. e.connect + e.read + e.write + e.status + e.timeout)
end
"""


def test_wrk(program, serve, tmp_path):
    """Two seconds of 16 connections: not one error."""
    script = tmp_path / "row.lua"
    script.write_text(SCRIPT % A)
    port = serve("identity8").port
    done = subprocess.run(
        [program("wrk"), "-t2", "-c16", "-d2s", "-s", script]
        + [f"http://127.0.0.1:{port}/invocations"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "errors 0\n" in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 100
