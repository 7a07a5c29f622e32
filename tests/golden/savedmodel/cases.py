"""The golden cases of small SavedModels, one builder function each.

    cases.py --out FOLDER [CASE...]

A builder saves its model below the folder it is given. Its docstring is the
text of the case's MADE.md. What deviates from the common way (rows of its
own, a prediction which is not the saved artifact's) it returns as Outcome.
"""

from __future__ import annotations

import argparse
import inspect
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import golden  # first: it quiets TensorFlow before that is imported
import keras
import numpy as np
import tensorflow as tf
import tf_keras

SEED = 20240613
ROWS = 20


@dataclass
class Outcome:
    """What a builder wants otherwise than the rest."""

    rows: list[list[str]] | None = None
    predict: golden.Predict | None = None
    facts: dict[str, str] = field(default_factory=dict)


Builder = Callable[[Path], Outcome | None]


@dataclass(frozen=True)
class Entry:
    build: Builder
    golden: bool
    columnar: bool


CASES: dict[str, Entry] = {}


def case(golden: bool = False, columnar: bool = False):
    """Enters a builder into CASES; an underscore becomes a hyphen."""
    def enter(build: Builder) -> Builder:
        name = build.__name__.replace("_", "-")
        CASES[name] = Entry(build, golden, columnar)
        return build
    return enter


# --- saving and training ----------------------------------------------------


def perturb(model) -> None:
    """Moves every trainable variable, so that no bias stays zero."""
    rng = np.random.default_rng(SEED)
    for variable in model.trainable_variables:
        noise = 0.1 * rng.standard_normal(variable.shape)
        variable.assign(variable + tf.cast(noise, variable.dtype))


def train(model, width: int, steps: int = 20) -> None:
    """A few steps of Adam on random rows, enough to move every statistic."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(0.5, 2.0, (32 * steps, width)).astype(np.float32)
    y = np.tanh(x.sum(axis=1, keepdims=True)).astype(np.float32)
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, batch_size=32, epochs=1, verbose=0)


def save_keras2(model, path: Path, optimizer: bool = False) -> None:
    """What a Keras 2 user calls."""
    model.save(str(path), save_format="tf", include_optimizer=optimizer)


def save_keras3(model, path: Path) -> None:
    """What a Keras 3 user should call."""
    model.export(str(path), format="tf_saved_model", verbose=False)


def save_module(module: tf.Module, path: Path, **inputs: tf.TensorSpec) -> None:
    """Saves the method `serve` of a module as the serving signature."""
    function = tf.function(module.serve).get_concrete_function(**{
        name: tf.TensorSpec(spec.shape, spec.dtype, name)
        for name, spec in inputs.items()})
    tf.saved_model.save(module, str(path), {golden.SIGNATURE: function})


def floats(*shape: int | None) -> tf.TensorSpec:
    return tf.TensorSpec(shape, tf.float32)


# --- multilayer perceptrons, by every way of saving them --------------------


@case()
def keras2_save(root: Path) -> None:
    """A perceptron saved by Keras 2, `model.save(..., save_format="tf")`.

    It was trained with Adam and saved with the optimizer's state, as
    `model.save` does by default; serving does not need it.
    """
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.Dense(16, activation="relu", input_shape=(8,)),
        layers.Dense(8, activation="tanh"),
        layers.Dense(1),
    ])
    train(model, 8)
    save_keras2(model, root / "1", optimizer=True)


def keras3_perceptron() -> keras.Model:
    """8 columns, two hidden layers, two outputs in one tensor."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8,)),
        layers.Dense(16, activation="relu"),
        layers.Dense(8, activation="tanh"),
        layers.Dense(2),
    ])
    perturb(model)
    return model


@case(columnar=True)
def keras3_export(root: Path) -> None:
    """A perceptron saved by Keras 3, `model.export(...)`.

    Keras stores every variable twice: under `variables`, restored to
    resources `Variable_k` which nothing serves, and under `_all_variables`,
    in no fixed order, restored to the resources which are served.
    """
    save_keras3(keras3_perceptron(), root / "1")


