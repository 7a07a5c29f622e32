"""SageMaker's XGBoost container over HTTP: contract.md X1 to X7.

Each id begins with the number of the fact. Expected texts are built here from
the values that XGBoost itself predicted (tests/golden/xgboost), the way the
container builds them: Python's own repr and json of the float32 as a float.
What differs on purpose is in the README, "Deviations of the xgboost style".

SPDX-License-Identifier: Apache-2.0
"""
import ast
import csv
import io
import json
import math
import struct
import subprocess
import tarfile

import pytest

from contract.client import Connection, request_bytes
from contract.server import CLARY, ROOT, Server, clean_environment

XGBOOST = ROOT / "tests/golden/xgboost"
ROWS = 25


def single(text):
    """The float32 that a cell of a golden file stands for."""
    return struct.unpack("<f", struct.pack("<f", float(text)))[0]


def input_of(case, n=ROWS):
    lines = (XGBOOST / case / "input.csv").read_text().splitlines()
    return lines[:n]


def expected_of(case, n=ROWS):
    """XGBoost's predictions, a list of floats a row."""
    lines = (XGBOOST / case / "expected.csv").read_text().splitlines()
    return [[single(cell) for cell in line.split(",")] for line in lines[:n]]


@pytest.fixture(scope="module")
def xgboost():
    """xgboost(CASE, SETTING="value"): a server of a golden model."""
    servers = {}

    def shared(case, **settings):
        key = (case, tuple(sorted(settings.items())))
        if key not in servers:
            servers[key] = Server(XGBOOST / case / "model.tar.gz", settings)
            servers[key].wait_ready()
        return servers[key]

    yield shared
    assert {server.stop() for server in servers.values()} <= {0}


def answer(reply, content_type, status=200):
    assert reply.status == status, reply
    assert reply.header("Content-Type") == content_type, reply
    return reply.body.decode()


ONE = ["binary-logistic", "reg-squarederror", "multi-softmax", "binary-hinge",
       "reg-gamma", "count-poisson", "best-ntree-limit", "ensemble-vote",
       "pickle0-0721", "survival-cox", "rank-ndcg", "linear"]
MANY = ["multi-softprob", "classes-0721", "ensemble-mean", "targets"]


# --- X1: what comes in -------------------------------------------------------

def libsvm_of(lines):
    rows = []
    for i, line in enumerate(lines):
        cells = [f"{f}:{cell}" for f, cell in enumerate(line.split(",")) if cell]
        rows.append(" ".join([str(i % 2)] + cells))
    return "\n".join(rows) + "\n"


CSV_TYPES = ["text/csv", "csv", "text/csv; charset=utf-8", "TEXT/CSV",
             "text/csv;label_size=1", "text/csv; label_size=1; charset=utf-8"]
LIBSVM_TYPES = ["text/libsvm", "text/x-libsvm", "libsvm",
                "text/libsvm ;charset=utf8", None]


@pytest.mark.parametrize("content_type", CSV_TYPES)
def test_X1_csv(xgboost, content_type):
    lines = input_of("binary-logistic")
    reply = xgboost("binary-logistic").invoke("\n".join(lines), content_type)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("content_type", LIBSVM_TYPES)
def test_X1_libsvm(xgboost, content_type):
    """A missing type is libsvm; what is left out of a row is missing."""
    body = libsvm_of(input_of("binary-logistic"))
    reply = xgboost("binary-logistic").invoke(body, content_type)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_X1_empty_body_204(xgboost, chunked):
    server = xgboost("binary-logistic")
    with Connection(server.port) as connection:
        headers = [("Content-Type", "text/csv")]
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            connection.send(request_bytes("POST", "/invocations", headers))
            connection.send(b"0\r\n\r\n")
            reply = connection.read()
        else:
            reply = connection.request("POST", "/invocations", headers, b"")
        assert reply.status == 204, reply
        assert reply.header("Content-Type") is None
        assert reply.header("Content-Length") in (None, "0")
        # nothing follows it: the connection goes on
        again = connection.request("POST", "/invocations", headers[:1],
                                   b"1,2,3,4,5\n")
        assert again.status == 200


