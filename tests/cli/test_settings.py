"""Settings: which wins, and what is said of one that is none.

SPDX-License-Identifier: Apache-2.0
"""
import json

import pytest

from contract.program import clary
from contract.server import GOLDEN

ID8 = GOLDEN / "identity8/model.tar.gz"
A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23\n"


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("CLARY_THREADS", "0", "from 1 to 256 threads"),
        ("CLARY_THREADS", "two", "from 1 to 256 threads"),
        ("CLARY_THREADS", "2 ", "from 1 to 256 threads"),
        ("CLARY_THREADS", "-1", "from 1 to 256 threads"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "257", "from 1 to 256 threads"),
        ("SAGEMAKER_BIND_TO_PORT", "65536", "from 0 to 65535"),
        ("CLARY_MAX_BODY_BYTES", "9" * 30, "bytes"),
        ("CLARY_MAX_BODY_BYTES", "1e6", "bytes"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "six", "from 0 to 1024 MiB"),
        ("CLARY_STYLE", "TFServing", "one of auto|tfserving|"),
        ("CLARY_CSV_HEADER", "yes", "one of default|auto|present|absent"),
        ("CLARY_LOG", "loud", "one of debug|info|"),
        ("CLARY_IDENTIFY", "true", "from 0 to 1"),
        ("CLARY_CPU", "sse9", "one of scalar|avx2|"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/cvs",
         "one of application/json, "),
        ("SAGEMAKER_INFERENCE_OUTPUT", "predicted_lable",
         "any of predicted_label, "),
        ("SAGEMAKER_INFERENCE_OUTPUT", "labels,", "any of predicted_label, "),
    ],
)
def test_a_bad_setting_is_named(name, value, expected):
    for command in (["serve"], ["predict"], ["inspect"], ["check"]):
        run = clary(*command, "--model", ID8, settings={name: value})
        assert run.returncode == 2, run.stderr
        assert f"{name} is " in run.stderr
        assert value in run.stderr and expected in run.stderr


def test_a_bad_port_option_is_named():
    run = clary("serve", "--port", "http", "--model", ID8)
    assert run.returncode == 2
    assert "--port is " in run.stderr and "65535" in run.stderr


def test_an_address_that_is_none():
    run = clary("serve", "--model", ID8, settings={"CLARY_ADDRESS": "home"})
    assert run.returncode == 1
    assert "CLARY_ADDRESS" in run.stderr and "home" in run.stderr


def test_an_empty_setting_is_not_set(start):
    names = ["CLARY_THREADS", "CLARY_STYLE", "SAGEMAKER_MAX_PAYLOAD_IN_MB"]
    server = start(ID8, {name: "" for name in names}).wait_ready()
    assert server.invoke(A).json() == {"predictions": [[8.3252]]}


def test_an_unknown_setting_is_reported(start):
    server = start(ID8, {"CLARY_TREADS": "3"}).wait_ready()
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.output().splitlines()]
    unknown = [line for line in lines if line["event"] == "unknown setting"]
    assert [line["name"] for line in unknown] == ["CLARY_TREADS"]


def test_options_win_over_settings(start):
    settings = {"CLARY_MODEL": "/nowhere", "SAGEMAKER_BIND_TO_PORT": "1"}
    server = start(ID8, settings).wait_ready()
    assert server.listening_ports() == {server.port}


def test_sagemaker_wins(start):
    settings = {
        "CLARY_THREADS": "3",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "CLARY_MAX_BODY_BYTES": "10",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
    }
    server = start(ID8, settings).wait_ready()
    listening = json.loads(server.output().splitlines()[0])
    assert listening["threads"] == "1"
    assert server.invoke(A).status == 200
    assert server.invoke(A * 20000).status == 413


def test_the_default_accept(start):
    settings = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    server = start(ID8, settings).wait_ready()
    for accept in (None, "", " */* ", "*/*;q=0.8", "image/png, */*;q=0.1"):
        assert server.invoke(A, accept=accept).body == b"8.3252\n"
    asked = server.invoke(A, accept="application/json")
    assert asked.json() == {"predictions": [[8.3252]]}