@case()
def keras3_tf_saved_model_save(root: Path) -> Outcome:
    """A Keras 3 model saved by `tf.saved_model.save(model, path)`.

    The restore function fills other resources than the ones the serving
    function reads, so TensorFlow Serving loads the artifact and then fails
    every request. The expected values are those of the model in memory.
    """
    model = keras3_perceptron()
    tf.saved_model.save(model, str(root / "1"))
    meta_graph = golden.read_meta_graph(root / "1")
    (source,), (target,) = (
        [t.name for t in tensors]
        for tensors in vars(golden.read_signature(meta_graph)).values())
    return Outcome(
        predict=lambda feeds: {target: model(feeds[source]).numpy()},
        facts=split_resources(meta_graph) | {
            "Loaded as TensorFlow Serving loads it": session_error(root / "1")})


def split_resources(meta_graph) -> dict[str, str]:
    """The variables restored and those served, which must not overlap."""
    handles = {n.name: n.attr["shared_name"].s.decode()
               for n in meta_graph.graph_def.node if n.op == "VarHandleOp"}

    def read_by(node_name: str) -> list[str]:
        node = next(n for n in meta_graph.graph_def.node if n.name == node_name)
        return [handles[i] for i in node.input if i in handles]

    output, = meta_graph.signature_def[golden.SIGNATURE].outputs.values()
    restored = read_by(meta_graph.saver_def.restore_op_name)
    served = read_by(output.name.split(":")[0])
    assert served and not set(served) & set(restored)
    return {"Resources restored": ", ".join(restored),
            "Resources served": ", ".join(served)}


def session_error(model_dir: Path) -> str:
    """What a loader which only knows the graph says to a request."""
    try:
        with golden.session_predict(model_dir) as predict:
            predict({"inputs": np.zeros((1, 8), np.float32)})
    except tf.errors.OpError as error:
        reason = next(line for line in error.message.splitlines()
                      if "Could not find variable" in line)
        return f"{type(error).__name__}, {reason.strip()}"
    raise AssertionError("the graph alone serves this artifact")


@case()
def one_feature(root: Path) -> None:
    """A single input column, shape (None, 1)."""
    model = keras.Sequential([
        keras.Input((1,)),
        keras.layers.Dense(4, activation="tanh"),
        keras.layers.Dense(1),
    ])
    perturb(model)
    save_keras3(model, root / "1")


@case()
def softmax3(root: Path) -> None:
    """A classifier of three classes; the outputs are probabilities."""
    model = keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    perturb(model)
    save_keras3(model, root / "1")


@case()
def wide_512(root: Path) -> None:
    """Two hidden layers of 512; the matrices do not fit a first-level cache."""
    model = tf_keras.Sequential([
        tf_keras.layers.Dense(512, activation="relu", input_shape=(8,)),
        tf_keras.layers.Dense(512, activation="relu"),
        tf_keras.layers.Dense(1),
    ])
    save_keras2(model, root / "1")


@case()
def identity8(root: Path) -> Outcome:
    """`ID8` of the contract tests: the output is the first of 8 columns.

    The first values cover the rules for printing a float32.
    """
    layer = keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((8,)), layer])
    layer.set_weights([np.eye(8, 1, dtype=np.float32), np.zeros(1, np.float32)])
    save_keras3(model, root / "1")
    row_a = "41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23".split(",")
    row_b = "21,6.23813708,0.97188049,2401,2.10984183,37.86,-122.22".split(",")
    firsts = ("8.3252 8.3014 8 2.4567891 1000000 1234567 0.33333334 0.00003 -0.0 "
              "100000 123456.7 -1e-3 2E5 0 1.2e-38 3.4e38 16777217 0.1 -7 1e-20")
    return Outcome(rows=[[first, *(row_b if i == 1 else row_a)]
                         for i, first in enumerate(firsts.split())])


@case()
def two_versions(root: Path) -> None:
    """export/Servo/9 and export/Servo/10 hold different models.

    The numerically highest version is the one to serve.
    """
    for version in (9, 10):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.layers[0].set_weights(
            [np.full((3, 1), version, np.float32), np.ones(1, np.float32)])
        save_keras3(model, root / "export" / "Servo" / str(version))


# --- layers -----------------------------------------------------------------


def normalised_perceptron(k, layer) -> object:
    """Dense, a normalising layer twice, Dense; of either Keras."""
    return k.Sequential([
        k.Input((6,)),
        layer(),
        k.layers.Dense(8),
        layer(),
        k.layers.Activation("relu"),
        k.layers.Dense(2),
    ])


@case()
def batch_normalization(root: Path) -> None:
    """Keras 2 BatchNormalization, trained: its moving statistics have moved."""
    model = normalised_perceptron(tf_keras, tf_keras.layers.BatchNormalization)
    train(model, 6)
    perturb(model)
    save_keras2(model, root / "1")