UNREADABLE = {
    "not-a-number": "1,2,abc,4,5\n",
    "second-row": "1,2,3,4,5\n1,2,x,4,5\n",
    "ragged": "1,2,3,4,5\n1,2,3,4\n",
    "infinity": "1,2,inf,4,5\n",
    "infinity-of-float32": "1,2,1e39,4,5\n",
    "rows-of-nothing": "NA,NA,NA,NA,NA\n0.5,1.25,0.3,2,1\n",
    "rows-of-null": "null,null,null,null,null\n0.5,1.25,0.3,2,1\n",
    "infinities-first": "Infinity,inf,-inf,inf,inf\n0.5,1.25,0.3,2,1\n",
    "only-blanks": "  \n \n",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_X1_unreadable_415(xgboost, body):
    reply = xgboost("binary-logistic").invoke(body)
    assert reply.status == 415, reply
    assert reply.json()["error"]


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/octet-stream", "application/x-parquet",
    "label_size=1; text/csv", "application/x-recordio-protobuf"])
def test_X1_other_types_415(xgboost, content_type):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5\n", content_type)
    assert reply.status == 415, reply
    assert content_type in reply.json()["error"]


@pytest.mark.parametrize("content_type, body", [
    ("text/csv", "1,2,3,4\n"),
    ("text/csv", "1,2,3,4,5,6\n1,2,3,4,5,6\n"),
    ("text/libsvm", "1 0:1 7:2\n")])
def test_X1_not_the_models_rows_400(xgboost, content_type, body):
    reply = xgboost("binary-logistic").invoke(body, content_type)
    assert reply.status == 400, reply
    message = reply.json()["error"]
    assert message.startswith("Unable to evaluate payload provided: "), message


def test_X1_too_large_413(xgboost):
    server = xgboost("binary-logistic", CLARY_MAX_BODY_BYTES="6291456")
    row = b"1,2,3,4,5\n"
    body = row * (6291456 // len(row) + 1)
    reply = server.invoke(body)
    assert reply.status == 413, reply


# --- X2: CSV -----------------------------------------------------------------

@pytest.mark.parametrize("header", [
    "f4,f3,f2,f1,f0", "features[4],f3,features.2,f1,features[0]"])
def test_X2_a_header_of_a_model_without_names(xgboost, header):
    """XGBoost's own names and those that errors and inspect have."""
    lines = input_of("binary-logistic")
    turned = [",".join(reversed(line.split(","))) for line in lines]
    reply = xgboost("binary-logistic").invoke("\n".join([header] + turned))
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


def test_X2_a_header_with_an_unknown_name(xgboost):
    reply = xgboost("binary-logistic").invoke("f0,f1,f2,f3,f5\n1,2,3,4,5\n")
    assert reply.status == 415, reply
    assert '"f5" is not an input' in reply.json()["error"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", ":"],
                         ids=["comma", "semicolon", "tab", "bar", "blank",
                              "colon"])
def test_X2_the_separator_is_found(xgboost, separator):
    lines = input_of("reg-squarederror")
    body = "\n".join(line.replace(",", separator) for line in lines)
    reply = xgboost("reg-squarederror").invoke(body)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("reg-squarederror"))
    assert answer(reply, "text/csv") == expected


def test_X2_an_empty_cell_is_missing(xgboost):
    server = xgboost("reg-squarederror")
    replies = {
        server.invoke(body).body
        for body in (",1,,2.5,\n", "nan,1,NaN,+2.5,NAN\n", ";1.;;2.5;\n")
    } | {server.invoke("0 1:1 3:2.5", "text/libsvm").body}
    assert len(replies) == 1, replies
    assert replies != {server.invoke("0,1,0,2.5,0\n").body}


@pytest.mark.parametrize("end", ["\n", "\r\n", ""], ids=["lf", "crlf", "none"])
def test_X2_line_ends(xgboost, end):
    lines = input_of("reg-squarederror", 2)
    body = (end or "\n").join(lines) + end
    reply = xgboost("reg-squarederror").invoke(body)
    assert len(answer(reply, "text/csv").splitlines()) == 2


