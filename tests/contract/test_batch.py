"""Batch transform: cases 65, 75 and 77 to 80.

SPDX-License-Identifier: Apache-2.0
"""
import json
import random

import pytest

from contract.meaning import rows_of
from contract.server import GOLDEN

A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
REST = A[A.index(",") :]
ID8 = GOLDEN / "identity8/model.tar.gz"


def parameters(server):
    reply = server.request("GET", "/execution-parameters")
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    got = reply.json()
    assert list(got) == [
        "MaxConcurrentTransforms",
        "BatchStrategy",
        "MaxPayloadInMB",
    ]
    assert type(got["MaxConcurrentTransforms"]) is int
    assert got["BatchStrategy"] in ("SINGLE_RECORD", "MULTI_RECORD")
    assert type(got["MaxPayloadInMB"]) is int
    assert 1 <= got["MaxPayloadInMB"] <= 100
    return got


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_65_within_the_platform_s_limits(serve, threads):
    # the memory of a small container would be less
    held = {"CLARY_MAX_HELD_BYTES": str(1 << 30)}
    got = parameters(serve("identity8", CLARY_THREADS=str(threads), **held))
    assert got["MaxConcurrentTransforms"] == threads
    assert threads * got["MaxPayloadInMB"] <= 100
    # a small model gets through that in no time
    assert got["MaxPayloadInMB"] == 100 // threads
    assert got["BatchStrategy"] == "MULTI_RECORD"


def test_65_within_the_server_s_limits(serve):
    server = serve("identity8", CLARY_MAX_BODY_BYTES=str(7 << 20))
    assert parameters(server)["MaxPayloadInMB"] == 7


def test_65_only_get(serve):
    reply = serve("identity8").request("POST", "/execution-parameters")
    assert (reply.status, reply.header("Allow")) == (405, "GET")


def test_65_the_job_wins(serve):
    server = serve(
        "identity8",
        SAGEMAKER_BATCH="true",
        SAGEMAKER_MAX_CONCURRENT_TRANSFORMS="3",
        SAGEMAKER_BATCH_STRATEGY="SINGLE_RECORD",
        SAGEMAKER_MAX_PAYLOAD_IN_MB="2",
    )
    assert parameters(server) == {
        "MaxConcurrentTransforms": 3,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 2,
    }


@pytest.mark.parametrize(
    "name, value",
    [
        ("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "many"),
        ("SAGEMAKER_BATCH_STRATEGY", "BOTH"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"),
        ("SAGEMAKER_BATCH", "perhaps"),
        ("SAGEMAKER_MULTI_MODEL", "true"),
    ],
)
def test_bad_values_are_named(start, name, value):
    server = start(ID8, {name: value})
    assert server.wait(10) == 2
    line = json.loads(server.output().splitlines()[0])
    assert name in line["message"] and value in line["message"]


def test_75_payload_limit(serve):
    server = serve("identity8", SAGEMAKER_MAX_PAYLOAD_IN_MB="1")
    fits = (A + "\n").encode() * ((1 << 20) // (len(A) + 1))
    assert server.invoke(fits).status == 200
    reply = server.invoke(fits + b"\n" * 100)
    assert reply.status == 413, reply
    assert reply.header("Content-Type") == "application/json"
    assert str(1 << 20) in reply.json()["error"]


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "false", ""])
def test_77_batch_mode(serve, word):
    """However it is written, and the job's other variables unset."""
    server = serve("identity8", SAGEMAKER_BATCH=word)
    assert server.invoke(A).body == serve("identity8").invoke(A).body
    parameters(server)


def test_77_an_endpoint_s_deadline_is_not_a_job_s(serve):
    """Both use the environment of one model."""
    server = serve(
        "identity8", SAGEMAKER_BATCH="True", CLARY_TIMEOUT_MS="1"
    )
    body = (A + "\n") * 100000
    assert server.invoke(body).status == 200


@pytest.mark.parametrize("accept", ["text/csv", "application/jsonlines"])
@pytest.mark.parametrize("final_lf", [True, False])
def test_78_cut_at_lines(serve, accept, final_lf):
    """10 000 lines, cut as MULTI_RECORD does it: all come back, in order."""
    numbers = list(range(10000))
    random.Random(2).shuffle(numbers)
    text = "".join(f"{n}.5{REST}\n" for n in numbers)
    limit = 100 << 10  # a small MaxPayloadInMB, for several requests
    pieces = []
    while len(text) > limit:
        cut = text.rindex("\n", 0, limit) + 1
        pieces.append(text[:cut])
        text = text[cut:]
    pieces.append(text if final_lf else text.rstrip("\n"))
    assert len(pieces) > 5
    got = []
    for piece in pieces:
        reply = serve("identity8").invoke(piece, accept=accept)
        assert reply.status == 200, reply
        rows = rows_of(reply.header("Content-Type"), reply.body)
        assert len(rows) == piece.count("\n") + (not piece.endswith("\n"))
        got += [row[0] for row in rows]
    assert got == [n + 0.5 for n in numbers]


def test_79_csv_out(serve):
    """One line a record; Content-Type without parameters."""
    reply = serve("identity8").invoke(f"{A}\n{A}\n{A}", accept="text/csv")
    assert reply.header("Content-Type") == "text/csv"
    assert reply.body == b"8.3252\n" * 3


def test_80_json_lines_out(serve):
    reply = serve("identity8").invoke(
        f"{A}\n{A}\n{A}", accept="application/jsonlines"
    )
    assert reply.header("Content-Type") == "application/jsonlines"
    lines = reply.body.splitlines()
    assert [json.loads(line) for line in lines] == [[8.3252]] * 3


def test_33_empty_first_body(serve):
    """Local mode may send one; it is refused and the connection goes on."""
    reply = serve("identity8", SAGEMAKER_BATCH="True").invoke("")
    assert reply.status == 400
    assert list(reply.json()) == ["error"]
