"""What an artifact of the training pipeline carries, put to the test: the
container that gets it does not serve what was not trained so, and counts what
the training rows were not like.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import http.client
import io
import json
import os
import re
import socket
import subprocess
import tarfile
import time

SECONDS = 30
GOLDEN, BASELINE = "clary/golden.csv", "clary/baseline.json"


def check(program, content, folder):
    """`content` is a model.tar.gz as the pipeline registered it."""
    right, wrong = folder / "right.tar.gz", folder / "wrong.tar.gz"
    right.write_bytes(content)
    wrong.write_bytes(spoiled(content))
    with served(program, wrong, "require") as (process, port):
        while process.poll() is None:
            assert ask(port, "/ping")[0] != 200
        assert process.returncode == 1
        assert re.search(
            rf"{GOLDEN}: 1 of the \d+ predictions", process.log.read_text()
        )
    for mode in ("warn", "off"):
        with served(program, wrong, mode) as (process, port):
            ready(process, port)
    with served(program, right, "require") as (process, port):
        ready(process, port)
        counts(port, json.loads(member(content, BASELINE)))


def counts(port, baseline):
    """A row of means is like the training rows; one cell beyond them all is
    counted, under its own name."""
    row = [about["mean"] for about in baseline.values()]
    first, *others = baseline
    for value, wanted in ((row[0], 0), (baseline[first]["max"] + 1, 1)):
        body = ",".join(map(repr, [value, *row[1:]])).encode()
        assert ask(port, "/invocations", body)[0] == 200
        told = ask(port, "/metrics")[1].decode()
        found = dict(
            re.findall(
                r'^clary_feature_out_of_range_total\{.*feature="(\w+)"\} (\d+)',
                told,
                re.MULTILINE,
            )
        )
        assert found == {first: str(wanted)} | dict.fromkeys(others, "0")
    for about in baseline.values():
        inner = list(about["quantiles"].values())
        assert about["min"] <= inner[0]
        assert inner == sorted(inner)
        assert inner[-1] <= about["max"]
        assert about["missing_rate"] == 0


def member(content, name):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.extractfile(archive.getmember(name)).read()


def spoiled(content):
    """The same artifact, with one expected prediction that is wrong."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as archive,
        tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as changed,
    ):
        for item in archive:
            data = (
                archive.extractfile(item) and archive.extractfile(item).read()
            )
            if item.name == GOLDEN:
                *rows, last = data.decode().splitlines()
                features, _, value = last.rpartition(",")
                rows.append(f"{features},{float(value) * 1.01!r}")
                data = ("\n".join(rows) + "\n").encode()
                item.size = len(data)
            changed.addfile(item, io.BytesIO(data))
    return out.getvalue()


@contextlib.contextmanager
def served(program, archive, mode):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = archive.with_suffix(f".{mode}.log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, "serve"],
            env={
                "PATH": os.environ["PATH"],
                "CLARY_MODEL": str(archive),
                "CLARY_GOLDEN": mode,
                "SAGEMAKER_BIND_TO_PORT": str(port),
            },
            stdout=file,
            stderr=file,
        )
    process.log = log
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()


def ready(process, port):
    deadline = time.monotonic() + SECONDS
    while ask(port, "/ping")[0] != 200:
        assert process.poll() is None, process.log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(port, path, body=None):
    """(status, body); (0, b"") where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(
            "POST" if body else "GET", path, body, {"Content-Type": "text/csv"}
        )
        reply = connection.getresponse()
        return reply.status, reply.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()