# --- X3: Accept --------------------------------------------------------------

@pytest.mark.parametrize("accept, content_type", [
    (None, "text/csv"), ("*/*", "text/csv"), ("text/csv", "text/csv"),
    ("text/csv; charset=utf-8", "text/csv"), ("TEXT/CSV", "text/csv"),
    ("application/json", "application/json"),
    ("application/json;verbose=True", "application/json"),
    ("Application/JSON", "application/json"),
    ("application/jsonlines", "application/jsonlines")])
def test_X3_accept(xgboost, accept, content_type):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5", accept=accept)
    answer(reply, content_type)


@pytest.mark.parametrize("accept", ["image/png", "text/libsvm", "text/html",
                                    "application/xml", "nonsense"])
def test_X3_other_accepts_406(xgboost, accept):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5", accept=accept)
    assert reply.status == 406, reply
    message = reply.json()["error"]
    assert message.startswith(f"Accept type {accept} is not supported"), message


@pytest.mark.parametrize("accept", [None, "*/*"])
def test_X3_the_default_can_be_set(xgboost, accept):
    server = xgboost("binary-logistic",
                     SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/json")
    answer(server.invoke("1,2,3,4,5", accept=accept), "application/json")
    answer(server.invoke("1,2,3,4,5", accept="text/csv"), "text/csv")


# --- X4, X5: what goes out ---------------------------------------------------

@pytest.mark.parametrize("case", ONE)
def test_X4_csv_out(xgboost, case):
    """A line a row, each ends in LF; Python's repr of the float32."""
    reply = xgboost(case).invoke("\n".join(input_of(case)))
    expected = "".join(f"{p!r}\n" for (p,) in expected_of(case))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("case", MANY)
def test_X4_csv_out_several(xgboost, case):
    reply = xgboost(case).invoke("\n".join(input_of(case)))
    expected = "".join(
        ",".join(map(repr, row)) + "\n" for row in expected_of(case)
    )
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("case", ONE + MANY)
def test_X5_json_out(xgboost, case):
    reply = xgboost(case).invoke("\n".join(input_of(case)),
                                 accept="application/json")
    rows = expected_of(case)
    scores = [row[0] if case in ONE else row for row in rows]
    expected = json.dumps({"predictions": [{"score": s} for s in scores]})
    assert answer(reply, "application/json") == expected


def test_X5_jsonlines_out(xgboost):
    case = "binary-logistic"
    reply = xgboost(case).invoke("\n".join(input_of(case)),
                                 accept="application/jsonlines")
    expected = "".join(
        json.dumps({"score": p}) + "\n" for (p,) in expected_of(case)
    )
    assert answer(reply, "application/jsonlines") == expected


def test_X4_a_row_has_the_same_bytes_in_every_batch(xgboost):
    server = xgboost("multi-softprob")
    lines = input_of("multi-softprob", 200)
    together = server.invoke("\n".join(lines)).body.decode().splitlines()
    with Connection(server.port) as connection:
        for line, expected in zip(lines, together):
            alone = connection.request(
                "POST", "/invocations", {"Content-Type": "text/csv"},
                line.encode())
            assert alone.body.decode() == expected + "\n"


# --- X6: batch transform -----------------------------------------------------

@pytest.mark.parametrize("truth", ["true", "True"])
@pytest.mark.parametrize("accept", [None, "text/csv", "application/json",
                                    "application/jsonlines"])
def test_X6_lines_whatever_accept_says(xgboost, truth, accept):
    for case in ("binary-logistic", "multi-softprob"):
        server = xgboost(case, SAGEMAKER_BATCH=truth)
        reply = server.invoke("\n".join(input_of(case)), accept=accept)
        rows = [row if len(row) > 1 else row[0] for row in expected_of(case)]
        expected = "".join(f"{row}\n" for row in rows)
        assert answer(reply, accept or "text/csv") == expected


def test_X6_execution_parameters(xgboost):
    server = xgboost("binary-logistic", SAGEMAKER_BATCH="true")
    parameters = server.request("GET", "/execution-parameters").json()
    assert parameters["BatchStrategy"] == "MULTI_RECORD"
    assert isinstance(parameters["MaxConcurrentTransforms"], int)
    assert isinstance(parameters["MaxPayloadInMB"], int)


# --- X7: what can be selected ------------------------------------------------

KEYS = ["predicted_label", "labels", "probability", "probabilities",
        "raw_score", "raw_scores", "predicted_score"]
VALID = {
    "reg-squarederror": {"predicted_score"},
    "reg-logistic": {"predicted_score"},
    "reg-gamma": {"predicted_score"},
    "reg-absoluteerror": {"predicted_score"},
    "reg-tweedie": {"predicted_score"},
    "binary-logistic": set(KEYS) - {"predicted_score"},
    "binary-logitraw": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "binary-hinge": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "multi-softmax": {"predicted_label", "labels", "raw_score", "raw_scores"},
    "multi-softprob": set(KEYS) - {"predicted_score"},
}
CLASSES = 4


def label_of(case, row):
    if case == "binary-logistic":
        return int(row[0] > 0.5)
    if case == "binary-logitraw":
        return int(row[0] > 0)
    return row.index(max(row)) if case == "multi-softprob" else row[0]


def selected(case, row, key):
    """What the container computes of one prediction."""
    if key not in VALID[case]:
        return math.nan
    if key == "predicted_label":
        return label_of(case, row)
    if key == "labels":
        return list(range(CLASSES if "multi" in case else 2))
    if key in ("probability", "raw_score", "predicted_score"):
        return max(row)
    return row if case == "multi-softprob" else [1.0 - row[0], row[0]]


def cell_of(value):
    return f'"{value}"' if isinstance(value, list) else str(value)


ALL = dict(SAGEMAKER_INFERENCE_OUTPUT=",".join(KEYS))


@pytest.mark.parametrize("case", VALID)
def test_X7_csv(xgboost, case):
    reply = xgboost(case, **ALL).invoke("\n".join(input_of(case)))
    expected = "\n".join(
        ",".join(cell_of(selected(case, row, key)) for key in KEYS)
        for row in expected_of(case)
    )
    text = answer(reply, "text/csv")
    assert text == expected
    # and it is CSV: as many cells as keys, lists readable
    for cells in csv.reader(io.StringIO(text)):
        assert len(cells) == len(KEYS)
        if "labels" in VALID[case]:
            assert ast.literal_eval(cells[1])[0] == 0


def without_nan(value):
    """JSON has no NaN; clary prints null (D-6)."""
    return None if isinstance(value, float) and math.isnan(value) else value


def members_of(case, row, keys):
    """The container's order: those that are valid, then the others."""
    ordered = [k for k in KEYS if k in keys and k in VALID[case]]
    ordered += [k for k in keys if k not in VALID[case]]
    return {k: without_nan(selected(case, row, k)) for k in ordered}


@pytest.mark.parametrize("case", VALID)
@pytest.mark.parametrize("accept", ["application/json", "application/jsonlines"])
def test_X7_json(xgboost, case, accept):
    reply = xgboost(case, **ALL).invoke("\n".join(input_of(case)),
                                        accept=accept)
    rows = [members_of(case, row, KEYS) for row in expected_of(case)]
    expected = "".join(json.dumps(row) + "\n" for row in rows)
    if accept == "application/json":
        expected = json.dumps({"predictions": rows})
    assert answer(reply, accept) == expected


def test_X7_the_default_type_and_spelling(xgboost):
    """Case and blanks of the setting do not matter; CSV keeps its order."""
    case = "binary-logistic"
    server = xgboost(
        case, SAGEMAKER_INFERENCE_OUTPUT=" Probability , PREDICTED_LABEL ")
    reply = server.invoke("\n".join(input_of(case)))
    expected = "\n".join(
        f"{row[0]},{label_of(case, row)}" for row in expected_of(case)
    )
    assert answer(reply, "text/csv") == expected


def test_X7_batch(xgboost):
    """CSV then ends in LF, and Accept is heard."""
    case = "binary-logistic"
    server = xgboost(case, SAGEMAKER_BATCH="true",
                     SAGEMAKER_INFERENCE_OUTPUT="predicted_label")
    labels = [label_of(case, row) for row in expected_of(case)]
    body = "\n".join(input_of(case))
    expected = "".join(f"{label}\n" for label in labels)
    assert answer(server.invoke(body), "text/csv") == expected
    reply = server.invoke(body, accept="application/jsonlines")
    assert answer(reply, "application/jsonlines") == "".join(
        json.dumps({"predicted_label": label}) + "\n" for label in labels
    )


def test_X7_an_objective_that_has_nothing_to_select(start):
    """The container answers each request with 500; clary does not start."""
    server = start(XGBOOST / "rank-ndcg/model.tar.gz",
                   dict(SAGEMAKER_INFERENCE_OUTPUT="predicted_label"))
    assert server.wait() != 0
    assert "Objective `rank:ndcg` unsupported" in server.output()
    assert "SAGEMAKER_INFERENCE_OUTPUT" in server.output()


def test_X7_npy_has_no_members(xgboost):
    server = xgboost("binary-logistic",
                     SAGEMAKER_INFERENCE_OUTPUT="predicted_label")
    reply = server.invoke("\n".join(input_of("binary-logistic")),
                          accept="application/x-npy")
    assert reply.status == 406
    assert "SAGEMAKER_INFERENCE_OUTPUT" in reply.json()["error"]


def test_X7_is_not_heard_in_another_style(start):
    server = start(XGBOOST / "binary-logistic/model.tar.gz",
                   dict(SAGEMAKER_INFERENCE_OUTPUT="labels",
                        CLARY_STYLE="plain")).wait_ready()
    [line] = [json.loads(x) for x in server.output().splitlines()
              if "without effect" in x]
    assert line["name"] == "SAGEMAKER_INFERENCE_OUTPUT"
    assert server.stop() == 0


# --- styles ------------------------------------------------------------------

def test_another_style_can_be_forced(xgboost):
    body = "\n".join(input_of("binary-logistic", 1))
    plain = xgboost("binary-logistic", CLARY_STYLE="plain").invoke(body)
    (score,) = json.loads(answer(plain, "application/json"))["predictions"]
    assert single(score) == expected_of("binary-logistic", 1)[0][0]
    tf = xgboost("binary-logistic", CLARY_STYLE="tfserving").invoke(body)
    assert answer(tf, "application/json").startswith('{\n    "predictions": [')


def test_it_can_be_forced_on_another_model(start):
    model = ROOT / "tests/golden/savedmodel/half-plus-three/model.tar.gz"
    server = start(model, {"CLARY_STYLE": "xgboost"}).wait_ready()
    assert server.invoke("1.0;2.0;5.0").body == b"3.5,4.0,5.5\n"
    reply = server.invoke("1.0,2.0,5.0", accept="application/json")
    assert reply.body == b'{"predictions": [{"score": [3.5, 4.0, 5.5]}]}'


def test_lightgbm_answers_in_the_plain_style(start):
    model = ROOT / "tests/golden/lightgbm/binary/model.txt"
    server = start(model).wait_ready()
    rows = (model.parent / "input.csv").read_text()
    expected = (model.parent / "expected.csv").read_text().splitlines()
    predictions = server.invoke(rows).json()["predictions"]
    assert len(predictions) == len(expected)
    for got, wanted in zip(predictions, expected):
        assert math.isclose(got, float(wanted), rel_tol=1e-15)


def test_several_models_in_a_folder(tmp_path, start):
    """The container loads every file that is not hidden."""
    with tarfile.open(XGBOOST / "ensemble-mean/model.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    server = start(tmp_path).wait_ready()
    reply = server.invoke("\n".join(input_of("ensemble-mean")))
    expected = "".join(
        ",".join(map(repr, row)) + "\n" for row in expected_of("ensemble-mean")
    )
    assert answer(reply, "text/csv") == expected
    done = subprocess.run([CLARY, "inspect", "--model", tmp_path],
                          capture_output=True, text=True, timeout=60,
                          env=clean_environment())
    assert "3 models answer together" in done.stdout
