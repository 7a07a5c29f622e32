"""What the server tells about itself: cases 91 to 94, and GET
/metrics.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os
import re
import signal
import subprocess
import tarfile
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contract.client import Connection, request_bytes
from contract.server import CLARY, GOLDEN, clean_environment

A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
ID8 = GOLDEN / "identity8/model.tar.gz"
NAMES = [f"f{i}" for i in range(8)]
STAGES = {"decode", "run", "encode", "wait"}


def unpack(case, folder):
    with tarfile.open(GOLDEN / case / "model.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    (folder / "clary").mkdir()
    return folder


def add_golden(model):
    """Its rows span 0 to 10 in every column but the last."""
    rows = [NAMES + ["out"], [0] * 7 + [-500, 0], [10] * 7 + [500, 10]]
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    (model / "clary/golden.csv").write_text(text)
    return model


def scrape(server):
    """{(sample, sorted labels): value} of GET /metrics, as Prometheus'
    own reader reads it; every family has its type and help."""
    reply = server.request("GET", "/metrics")
    assert reply.status == 200
    kind = reply.header("Content-Type")
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        assert family.type in ("counter", "gauge", "histogram"), family
        assert family.documentation and family.samples, family
        assert family.name.startswith("clary_"), family
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"{key} is there twice"
            samples[key] = sample.value
    return samples


def value(samples, name, **labels):
    return samples[name, tuple(sorted(labels.items()))]


def scrape_alone(server):
    """Once no other request is being counted: one ends a little after its
    client has the answer."""
    deadline = time.monotonic() + 10
    while value(samples := scrape(server), "clary_requests_in_flight") != 1:
        assert time.monotonic() < deadline, samples
    return samples


def features(samples, kind):
    """{feature: value} of a counter of features."""
    return {
        dict(labels)["feature"]: count
        for (name, labels), count in samples.items()
        if name == f"clary_feature_{kind}_total"
    }


# --- /metrics ----------------------------------------------------------------


def test_metrics(start):
    server = start(ID8).wait_ready()
    pings = value(
        scrape(server), "clary_requests_total", route="/ping"
    )
    assert server.invoke(f"{A}\n{A}\n{A}").status == 200
    assert server.invoke("1,2").status == 400
    assert server.invoke("x", content_type="text/plain").status == 415
    assert server.request("GET", "/nowhere").status == 404
    assert server.request("PUT", "/ping").status == 405
    assert server.ping() == 200
    samples = scrape_alone(server)

    def errors(status, reason):
        return value(
            samples, "clary_errors_total", status=status, reason=reason
        )

    def requests(route):
        return value(samples, "clary_requests_total", route=route)

    assert requests("/invocations") == 3
    assert requests("/ping") == pings + 2
    assert requests("/metrics") >= 1  # but not this one, which has no end yet
    assert value(samples, "clary_rows_total") == 3
    sent = len(f"{A}\n{A}\n{A}") + len("1,2")
    assert value(samples, "clary_request_bytes_total") == sent
    assert errors("400", "bad input") == 1
    assert errors("415", "bad media type") == 1
    assert errors("404", "no such route") == 1
    assert errors("405", "bad method") == 1
    assert errors("503", "overloaded") == 0
    assert errors("", "client gone") == 0
    assert value(samples, "clary_requests_in_flight") == 1
    assert value(samples, "clary_connections") >= 1
    assert server.stop() == 0


def test_histograms(start):
    """Cumulative buckets, whose last one is the count; a request that takes
    its time is seen to wait."""
    server = start(ID8).wait_ready()
    request = request_bytes(
        "POST", "/invocations", {"Content-Type": "text/csv"}, A.encode()
    )
    with Connection(server.port) as slow:
        slow.send(request[:-10])
        time.sleep(0.3)
        slow.send(request[-10:])
        assert slow.read().status == 200
    for _ in range(20):
        assert server.invoke(A).status == 200
    samples = scrape(server)
    for stage in STAGES:
        buckets = [
            (float(dict(labels)["le"]), count)
            for (name, labels), count in samples.items()
            if name == "clary_stage_seconds_bucket"
            and dict(labels)["stage"] == stage
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == (math.inf, 21)
        counts = [count for _, count in buckets]
        assert counts == sorted(counts)
        assert value(samples, "clary_stage_seconds_count", stage=stage) == 21
    assert value(samples, "clary_stage_seconds_sum", stage="wait") > 0.2
    for stage in STAGES - {"wait"}:
        assert value(samples, "clary_stage_seconds_sum", stage=stage) > 0


def test_client_gone(start):
    server = start(ID8).wait_ready()
    with Connection(server.port) as connection:
        connection.send(
            request_bytes(
                "POST", "/invocations", {"Content-Type": "text/csv"}, b"1" * 9
            )[:-1]
        )
        time.sleep(0.2)
        samples = scrape(server)
        assert value(samples, "clary_requests_in_flight") == 2
    deadline = time.monotonic() + 10
    while True:
        samples = scrape(server)
        gone = value(
            samples, "clary_errors_total", status="", reason="client gone"
        )
        in_flight = value(samples, "clary_requests_in_flight")
        if (gone, in_flight) == (1, 1):
            break
        assert time.monotonic() < deadline, samples
        time.sleep(0.05)


def test_too_many_connections(start):
    server = start(ID8, {"CLARY_MAX_CONNECTIONS": "1"}).wait_ready()
    deadline = time.monotonic() + 10
    while True:  # until the connections of before are closed
        assert time.monotonic() < deadline
        with Connection(server.port) as only:
            if only.request("GET", "/ping").status != 200:
                continue
            assert server.request("GET", "/ping").status == 503
            reply = only.request("GET", "/metrics")
            break
    line = re.search(
        rb'{status="503",reason="too many connections"} (\d+)', reply.body
    )
    assert int(line[1]) >= 1


# --- features ----------------------------------------------------------------


def test_features_and_golden_rows(start, tmp_path):
    model = add_golden(unpack("identity8", tmp_path))
    server = start(model).wait_ready()
    assert server.invoke("0,10,5,5,5,5,5,5").status == 200
    assert not any(features(scrape(server), "out_of_range").values())
    rows = ["11,5,5,5,5,5,5,5", "5,5,-0.1,5,5,5,5,600", "11,5,5,5,5,5,5,5"]
    assert server.invoke("\n".join(rows)).status == 200
    assert server.invoke("5,5,5,abc,5,5,5,5").status == 400
    assert server.invoke("5,5,5,5,5,,5,5").status == 400
    samples = scrape(server)
    zeros = dict.fromkeys(NAMES, 0)
    outside = {"f0": 2, "f2": 1, "f7": 1}
    assert features(samples, "out_of_range") == zeros | outside
    assert features(samples, "unparsable") == zeros | {"f3": 1, "f5": 1}
    assert features(samples, "missing") == zeros


def test_features_and_baseline(start, tmp_path):
    """baseline.json goes before the golden file's rows."""
    model = add_golden(unpack("identity8", tmp_path))
    baseline = {"f1": {"min": 4.5, "max": 5}, "target": {"min": 0, "max": 1}}
    (model / "clary/baseline.json").write_text(json.dumps(baseline))
    server = start(model).wait_ready()
    assert server.invoke("99,4.4,99,99,99,99,99,99").status == 200
    assert features(scrape(server), "out_of_range") == {"f1": 1}