@case()
def batch_normalization_keras3(root: Path) -> None:
    """Keras 3 BatchNormalization, trained: its moving statistics have moved."""
    model = normalised_perceptron(keras, keras.layers.BatchNormalization)
    train(model, 6)
    perturb(model)
    save_keras3(model, root / "1")


@case()
def layer_normalization(root: Path) -> None:
    """Keras 2 LayerNormalization: every row by its own mean and variance."""
    model = normalised_perceptron(tf_keras, tf_keras.layers.LayerNormalization)
    perturb(model)
    save_keras2(model, root / "1")


@case()
def layer_normalization_keras3(root: Path) -> None:
    """Keras 3 LayerNormalization: every row by its own mean and variance."""
    model = normalised_perceptron(keras, keras.layers.LayerNormalization)
    perturb(model)
    save_keras3(model, root / "1")


@case()
def normalization(root: Path) -> None:
    """Keras 2 Normalization, adapted, and Rescaling, before a Dense layer."""
    rng = np.random.default_rng(SEED)
    scaling = tf_keras.layers.Normalization()
    scaling.adapt(rng.normal([1, -2, 0, 0.5], [1, 2, 3, 4], (256, 4)))
    model = tf_keras.Sequential([
        tf_keras.Input((4,)),
        scaling,
        tf_keras.layers.Rescaling(0.5, offset=-0.25),
        tf_keras.layers.Dense(2),
    ])
    perturb(model)
    save_keras2(model, root / "1")


