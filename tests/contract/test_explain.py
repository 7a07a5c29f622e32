"""What each column contributes to a prediction, per request.

The expected contributions are those of XGBoost and LightGBM themselves
(tests/golden/README.md).

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import json
import math
import struct
import subprocess

import pytest

from contract.client import Connection
from contract.server import CLARY, GOLDEN, ROOT, clean_environment

XGBOOST = ROOT / "tests/golden/xgboost"
LIGHTGBM = ROOT / "tests/golden/lightgbm"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
SHAP = {ATTRIBUTES: "clary-explain=shap"}
EVERY = 4  # of the rows of a case of XGBoost one in so many is explained


def numbers(text):
    return [
        [float(cell) if cell else math.nan for cell in line.split(",")]
        for line in text.splitlines()
    ]


class Case:
    """A golden case of XGBoost with its explained rows; without those that
    hold an infinity, which the container's style refuses."""

    def __init__(self, name):
        folder = XGBOOST / name
        self.model = folder / "model.tar.gz"
        lines = (folder / "input.csv").read_text().splitlines()
        if lines[0][0].isalpha():
            del lines[0]
        lines = lines[::EVERY]
        finite = [i for i, line in enumerate(lines) if "1e39" not in line]
        assert len(finite) > len(lines) / 2
        self.body = "".join(lines[i] + "\n" for i in finite)
        contributions = numbers((folder / "contributions.csv").read_text())
        self.contributions = [contributions[i] for i in finite]
        self.scores, self.margins = (
            [rows[i] for i in finite]
            for file in ("expected.csv", "expected_margin.csv")
            for rows in [numbers((folder / file).read_text())[::EVERY]]
        )


def npy_rows(data, width):
    """Rows of float32 behind the header."""
    (header,) = struct.unpack_from("<H", data, 8)
    assert b"'<f4'" in data[:header]
    values = [n for (n,) in struct.iter_unpack("<f", data[10 + header :])]
    return [values[i : i + width] for i in range(0, len(values), width)]


