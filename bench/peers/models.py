"""The two models that every server of the comparison gets, in each one's own
format.

    python models.py HOUSING_MODEL_TAR_GZ FOLDER

mlp     the housing net of the golden cases, 8-64-64-1 after a normalization:
        FOLDER/mlp/1 and, weight for weight, FOLDER/mlp/model.onnx
forest  100 XGBoost trees of depth 6 on made-up rows in the ranges of the
        housing features: FOLDER/forest/model.json

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import sys
import tarfile

RANGES = ((0.5, 15), (1, 52), (1, 140), (0.3, 34), (3, 35682), (0.7, 1243),
          (32.5, 42), (-124.4, -114.3))


def write_forest(folder):
    import numpy as np
    import xgboost as xgb

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    low, high = np.array(RANGES).T
    x = rng.uniform(low, high, (20000, 8)).astype(np.float32)
    z = (x - low) / (high - low)
    y = np.sin(5 * z[:, 0]) + z[:, 1] * z[:, 7] + rng.normal(0, 0.1, len(x))
    booster = xgb.train({"max_depth": 6, "eta": 0.1}, xgb.DMatrix(x, y), 100)
    booster.save_model(folder / "model.json")


def write_onnx(path, mean, variance, layers):
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    nodes, constants, last = [], [], "x"

    def step(op, *operands):
        nonlocal last
        names = []
        for value in operands:
            names.append(f"c{len(constants)}")
            constants.append(numpy_helper.from_array(value, names[-1]))
        nodes.append(helper.make_node(op, [last, *names], [f"y{len(nodes)}"]))
        last = nodes[-1].output[0]

    step("Sub", mean)
    step("Div", np.maximum(np.sqrt(variance), np.float32(1e-7)))
    for i, (kernel, bias) in enumerate(layers):
        step("MatMul", kernel)
        step("Add", bias)
        if i + 1 < len(layers):
            step("Relu")
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "mlp",
        [helper.make_tensor_value_info("x", float32, [None, 8])],
        [helper.make_tensor_value_info(last, float32, [None, 1])], constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def write_mlp(archive, folder):
    import numpy as np
    import tensorflow as tf

    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    loaded = tf.saved_model.load(str(folder / "1"))  # owns the variables
    served = loaded.signatures["serving_default"]
    mean, variance = (np.asarray(c) for c in served.captured_inputs[:2])
    values = [v.numpy() for v in served.variables]
    layers = list(zip(values[::2], values[1::2]))
    write_onnx(folder / "model.onnx", mean, variance, layers)


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[2])
    write_forest(out / "forest")
    write_mlp(sys.argv[1], out / "mlp")