@case()
def dropout(root: Path) -> None:
    """Layers which only act in training: at inference they are the identity."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((5,)),
        layers.GaussianNoise(0.3),
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(8, activation="selu"),
        layers.AlphaDropout(0.2),
        layers.GaussianDropout(0.2),
        layers.ActivityRegularization(0.1),
        layers.Dense(1),
    ])
    perturb(model)
    save_keras3(model, root / "1")


@case()
def deep_concat(root: Path) -> None:
    """Merging and reshaping layers of Keras 3; one row of the output is 2 x 4."""
    layers = keras.layers
    x = keras.Input((6,))
    a, b, c = (layers.Dense(4, activation="tanh")(x) for _ in range(3))
    merged = [
        layers.Add()([a, b, c]),
        layers.Subtract()([a, b]),
        layers.Multiply()([a, b, c]),
        layers.Average()([a, b, c]),
        layers.Maximum()([a, b]),
        layers.Minimum()([b, c]),
    ]
    stacked = layers.Reshape((4, 6))(layers.Concatenate()(merged))
    mixed = layers.Dense(8)(layers.Flatten()(stacked))
    model = keras.Model(x, layers.Reshape((2, 4))(mixed))
    perturb(model)
    save_keras3(model, root / "1")


@case()
def dot_permute(root: Path) -> None:
    """Two Dense layers multiplied by Dot and turned by Permute; Keras 3."""
    layers = keras.layers
    x = keras.Input((6,))
    a, b = (layers.Reshape((2, 3))(layers.Dense(6, activation="tanh")(x))
            for _ in range(2))
    product = layers.Dot(axes=1)([a, b])  # 3 x 3
    turned = layers.Permute((2, 1))(a)  # 3 x 2
    model = keras.Model(x, layers.Concatenate()([product, turned]))
    perturb(model)
    save_keras3(model, root / "1")


# --- activations ------------------------------------------------------------

SHARED = ("relu sigmoid tanh softmax linear selu elu gelu swish softplus "
          "softsign exponential hard_sigmoid mish").split()
KERAS3_ONLY = "relu6 silu hard_silu leaky_relu log_softmax log_sigmoid".split()
RARE = ("celu glu hard_shrink hard_tanh soft_shrink sparse_plus "
        "sparse_sigmoid squareplus tanh_shrink threshold").split()


def gelu_by_tanh(k):
    """The approximate gelu; a named function, so that Keras 2 can save it."""
    def gelu_tanh(x):
        return k.activations.gelu(x, approximate=True)
    return gelu_tanh


def branches(k, activations: list) -> object:
    """Four columns; per activation a Dense layer of four; all concatenated."""
    x = k.Input((4,))
    ends = []
    for activation in activations:
        y = k.layers.Dense(4)(x)
        layer = (activation if isinstance(activation, k.layers.Layer)
                 else k.layers.Activation(activation))
        ends.append(layer(y))
    model = k.Model(x, k.layers.Concatenate()(ends))
    perturb(model)
    return model


@case()
def activations(root: Path) -> None:
    """Every activation of Keras 2: relu sigmoid tanh softmax linear selu elu
    gelu swish softplus softsign exponential hard_sigmoid mish, gelu by tanh,
    relu6, log_softmax, and the layers LeakyReLU PReLU ELU ThresholdedReLU
    ReLU(max 2, slope 0.1, threshold 0.2); four columns each, in this order.
    """
    layers = tf_keras.layers
    save_keras2(branches(tf_keras, [
        *SHARED, gelu_by_tanh(tf_keras), tf.nn.relu6, tf.nn.log_softmax,
        layers.LeakyReLU(alpha=0.2), layers.PReLU(), layers.ELU(alpha=0.7),
        layers.ThresholdedReLU(theta=0.3),
        layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.2),
    ]), root / "1")


@case()
def activations_keras3(root: Path) -> None:
    """The usual activations of Keras 3: relu sigmoid tanh softmax linear selu
    elu gelu swish softplus softsign exponential hard_sigmoid mish, relu6 silu
    hard_silu leaky_relu log_softmax log_sigmoid, gelu by tanh, and the layers
    LeakyReLU PReLU ELU ReLU(max 2, slope 0.1, threshold 0.2); four columns
    each, in this order.
    """
    layers = keras.layers
    save_keras3(branches(keras, [
        *SHARED, *KERAS3_ONLY, gelu_by_tanh(keras),
        layers.LeakyReLU(negative_slope=0.2), layers.PReLU(),
        layers.ELU(alpha=0.7),
        layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.2),
    ]), root / "1")


@case()
def activations_rare(root: Path) -> None:
    """The rare activations of Keras 3: celu glu hard_shrink hard_tanh
    soft_shrink sparse_plus sparse_sigmoid squareplus tanh_shrink threshold;
    four columns each but two of glu, in this order.
    """
    def threshold(x):
        return keras.activations.threshold(x, 0.3, -0.1)

    named = [threshold if name == "threshold" else name for name in RARE]
    save_keras3(branches(keras, named), root / "1")


@case()
def sparsemax(root: Path) -> None:
    """sparsemax of Keras 3, which sorts and sums up each row."""
    save_keras3(branches(keras, ["sparsemax", "linear"]), root / "1")


# --- several inputs, several outputs ----------------------------------------


@case(golden=True)
def two_inputs(root: Path) -> None:
    """Wide and deep: inputs `wide` of 6 columns and `deep` of 5.

    The columns of `deep` come first, by the natural order of names.
    """
    layers = keras.layers
    wide, deep = keras.Input((6,), name="wide"), keras.Input((5,), name="deep")
    hidden = layers.Dense(8, activation="relu")(deep)
    both = layers.Concatenate()([wide, hidden])
    model = keras.Model({"wide": wide, "deep": deep}, layers.Dense(1)(both))
    perturb(model)
    save_keras3(model, root / "1")


@case(golden=True)
def twelve_inputs(root: Path) -> None:
    """Twelve unnamed inputs of one column: 2 comes before 10 in their names."""
    inputs = [keras.Input((1,)) for _ in range(12)]
    model = keras.Model(
        inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(inputs)))
    perturb(model)
    save_keras3(model, root / "1")


@case(golden=True, columnar=True)
def two_outputs(root: Path) -> None:
    """Two named outputs of different widths: `price` 1, `band` 3."""
    layers = keras.layers
    x = keras.Input((4,), name="house")
    hidden = layers.Dense(8, activation="relu")(x)
    model = keras.Model(x, {
        "price": layers.Dense(1)(hidden),
        "band": layers.Dense(3, activation="softmax")(hidden),
    })
    perturb(model)
    save_keras3(model, root / "1")


@case(golden=True)
def mixed_dtypes(root: Path) -> Outcome:
    """Three inputs of one column: `age` float32, `income` int64, `ratio`
    float32, cast and concatenated. Keras 2."""
    layers = tf_keras.layers
    dtypes = {"age": "float32", "income": "int64", "ratio": "float32"}
    inputs = {n: tf_keras.Input((1,), name=n, dtype=d) for n, d in dtypes.items()}
    scaled = layers.Rescaling(1e-2)(inputs["income"])
    joined = layers.Concatenate()([inputs["age"], scaled, inputs["ratio"]])
    hidden = layers.Dense(6, activation="relu")(joined)
    model = tf_keras.Model(inputs, layers.Dense(1)(hidden))
    perturb(model)
    save_keras2(model, root / "1")
    rng = np.random.default_rng(SEED)
    return Outcome(rows=[
        [f"{age:.2f}", str(income), f"{ratio:.4f}"] for age, income, ratio in
        zip(rng.normal(0, 2, ROWS), rng.integers(-300, 300, ROWS),
            rng.normal(0, 1, ROWS))])


# --- categories -------------------------------------------------------------


def code_rows(columns: int, codes: int) -> list[list[str]]:
    """Rows of category codes; the first hold the lowest and the highest."""
    values = np.random.default_rng(SEED).integers(0, codes, (ROWS, columns))
    values[0], values[1] = 0, codes - 1
    return [[str(v) for v in row] for row in values]


def coded(k) -> object:
    """int64 codes to Embedding, one_hot and multi_hot, then Dense."""
    layers = k.layers
    codes = k.Input((3,), dtype="int64", name="codes")
    embedded = layers.Flatten()(layers.Embedding(10, 4)(codes))
    multi_hot = layers.CategoryEncoding(10, output_mode="multi_hot")(codes)
    single = k.Input((1,), dtype="int64", name="kind")
    one_hot = layers.CategoryEncoding(5, output_mode="one_hot")(single)
    joined = layers.Concatenate()([embedded, multi_hot, one_hot])
    model = k.Model({"codes": codes, "kind": single}, layers.Dense(2)(joined))
    perturb(model)
    return model


def coded_rows() -> list[list[str]]:
    return [a + b for a, b in zip(code_rows(3, 10), code_rows(1, 5))]


@case()
def embedding_int64(root: Path) -> Outcome:
    """int64 codes: Embedding and CategoryEncoding of Keras 3, then Dense."""
    save_keras3(coded(keras), root / "1")
    return Outcome(rows=coded_rows())


@case()
def embedding_int64_keras2(root: Path) -> Outcome:
    """int64 codes: Embedding and CategoryEncoding of Keras 2, then Dense."""
    save_keras2(coded(tf_keras), root / "1")
    return Outcome(rows=coded_rows())


def binned(k) -> object:
    """A number to bins by given boundaries; one_hot, multi_hot, Dense."""
    layers = k.layers
    edges = [-1.0, 0.0, 0.5, 2.0]
    x, y = k.Input((1,), name="x"), k.Input((2,), name="y")
    one_hot = layers.CategoryEncoding(5, output_mode="one_hot")(
        layers.Discretization(bin_boundaries=edges)(x))
    multi_hot = layers.CategoryEncoding(5, output_mode="multi_hot")(
        layers.Discretization(bin_boundaries=edges)(y))
    joined = layers.Concatenate()([one_hot, multi_hot])
    model = k.Model({"x": x, "y": y}, layers.Dense(2)(joined))
    perturb(model)
    return model


def binned_rows() -> list[list[str]]:
    """Random rows after rows on the boundaries: those go up."""
    exact = [["-1.0", "0.0", "0.5"], ["0.0", "2.0", "-1.0"], ["0.5", "0.5", "0.5"],
             ["2.0", "-5.0", "7.0"], ["-1.0000001", "1.9999999", "-0.0"]]
    return exact + random_rows(3, ROWS - len(exact))


@case()
def discretization(root: Path) -> Outcome:
    """Discretization and CategoryEncoding of Keras 2."""
    save_keras2(binned(tf_keras), root / "1")
    return Outcome(rows=binned_rows())


@case()
def discretization_keras3(root: Path) -> Outcome:
    """Discretization and CategoryEncoding of Keras 3."""
    save_keras3(binned(keras), root / "1")
    return Outcome(rows=binned_rows())


# --- dtypes, ranks and special values ---------------------------------------


@case()
def double_inputs(root: Path) -> None:
    """float64 from end to end."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((4,), dtype="float64"),
        layers.Dense(8, activation="tanh", dtype="float64"),
        layers.Dense(2, dtype="float64"),
    ])
    perturb(model)
    save_keras3(model, root / "1")