def test_bad_baseline(start, tmp_path):
    """It serves all the same, and says what is wrong."""
    model = unpack("identity8", tmp_path)
    (model / "clary/baseline.json").write_text('{"f0": 3}')
    server = start(model).wait_ready()
    assert server.invoke(A).status == 200
    samples = scrape(server)
    assert features(samples, "out_of_range") == {}
    assert len(features(samples, "missing")) == 8
    assert server.stop() == 0
    lines = [json.loads(x) for x in server.output().splitlines()]
    [line] = [x for x in lines if x["event"] == "features have no ranges"]
    assert line["level"] == "warning"
    assert '"f0\\"' in json.dumps(line["message"])


def test_awkward_names(start, tmp_path):
    """Names are what the artifact says, whatever is in them."""
    model = unpack("identity8", tmp_path)
    names = ['a"b', "a\\b", "a b", "ä", "{x}", "a=b", "a'b", "#"]
    header = ",".join(names + ["out"]).encode() + b"\n"
    (model / "clary/golden.csv").write_bytes(header.replace(b"#", b"\xff"))
    server = start(model, {"CLARY_GOLDEN": "off"}).wait_ready()
    names[-1] = "\ufffd"
    assert set(features(scrape(server), "missing")) == set(names)


# --- logs --------------------------------------------------------------------


