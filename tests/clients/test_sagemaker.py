"""SageMaker's Python SDK: its predictors, serializers, deserializers and local
mode, with the server in place of an endpoint.

`Runtime` is what stands between a client and a container in AWS: it passes
body, Content-Type, Accept and the headers of the API on, and turns an error
status into an exception.

SPDX-License-Identifier: Apache-2.0
"""
import io
import json
import types

import pytest

from contract.server import GOLDEN, ROOT, Server, free_port

A = [8.3252, 41, 6.98412698, 1.02380952, 322, 2.55555556, 37.88, -122.23]
B = [8.3014, 21, 6.23813708, 0.97188049, 2401, 2.10984183, 37.86, -122.22]
CSV = "\n".join(",".join(map(str, row)) for row in (A, B))
FOREST = ROOT / "tests/golden/xgboost/binary-logistic"


class ModelError(Exception):
    """botocore's, as a client sees it: 424 with the container's own words."""


class Runtime:
    """boto3's sagemaker-runtime client over one server."""

    HEADERS = {
        "ContentType": "Content-Type",
        "Accept": "Accept",
        "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
        "InferenceId": "X-Amzn-SageMaker-Inference-Id",
        "TargetModel": "X-Amzn-SageMaker-Target-Model",
        "TargetVariant": "X-Amzn-SageMaker-Target-Variant",
    }

    def __init__(self, server, streaming_body):
        self.server = server
        self.streaming_body = streaming_body

    def invoke_endpoint(self, EndpointName, Body, **arguments):
        headers = {self.HEADERS[name]: v for name, v in arguments.items()}
        body = Body.encode() if isinstance(Body, str) else Body
        if hasattr(body, "read"):
            body = body.read()
        reply = self.server.request("POST", "/invocations", headers, body)
        if reply.status >= 400:
            raise ModelError(reply.status, reply.body.decode())
        body = self.streaming_body(io.BytesIO(reply.body), len(reply.body))
        return {"Body": body, "ContentType": reply.header("Content-Type")}


@pytest.fixture(scope="session")
def sdk(module):
    """The parts of the SDK that are used here."""
    return types.SimpleNamespace(
        predictor=module("sagemaker.predictor"),
        serializers=module("sagemaker.serializers"),
        deserializers=module("sagemaker.deserializers"),
        tensorflow=module("sagemaker.tensorflow.model"),
        xgboost=module("sagemaker.xgboost.model"),
        sklearn=module("sagemaker.sklearn.model"),
        entities=module("sagemaker.local.entities"),
        local=module("sagemaker.local.local_session"),
        streaming_body=module("botocore.response").StreamingBody,
        numpy=module("numpy"),
        pandas=module("pandas"),
    )


@pytest.fixture
def session(sdk):
    """session(SERVER): what a Predictor wants of a Session."""

    def of(server):
        runtime = Runtime(server, sdk.streaming_body)
        return types.SimpleNamespace(sagemaker_runtime_client=runtime)

    return of


@pytest.fixture
def predict(sdk, serve, session):
    """predict(DATA, SERIALIZER, DESERIALIZER): by a Predictor."""

    def by_predictor(data, serializer, deserializer, **settings):
        predictor = sdk.predictor.Predictor(
            "housing",
            session(serve("identity8", **settings)),
            getattr(sdk.serializers, serializer)(),
            getattr(sdk.deserializers, deserializer)(),
        )
        return predictor.predict(data)

    return by_predictor


# --- serializers


@pytest.mark.parametrize("what", ["rows", "row", "text", "array", "frame"])
def test_csv_in(predict, sdk, what):
    data = {
        "rows": [A, B],
        "row": A,
        "text": CSV,
        "array": sdk.numpy.array([A, B]),
        "frame": sdk.pandas.DataFrame([A, B]),
    }[what]
    got = predict(data, "CSVSerializer", "JSONDeserializer")
    want = [[8.3252]] if what == "row" else [[8.3252], [8.3014]]
    assert got == {"predictions": want}


def test_csv_file_in(predict, tmp_path):
    (tmp_path / "rows.csv").write_text(CSV)
    with open(tmp_path / "rows.csv") as file:
        got = predict(file, "CSVSerializer", "JSONDeserializer")
    assert got == {"predictions": [[8.3252], [8.3014]]}


@pytest.mark.parametrize(
    "data",
    [[A, B], {"instances": [A, B]}, {"inputs": [A, B]}],
    ids=["rows", "instances", "inputs"],
)
def test_json_in(predict, data):
    got = predict(data, "JSONSerializer", "JSONDeserializer")
    assert list(got.values()) == [[[8.3252], [8.3014]]]