class Weighted(tf.Module):
    """Sum of weighted columns, one scalar per row."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([0.5, -1.25, 2.0], name="weights")

    def serve(self, x):
        return {"y": tf.reduce_sum(x * self.weights, axis=1) + 0.75}


@case(columnar=True)
def rank1_output(root: Path) -> None:
    """A `tf.Module` whose output has rank 1: a row's answer is a scalar."""
    save_module(Weighted(), root / "1", x=floats(None, 3))


class HalfPlusThree(tf.Module):
    """y = x / 2 + 3, for every column."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = tf.Variable(0.5, name="slope")
        self.offset = tf.Variable(3.0, name="offset")

    def serve(self, x):
        return {"y": x * self.slope + self.offset}


@case()
def half_plus_three(root: Path) -> Outcome:
    """`H3` of the contract tests: y = x / 2 + 3 for each of 3 columns."""
    save_module(HalfPlusThree(), root / "1", x=floats(None, 3))
    known = [["1.0", "2.0", "5.0"], ["0.0", "2.0", "5.0"]]
    return Outcome(rows=known + random_rows(3, ROWS - len(known)))


class Judge(tf.Module):
    """One output of every printable kind."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(
            np.random.default_rng(SEED).normal(size=(4, 3)).astype(np.float32))

    def serve(self, x):
        scores = tf.matmul(x, self.kernel)
        return {
            "scores": scores,
            "class": tf.argmax(scores, axis=1),
            "sure": tf.reduce_max(scores, axis=1) > 1.0,
            "signs": tf.cast(tf.sign(scores), tf.int32),
            "mean": tf.reduce_mean(tf.cast(scores, tf.float64), axis=1),
        }