def emf_lines(output):
    return [x for x in output.splitlines(keepends=True) if '"_aws"' in x]


def check_emf(line, now):
    """Case 92: one JSON object, and everything that it announces in it."""
    assert line.startswith("{") and line.endswith("}\n")
    event = json.loads(
        line, object_pairs_hook=lambda pairs: check_unique(pairs)
    )
    aws = event["_aws"]
    assert abs(aws["Timestamp"] - now * 1000) < 1000
    [directive] = aws["CloudWatchMetrics"]
    assert directive["Namespace"] == "clary"
    assert directive["Dimensions"] and directive["Dimensions"][0]
    for dimensions in directive["Dimensions"]:
        assert len(dimensions) <= 30
        for name in dimensions:
            assert isinstance(event[name], str) and event[name].strip()
    assert 0 < len(directive["Metrics"]) <= 100
    for metric in directive["Metrics"]:
        assert isinstance(event[metric["Name"]], (int, float))
        assert metric["Unit"] in ("Count", "Bytes", "Microseconds")
    announced = {metric["Name"] for metric in directive["Metrics"]}
    announced |= {name for d in directive["Dimensions"] for name in d}
    assert set(event) == announced | {"_aws"}
    assert len(line) <= 4096
    return event


def check_unique(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def test_92_emf_at_the_end(start, tmp_path):
    server = start(
        add_golden(unpack("identity8", tmp_path)),
        {"CLARY_EMF": "1", "CLARY_EMF_DIMENSIONS": "Endpoint=housing,V=a b"},
    ).wait_ready()
    for _ in range(10):
        assert server.invoke("11,5,5,5,5,5,5,5\n" * 3).status == 200
    assert server.invoke("5,x,5,5,5,5,5,5").status == 400
    assert server.request("GET", "/nowhere").status == 404
    assert emf_lines(server.output()) == []
    assert server.stop() == 0
    lines = [check_emf(x, time.time()) for x in emf_lines(server.output())]
    total, *of_features = lines
    assert (total["Endpoint"], total["V"]) == ("housing", "a b")
    assert total["Model"]
    assert total["Requests"] == 11
    assert total["Rows"] == 30
    assert total["BytesIn"] > 30 * 8 and total["BytesOut"] > 30
    assert total["Errors4xx"] == 2 and total["Errors5xx"] == 0
    assert total["ErrorsBadInput"] == 1 and total["ErrorsNoSuchRoute"] == 1
    assert total["InFlight"] == 0
    for stage in STAGES:
        p50, p90, p99 = (
            total[f"{stage.capitalize()}P{p}"] for p in (50, 90, 99)
        )
        assert 0 < p50 <= p90 <= p99 < 1e6
    assert total["FeatureOutOfRange"] == 30
    assert total["FeatureUnparsable"] == 1
    assert [x["Feature"] for x in of_features] == ["f0", "f1"]
    assert of_features[0]["FeatureOutOfRange"] == 30
    assert of_features[1]["FeatureUnparsable"] == 1


@pytest.mark.skipif(
    "CLARY_SLOW_TESTS" not in os.environ, reason="CLARY_SLOW_TESTS is not set"
)
def test_92_emf_once_a_minute(start):
    server = start(ID8, {"CLARY_EMF": "1"}).wait_ready()
    assert server.invoke(A).status == 200
    deadline = time.monotonic() + 70
    while not emf_lines(server.output()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    now = time.time()
    [line] = emf_lines(server.output())
    assert check_emf(line, now)["Rows"] == 1
    assert server.stop() == 0
    *_, last = emf_lines(server.output())
    assert check_emf(last, time.time())["Rows"] == 0


def test_no_emf_unless_asked(start):
    server = start(ID8).wait_ready()
    assert server.invoke(A).status == 200
    assert server.stop() == 0
    assert "_aws" not in server.output()


@pytest.mark.parametrize("text", ["Endpoint", "A=", "A=1,A=2", 'A="'])
def test_bad_dimensions(start, text):
    server = start(ID8, {"CLARY_EMF_DIMENSIONS": text})
    assert server.wait(10) == 2
    assert "CLARY_EMF_DIMENSIONS" in server.output()


@pytest.mark.parametrize("stdout", ["/dev/full", "closed"])
def test_emf_to_nowhere(tmp_path, stdout):
    """A full disk or a closed standard output changes nothing."""
    target = ">&-" if stdout == "closed" else f">{stdout}"
    run = subprocess.Popen(
        ["sh", "-c", f'exec "$0" serve --model "$1" --port 0 {target}']
        + [CLARY, ID8],
        env=clean_environment({"CLARY_EMF": "1"}),
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in run.stderr:
        if '"ready"' in line:
            break
    run.send_signal(signal.SIGTERM)
    rest = run.stderr.read()
    assert run.wait(10) == 0
    assert '"stopped"' in rest and "_aws" not in rest


@pytest.mark.parametrize("times", range(5))
def test_stopped_as_soon_as_ready(times):
    """Also a thread that a library has started may get the signal."""
    run = subprocess.Popen(
        [CLARY, "serve", "--model", ID8, "--port", "0"],
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in run.stderr:
        if '"ready"' in line:
            break
    for _ in range(times):
        run.send_signal(signal.SIGTERM)
    run.send_signal(signal.SIGTERM)
    assert '"stopped"' in run.stderr.read()
    assert run.wait(10) == 0


def test_91_no_log_of_reading(start):
    """Neither pings nor those who read the numbers leave a line."""
    server = start(ID8).wait_ready()
    for _ in range(100):
        assert server.ping() == 200
    scrape(server)
    assert server.stop() == 0
    assert server.events()[-3:] == ["ready", "draining", "stopped"]


def test_93_fatal_error_in_one_line(start, tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(ID8.read_bytes()[:2000])
    server = start(tmp_path / "model.tar.gz")
    assert server.wait(10) not in (0, None)
    [line] = [x for x in server.output().splitlines() if '"error"' in x]
    event = json.loads(line)
    assert event["level"] == "error" and event["message"]


BAD_REQUESTS = {
    "a bad cell": ("text/csv", "1,abc,3,4,5,6,7,8"),
    "a long cell": ("text/csv", "x" * 100000),
    "no cell": ("text/csv", ""),
    "a bad type": ("/etc/passwd; x=0x7fff12345678", A),
    "bad bytes": ("text/csv", "\x01\x02,\x7f"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_94_bad_request(serve, name):
    """A short JSON object; nothing of the server in it."""
    content_type, body = BAD_REQUESTS[name]
    server = serve("identity8")
    reply = server.invoke(body, content_type=content_type)
    assert reply.status in (400, 415)
    assert reply.header("Content-Type") == "application/json"
    assert len(reply.body) < 1024
    message = reply.json()["error"]
    if content_type == "text/csv":
        assert "/" not in message
        assert not re.search(r"0x[0-9a-f]{6}", message)


@pytest.mark.parametrize(
    "level, refused", [("debug", 1), ("warning", 1), ("error", 0), ("none", 0)]
)
def test_log_level_and_inference_id(start, level, refused):
    server = start(ID8, {"CLARY_LOG": level}).wait_ready()
    headers = {"X-Amzn-SageMaker-Inference-Id": "id-4711"}
    server.request(
        "POST", "/invocations", headers | {"Content-Type": "text/csv"}, b"x"
    )
    assert server.stop() == 0
    lines = [json.loads(x) for x in server.output().splitlines()]
    mine = [x for x in lines if x["event"] == "refused"]
    assert len(mine) == refused
    for line in mine:
        assert line["inference_id"] == "id-4711"
        assert line["status"] == "400" and line["message"]
        assert (line["method"], line["path"]) == ("POST", "/invocations")
    if level == "none":
        assert lines == []