def near(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert abs(a - b) <= 1e-5 + 1e-6 * abs(b), (ours, theirs)


def flat(values):
    """All numbers of nested lists, in order."""
    if isinstance(values, list):
        return [n for value in values for n in flat(value)]
    return [values]


def check(case, scores, contributions):
    """One list of scores and one of contributions a row."""
    assert len(scores) == len(contributions) == len(case.contributions)
    for r, expected in enumerate(case.contributions):
        near(flat(scores[r]), case.scores[r])
        near(flat(contributions[r]), expected)
        width = len(expected) // len(case.margins[r])
        near(
            [
                sum(flat(contributions[r])[i : i + width])
                for i in range(0, len(expected), width)
            ],
            case.margins[r],
        )


def explain(server, body, accept, content_type="text/csv", attributes=SHAP):
    headers = {"Content-Type": content_type, "Accept": accept} | attributes
    if isinstance(body, str):
        body = body.encode()
    return server.request("POST", "/invocations", headers, body)


def explained(server, body, accept, **more):
    reply = explain(server, body, accept, **more)
    assert reply.status == 200, reply
    return reply


CASES = ["binary-logistic", "multi-softprob", "multi-softmax", "linear-classes",
         "categories-sets", "targets", "dart-new", "random-forest"]


@pytest.mark.parametrize("style", ["auto", "plain"])
@pytest.mark.parametrize("name", CASES)
def test_forms(start, name, style):
    case = Case(name)
    server = start(case.model, {"CLARY_STYLE": style}).wait_ready()

    rows = explained(server, case.body, "application/json").json()
    assert list(rows) == ["predictions"]
    rows = rows["predictions"]
    assert all(list(row) == ["score", "contributions"] for row in rows)
    check(case, [r["score"] for r in rows], [r["contributions"] for r in rows])
    groups = len(case.margins[0])
    for row in rows:
        if groups > 1:
            assert len(row["contributions"]) == groups
        assert all(isinstance(n, float) for n in flat(row["contributions"]))

    cells = numbers(explained(server, case.body, "text/csv").body.decode())
    n = len(case.scores[0])
    check(case, [row[:n] for row in cells], [row[n:] for row in cells])

    if style == "plain":
        lines = explained(server, case.body, "application/jsonlines").body
        rows = [json.loads(line) for line in lines.splitlines()]
        check(case, [r["score"] for r in rows],
              [r["contributions"] for r in rows])
        npy = explained(server, case.body, "application/x-npy").body
        rows = npy_rows(npy, n + len(case.contributions[0]))
        check(case, [row[:n] for row in rows], [row[n:] for row in rows])


def test_lightgbm(start):
    folder = LIGHTGBM / "multiclass"
    rows = (folder / "edges.csv").read_text().splitlines()[::5]
    expected = numbers((folder / "contributions.csv").read_text())
    raw = numbers((folder / "edges_raw.csv").read_text())[::5]
    keep = [i for i, row in enumerate(rows) if "inf" not in row]
    server = start(folder / "model.txt").wait_ready()
    reply = explained(server, "".join(rows[i] + "\n" for i in keep),
                      "application/json").json()["predictions"]
    assert len(keep) > 20
    for i, row in zip(keep, reply):
        near(flat(row["contributions"]), expected[i])
        near([sum(group) for group in row["contributions"]], raw[i])


@pytest.fixture(scope="module")
def classes():
    return Case("multi-softprob")


@pytest.fixture
def server(start, classes):
    return start(classes.model, {"CLARY_STYLE": "plain"}).wait_ready()


def test_a_row_alone_and_among_others(server, classes):
    together = explained(server, classes.body * 20, "text/csv").body
    alone = b"".join(
        explained(server, row + "\n", "text/csv").body
        for row in classes.body.splitlines()
    )
    assert together == alone * 20


def test_pieces(server, classes):
    """In chunks, compressed, and behind each other on one connection."""
    whole = explained(server, classes.body, "text/csv").body
    headers = SHAP | {"Content-Type": "text/csv", "Accept": "text/csv"}
    packed = gzip.compress(classes.body.encode())
    with Connection(server.port) as connection:
        for _ in range(3):
            reply = connection.request(
                "POST", "/invocations",
                headers | {"Content-Encoding": "gzip"}, packed)
            assert reply.body == whole
            plain = connection.request(
                "POST", "/invocations",
                {"Content-Type": "text/csv", "Accept": "text/csv"},
                classes.body.encode())
            assert numbers(plain.body.decode()) == [
                row[:4] for row in numbers(whole.decode())]


def test_the_open_inference_protocol(server, classes):
    name = server.request("GET", "/v2/models/model").json()["name"]
    row = classes.body.splitlines()[0].split(",")
    body = {"inputs": [{"name": "features", "shape": [1, len(row)],
                        "datatype": "FP32",
                        "data": [float(c or "nan") for c in row]}]}
    reply = server.request("POST", f"/v2/models/{name}/infer", SHAP,
                           json.dumps(body).encode())
    assert reply.status == 200, reply
    outputs = reply.json()["outputs"]
    assert [o["name"] for o in outputs] == ["score", "contributions"]
    assert outputs[1]["shape"] == [1, 4, 6]
    near(flat(outputs[1]["data"]), classes.contributions[0])


@pytest.mark.parametrize("attributes, said", [
    ("clary-explain=lime", b'clary-explain is \\"lime\\", expected shap'),
    ("clary-explain=", b'clary-explain is \\"\\", expected shap'),
    ("a=b,clary-explian=shap", b"expected clary-explain=shap"),
])
def test_attributes_that_are_ours_but_unknown(server, attributes, said):
    reply = explain(server, "1,2,3,4,5\n", "text/csv",
                    attributes={ATTRIBUTES: attributes})
    assert reply.status == 400, reply
    assert said in reply.body


@pytest.mark.parametrize("attributes", ["explain=shap", "trace=clary-explain",
                                        "c000b4f9-df62-4c85-a0bf"])
def test_foreign_attributes(server, attributes):
    reply = explained(server, "1,2,3,4,5\n", "text/csv",
                      attributes={ATTRIBUTES: attributes})
    assert len(numbers(reply.body.decode())[0]) == 4


@pytest.mark.parametrize("model, row, why", [
    (GOLDEN / "half-plus-three/model.tar.gz", "1,2,5\n",
     b"contributions are those of trees, and the model has none"),
    (LIGHTGBM / "linear/model.txt", "1,2,3,4\n",
     b"contributions of trees with linear leaves are not defined"),
    (XGBOOST / "ensemble-mean/model.tar.gz", "1,2,3,4,5\n",
     b"contributions are those of one model; here 3 answer together"),
])
def test_models_that_cannot(start, model, row, why):
    server = start(model).wait_ready()
    reply = explain(server, row, "application/json")
    assert reply.status == 400, reply
    assert b"this model cannot be explained: " + why in reply.body
    assert explain(server, row, "application/json",
                   attributes={}).status == 200


def test_refused_rows_are_named(server):
    reply = explain(server, "1,2,3,4,5\n1,2,x,4,5\n", "text/csv")
    assert reply.status == 400
    assert b"row 2, column 3" in reply.body


def test_counted(server, classes):
    explained(server, classes.body, "text/csv")
    metrics = server.request("GET", "/metrics").body.decode()
    rows = len(classes.contributions)
    assert f"\nclary_rows_total {rows}\n" in metrics


def test_the_deadline(start):
    """A body that is late in its middle is given up there."""
    server = start(XGBOOST / "deep/model.tar.gz",
                   {"CLARY_TIMEOUT_MS": "100"}).wait_ready()
    reply = explain(server, "1,2,3,4,5\n" * 500000, "text/csv")
    assert reply.status == 503, reply
    assert b"not computed within CLARY_TIMEOUT_MS" in reply.body


def test_predict(server, classes):
    done = subprocess.run(
        [CLARY, "predict", "--explain", "--model", classes.model, "--accept",
         "text/csv"],
        input=classes.body.encode(), capture_output=True, timeout=60,
        env=clean_environment({"CLARY_STYLE": "plain"}),
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == explained(server, classes.body, "text/csv").body