@case(golden=True, columnar=True)
def many_dtypes_out(root: Path) -> None:
    """Outputs of float32, int64, bool, int32 and float64, of rank 1 and 2."""
    save_module(Judge(), root / "1", x=floats(None, 4))


class Special(tf.Module):
    """Logarithms and products too large for a float32."""

    def serve(self, x):
        return {"y": tf.concat([tf.math.log(x), x * 1e38], axis=1)}


@case()
def special_values(root: Path) -> Outcome:
    """Infinities, NaN and negative zeros among the outputs: log(x), then
    x * 1e38, of two columns.

    TensorFlow Serving prints `Infinity`, `-Infinity` and `NaN`.
    """
    save_module(Special(), root / "1", x=floats(None, 2))
    known = [["0.0", "-0.0"], ["-1.0", "1.0"], ["3.4", "-3.5"], ["10.0", "-10.0"]]
    return Outcome(rows=known + random_rows(2, ROWS - len(known)))


class Doubled(tf.Module):
    """y = 2 x."""

    def serve(self, x):
        return {"y": x * 2.0}


@case()
def denormals(root: Path) -> Outcome:
    """y = 2 x around the smallest normal float32, 1.17549435e-38.

    TensorFlow's threads read and write denormal numbers as zeros.
    """
    save_module(Doubled(), root / "1", x=floats(None, 1))
    values = ("1e-45 1e-40 5e-39 6e-39 -6e-39 1e-38 1.1754942e-38 1.17549435e-38 "
              "1.2e-38 -1.2e-38 0.0 -0.0 1.0").split()
    return Outcome(rows=[[value] for value in values])


# --- all of them ------------------------------------------------------------


def random_rows(columns: int, count: int = ROWS) -> list[list[str]]:
    """Rows of moderate size; one all zero, one all negative, zeros elsewhere."""
    rng = np.random.default_rng(SEED)
    values = np.round(rng.normal(0, 1.5, (count, columns)), 4)
    values[rng.random(values.shape) < 0.05] = 0.0
    values[1] = 0.0
    values[2] = -np.abs(values[2])
    return [[repr(float(v)) for v in row] for row in values]


def columns_of(root: Path) -> int:
    meta_graph = golden.read_meta_graph(golden.serving_dir(root))
    return sum(t.width for t in golden.read_signature(meta_graph).inputs)


def make(name: str, entry: Entry, out: Path) -> None:
    """Builds one case in a fresh session and writes its folder."""
    keras.utils.clear_session()
    tf_keras.backend.clear_session()
    golden.seed_everything(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        outcome = entry.build(root) or Outcome()
        golden.write(golden.Case(
            folder=out / name,
            root=root,
            rows=outcome.rows or random_rows(columns_of(root)),
            about=[inspect.getdoc(entry.build)],
            script="tests/golden/savedmodel/cases.py",
            predict=outcome.predict,
            golden=entry.golden,
            columnar=entry.columnar,
            facts={"Seed": str(SEED)} | outcome.facts,
        ))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="*", metavar="CASE", help="default: all")
    options = parser.parse_args()
    for name in options.names or CASES:
        make(name, CASES[name], options.out)


if __name__ == "__main__":
    main()
