"""NVIDIA's client for the Open Inference Protocol, which KServe's and Seldon's
documentation use, against the server's JSON.

SPDX-License-Identifier: Apache-2.0
"""
import pytest

ROWS = [[1.0, 2.0, 5.0], [0.0, 2.0, 5.0]]
THREE = [[3.5, 4.0, 5.5], [3.0, 4.0, 5.5]]


@pytest.fixture
def triton(module):
    module("geventhttpclient")
    return module("tritonclient.http")


@pytest.fixture
def connect(triton, serve):
    clients = []

    def client(case):
        url = f"127.0.0.1:{serve(case).port}"
        clients.append(triton.InferenceServerClient(url))
        return clients[-1]

    yield client
    for each in clients:
        each.close()


@pytest.fixture
def tensor(triton, module):
    """tensor(NAME, ROWS): an input, as JSON."""
    numpy = module("numpy")

    def of(name, rows, dtype="float32", datatype="FP32", binary=False):
        data = numpy.array(rows, dtype)
        described = triton.InferInput(name, data.shape, datatype)
        described.set_data_from_numpy(data, binary_data=binary)
        return described

    return of


def test_what_it_says_of_itself(connect):
    client = connect("two-outputs")
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("model")
    assert client.is_model_ready("model", "1")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "clary"
    metadata = client.get_model_metadata("model")
    assert metadata["inputs"] == [
        {"name": "house", "datatype": "FP32", "shape": [-1, 4]}
    ]
    assert [each["name"] for each in metadata["outputs"]] == ["band", "price"]


def test_infer(connect, tensor):
    client = connect("half-plus-three")
    result = client.infer("model", [tensor("x", ROWS)], request_id="42")
    assert result.as_numpy("y").tolist() == THREE
    assert result.as_numpy("y").dtype == "float32"
    answer = result.get_response()
    assert answer["id"] == "42" and answer["model_version"] == "1"
    for dtype, datatype in (("float64", "FP64"), ("int64", "INT64")):
        result = client.infer("model", [tensor("x", ROWS, dtype, datatype)])
        assert result.as_numpy("y").tolist() == THREE


def test_outputs(connect, tensor, triton):
    client = connect("two-outputs")
    inputs = [tensor("house", [[1, 2, 3, 4]])]
    asked = [triton.InferRequestedOutput("price", binary_data=False)]
    result = client.infer("model", inputs, outputs=asked, model_version="1")
    assert result.as_numpy("price").shape == (1, 1)
    assert result.as_numpy("band") is None


def test_at_once(connect, tensor):
    """As its users do: many requests under way."""
    client = connect("half-plus-three")
    asked = [
        client.async_infer("model", [tensor("x", [[float(i), 0, 0]])])
        for i in range(20)
    ]
    got = [each.get_result().as_numpy("y")[0][0] for each in asked]
    assert got == [i / 2 + 3 for i in range(20)]


def test_compressed(connect, tensor):
    client = connect("half-plus-three")
    result = client.infer(
        "model",
        [tensor("x", ROWS)],
        request_compression_algorithm="gzip",
        response_compression_algorithm="gzip",
    )
    assert result.as_numpy("y").tolist() == THREE


def test_errors(connect, tensor, module):
    error = module("tritonclient.utils").InferenceServerException
    client = connect("half-plus-three")
    with pytest.raises(error, match="no such model"):
        client.infer("other", [tensor("x", ROWS)])
    with pytest.raises(error, match="shape"):
        client.infer("model", [tensor("x", [[1.0, 2.0]])])
    with pytest.raises(error, match="announces binary data"):
        client.infer("model", [tensor("x", ROWS, binary=True)])