def test_json_of_arrays(predict, sdk):
    data = {"instances": sdk.numpy.array([A, B], dtype="float32")}
    got = predict(data, "JSONSerializer", "JSONDeserializer")
    assert got == {"predictions": [[8.3252], [8.3014]]}


def test_json_lines_in(predict):
    data = [{"features": A}, {"features": B}]
    got = predict(data, "JSONLinesSerializer", "JSONLinesDeserializer")
    assert got == [[8.3252], [8.3014]]


def test_libsvm_in(predict):
    text = "\n".join(
        "0 " + " ".join(f"{i}:{value}" for i, value in enumerate(row))
        for row in (A, B)
    )
    got = predict(text, "LibSVMSerializer", "JSONDeserializer")
    assert got == {"predictions": [[8.3252], [8.3014]]}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int16"])
def test_numpy_both_ways(predict, sdk, dtype, order):
    """Fortran's order is that of df.to_numpy()."""
    data = sdk.numpy.array([A, B]).astype(dtype, order=order)
    assert data.flags.f_contiguous == (order == "F")
    got = predict(data, "NumpySerializer", "NumpyDeserializer")
    assert (got.dtype, got.shape) == ("float32", (2, 1))
    assert (got == data[:, :1].astype("float32")).all()


@pytest.mark.parametrize("serializer", ["IdentitySerializer", "DataSerializer"])
def test_no_type(predict, serializer):
    """What a Predictor does that was told nothing: octets, and any answer."""
    with pytest.raises(ModelError) as error:
        predict(CSV.encode(), serializer, "BytesDeserializer")
    status, body = error.value.args
    assert status == 415
    assert "Unsupported Media Type" in json.loads(body)["error"]


def test_a_refusal_can_be_read(predict):
    """The client's own words, its row and its column."""
    rows = [A, B[:3] + ["abc"] + B[4:]]
    with pytest.raises(ModelError) as error:
        predict(rows, "CSVSerializer", "CSVDeserializer")
    assert "row 2, column 4" in error.value.args[1]


# --- deserializers


def test_csv_out(predict):
    got = predict([A, B], "CSVSerializer", "CSVDeserializer")
    assert got == [["8.3252"], ["8.3014"]]


def test_text_and_bytes_out(predict):
    plain = {"CLARY_STYLE": "plain"}
    text = '{"predictions": [[8.3252]]}'
    got = predict(A, "CSVSerializer", "StringDeserializer", **plain)
    assert got == text
    got = predict(A, "CSVSerializer", "BytesDeserializer", **plain)
    assert got == text.encode()


def test_stream_out(predict):
    stream, content_type = predict(A, "CSVSerializer", "StreamDeserializer")
    assert content_type == "application/json"
    assert json.load(stream) == {"predictions": [[8.3252]]}


def test_pandas_out(predict):
    """It asks for CSV first, and takes the first row for a header."""
    frame = predict([A, B], "CSVSerializer", "PandasDeserializer")
    assert list(frame.columns) == ["8.3252"]
    assert frame.values.tolist() == [[8.3014]]


# --- the predictors of the frameworks


def test_tensorflow_predictor(sdk, serve, session):
    predictor = sdk.tensorflow.TensorFlowPredictor(
        "housing", session(serve("identity8"))
    )
    want = {"predictions": [[8.3252], [8.3014]]}
    assert predictor.predict({"instances": [A, B]}) == want
    assert predictor.predict([A, B]) == want
    for version, status in (("1", 200), ("2", 404)):
        named = sdk.tensorflow.TensorFlowPredictor(
            "housing",
            session(serve("identity8")),
            model_name="model",
            model_version=version,
        )
        if status == 200:
            assert named.predict([A, B]) == want
            continue
        with pytest.raises(ModelError, match="Servable not found"):
            named.predict([A, B])
    with pytest.raises(ModelError, match="classify is not served"):
        predictor.classify({"instances": [A]})


def test_xgboost_predictor(sdk, start, session):
    server = start(FOREST / "model.tar.gz").wait_ready()
    rows = (FOREST / "input.csv").read_text().splitlines()[:20]
    want = (FOREST / "expected.csv").read_text().split()[:20]
    predictor = sdk.xgboost.XGBoostPredictor(
        "forest", session(server), sdk.serializers.CSVSerializer()
    )
    got = predictor.predict("\n".join(rows))
    assert [float(cell) for [cell] in got] == pytest.approx(
        [float(cell) for cell in want], rel=1e-6
    )
    libsvm = "\n".join(
        "0 "
        + " ".join(f"{i}:{v}" for i, v in enumerate(row.split(",")) if v)
        for row in rows
    )
    assert sdk.xgboost.XGBoostPredictor("forest", session(server)).predict(
        libsvm
    ) == got


def test_sklearn_predictor(sdk, serve, session):
    """numpy in, numpy out; and JSON is the list alone."""
    server = serve("identity8", CLARY_STYLE="sklearn")
    predictor = sdk.sklearn.SKLearnPredictor("model", session(server))
    got = predictor.predict(sdk.numpy.array([A, B]))
    assert got.tolist() == sdk.numpy.array([[A[0]], [B[0]]], "float32").tolist()
    predictor.serializer = sdk.serializers.CSVSerializer()
    predictor.deserializer = sdk.deserializers.JSONDeserializer()
    assert predictor.predict([A, B]) == [
        [8.325200080871582],
        [8.301400184631348],
    ]


# --- local mode


def local_runtime(sdk, server):
    return sdk.local.LocalSagemakerRuntimeClient(
        {"local": {"serving_port": server.port}}
    )


def test_81_local_mode(sdk, serve):
    """What deploy("local") hands out, its Docker container left out."""
    session = types.SimpleNamespace(
        sagemaker_runtime_client=local_runtime(sdk, serve("identity8"))
    )
    predictor = sdk.predictor.Predictor(
        "housing",
        session,
        sdk.serializers.CSVSerializer(),
        sdk.deserializers.JSONDeserializer(),
    )
    assert predictor.predict([A, B]) == {"predictions": [[8.3252], [8.3014]]}


@pytest.fixture
def transform(sdk, monkeypatch, tmp_path):
    """transform(TEXT, ...): local mode's batch transform of a file; the
    server is its container."""

    class Container:
        def __init__(self, *_):
            pass

        def serve(self, model, environment):
            self.server = Server(model, environment, port=port_of.port)

        def stop_serving(self):
            assert self.server.stop() == 0

    port_of = types.SimpleNamespace(port=None)
    monkeypatch.setattr(sdk.entities, "_SageMakerContainer", Container)

    def run(text, output, batch_strategy, split="Line", **job):
        port_of.port = free_port()
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in/rows.csv").write_text(text)
        config = {"local": {"serving_port": port_of.port}}
        model = GOLDEN / "identity8/model.tar.gz"
        client = types.SimpleNamespace(
            describe_model=lambda _: {
                "PrimaryContainer": {
                    "Image": "clary",
                    "ModelDataUrl": str(model),
                    "Environment": {},
                }
            }
        )
        session = types.SimpleNamespace(
            sagemaker_client=client,
            config=config,
            sagemaker_runtime_client=sdk.local.LocalSagemakerRuntimeClient(
                config
            ),
        )
        sdk.entities._LocalTransformJob("job", "housing", session).start(
            {
                "DataSource": {
                    "S3DataSource": {"S3Uri": f"file://{tmp_path}/in"}
                },
                "ContentType": "text/csv",
                "SplitType": split,
            },
            {"S3OutputPath": f"file://{tmp_path}/out"} | output,
            {"InstanceType": "local", "InstanceCount": 1},
            BatchStrategy=batch_strategy,
            **job,
        )
        return (tmp_path / "out/rows.csv.out").read_text()

    return run


NUMBERS = [i + 0.5 for i in range(30)]
ROWS = "".join(f"{n},0,0,0,0,0,0,0\n" for n in NUMBERS)


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.parametrize("final_lf", [True, False])
def test_77_transform_to_csv(transform, strategy, final_lf):
    """SAGEMAKER_BATCH=True; a line for each line, in order, to be joined."""
    text = ROWS if final_lf else ROWS.rstrip("\n")
    out = transform(text, {"Accept": "text/csv"}, strategy)
    assert [float(line) for line in out.split()] == NUMBERS
    assert out == "".join(f"{n}\n" for n in NUMBERS)


def test_77_transform_to_json_lines(transform):
    out = transform(ROWS, {"Accept": "application/jsonlines"}, "MultiRecord")
    assert [json.loads(line) for line in out.splitlines()] == [
        [n] for n in NUMBERS
    ]


def test_77_transform_assembled_with_line(transform):
    """Which puts a line feed behind each response: JSON's need it, CSV's have
    theirs."""
    output = {"Accept": "application/json", "AssembleWith": "Line"}
    out = transform(ROWS, output, "SingleRecord")
    documents = [json.loads(line) for line in out.splitlines()]
    assert documents == [{"predictions": [[n]]} for n in NUMBERS]


def test_77_transform_without_split(transform):
    out = transform(ROWS, {"Accept": "text/csv"}, "MultiRecord", split="None")
    assert [float(line) for line in out.split()] == NUMBERS


def test_77_transform_s_limit(transform):
    """MaxPayloadInMB cuts between lines, and the server is told."""
    rows = ROWS * 3000  # 2 MB
    accept = {"Accept": "text/csv"}
    out = transform(rows, accept, "MultiRecord", MaxPayloadInMB=1)
    assert [float(line) for line in out.split()] == NUMBERS * 3000
