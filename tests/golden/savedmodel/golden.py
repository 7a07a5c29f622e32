"""What every golden case of a SavedModel needs: packing, predicting, writing.

A case is written by TensorFlow itself: the artifact is saved, loaded again
and run through its "serving_default" signature.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

SIGNATURE = "serving_default"

# Takes one array per input, by name; gives one array per output, by name.
Predict = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
# Runs the rows of a case, gives one (rows, width) array per output.
Run = Callable[[Predict], list[np.ndarray]]


@dataclass(frozen=True)
class Tensor:
    """One input or output of a signature; the shape is that of one row."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    def column_names(self) -> list[str]:
        """`name` for a single column, `name.0`, `name.1`, ... for several."""
        if self.width == 1:
            return [self.name]
        return [f"{self.name}.{i}" for i in range(self.width)]


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of an artifact, in natural order of names."""

    inputs: list[Tensor]
    outputs: list[Tensor]

    def to_json(self) -> str:
        def rows(tensors: list[Tensor]) -> str:
            return ",\n".join(
                "    " + json.dumps({"name": t.name, "dtype": t.dtype.name,
                                    "row_shape": list(t.shape)})
                for t in tensors)

        return (f'{{\n  "inputs": [\n{rows(self.inputs)}\n  ],\n'
                f'  "outputs": [\n{rows(self.outputs)}\n  ]\n}}\n')


@dataclass
class Case:
    """Everything `write` needs to know about one case."""

    folder: Path
    root: Path  # what goes into model.tar.gz
    rows: list[list[str]]  # the cells of input.csv, as text
    about: list[str]  # paragraphs of MADE.md
    script: str
    predict: Predict | None = None  # default: the saved artifact
    feature_names: list[str] | None = None  # default: from the signature
    golden: bool = False  # write golden.csv
    columnar: bool = False  # write expected_columnar.json
    facts: dict[str, str] = field(default_factory=dict)


def seed_everything(seed: int) -> None:
    """Makes a run repeatable on one machine."""
    keras.utils.set_random_seed(seed)
    tf_keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Digit runs compare as numbers: args_0 < args_0_1, t_9 < t_10."""
    return [(0, int(part)) if part.isdigit() else (1, part)
            for part in re.findall(r"\d+|\D+", name)]


# --- reading the SavedModel -------------------------------------------------


def serving_dir(root: Path) -> Path:
    """The folder with the numerically highest version."""
    found = [p.parent for p in root.rglob("saved_model.pb")]
    return max(found, key=lambda p: int(p.name))


def read_meta_graph(model_dir: Path):
    """The meta graph tagged "serve"."""
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((model_dir / "saved_model.pb").read_bytes())
    return next(m for m in proto.meta_graphs
                if list(m.meta_info_def.tags) == ["serve"])


def read_signature(meta_graph) -> Signature:
    """The serving signature of a meta graph."""
    def tensors(infos) -> list[Tensor]:
        return [
            Tensor(name, np.dtype(tf.as_dtype(infos[name].dtype).as_numpy_dtype),
                   tuple(d.size for d in infos[name].tensor_shape.dim[1:]))
            for name in sorted(infos, key=natural_key)]

    signature = meta_graph.signature_def[SIGNATURE]
    return Signature(tensors(signature.inputs), tensors(signature.outputs))


def _node_of(reference: str) -> str:
    return reference.removeprefix("^").split(":")[0]


def serving_ops(meta_graph) -> list[str]:
    """The ops the serving signature reaches, called functions included."""
    functions = {f.signature.name: f for f in meta_graph.graph_def.library.function}
    ops: set[str] = set()
    entered: set[str] = set()

    def walk(nodes, wanted: list[str]) -> None:
        by_name = {n.name: n for n in nodes}
        todo, seen = [_node_of(w) for w in wanted], set()
        while todo:
            node = by_name.get(name := todo.pop())
            if node is None or name in seen:  # an argument of the function
                continue
            seen.add(name)
            ops.add(node.op)
            todo += [_node_of(i) for i in node.input]
            for attr in node.attr.values():
                enter(attr.func.name)

    def enter(name: str) -> None:
        if name and name not in entered:
            entered.add(name)
            body = functions[name]
            walk(body.node_def, [*body.ret.values(), *body.control_ret.values()])

    outputs = meta_graph.signature_def[SIGNATURE].outputs.values()
    walk(meta_graph.graph_def.node, [o.name for o in outputs])
    return sorted(ops)


def saved_predict(model_dir: Path) -> Predict:
    """The artifact's own serving signature."""
    model = tf.saved_model.load(str(model_dir))
    function = model.signatures[SIGNATURE]

    def predict(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = function(**{k: tf.constant(v) for k, v in feeds.items()})
        return {k: v.numpy() for k, v in outputs.items()}

    predict.keep = model  # the signature holds its variables weakly
    return predict


@contextlib.contextmanager
def session_predict(model_dir: Path) -> Iterator[Predict]:
    """The serving signature as TensorFlow Serving loads it.

    Only the graph counts there: restored by its restore op, run in a session.
    """
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        meta_graph = tf.compat.v1.saved_model.load(
            session, ["serve"], str(model_dir))
        signature = meta_graph.signature_def[SIGNATURE]

        def predict(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return session.run(
                {k: info.name for k, info in signature.outputs.items()},
                {signature.inputs[k].name: v for k, v in feeds.items()})

        yield predict


def one_by_one(predict: Predict, count: int) -> Predict:
    """The same prediction, asked for one row at a time."""
    def predict_rows(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = [predict({k: v[i:i + 1] for k, v in feeds.items()})
                for i in range(count)]
        return {k: np.concatenate([row[k] for row in rows]) for k in rows[0]}

    return predict_rows


# --- rows in, rows out ------------------------------------------------------


def feeds_of(rows: list[list[str]], inputs: list[Tensor]) -> dict[str, np.ndarray]:
    """Cuts rows of text into one array per input, in column order."""
    feeds, at = {}, 0
    for tensor in inputs:
        cells = [row[at:at + tensor.width] for row in rows]
        wide = np.int64 if tensor.dtype.kind in "iu" else np.float64
        values = np.array(cells).astype(wide).astype(tensor.dtype)
        feeds[tensor.name] = values.reshape(len(rows), *tensor.shape)
        at += tensor.width
    assert all(len(row) == at for row in rows), "rows do not fit the signature"
    return feeds


def flatten(results: dict[str, np.ndarray], outputs: list[Tensor],
            count: int) -> list[np.ndarray]:
    """One (rows, width) array per output, checked against the signature."""
    arrays = []
    for tensor in outputs:
        array = np.asarray(results[tensor.name])
        assert array.dtype == tensor.dtype, (tensor, array.dtype)
        assert array.shape == (count, *tensor.shape), (tensor, array.shape)
        arrays.append(array.reshape(count, tensor.width))
    return arrays


def cell_text(value: np.generic) -> str:
    """Text which reads back to the very same value."""
    if value.dtype.kind in "iub":
        return str(int(value))
    return f"{float(value):.{9 if value.dtype == np.float32 else 17}g}"


def csv_text(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def gap_text(ours: list[np.ndarray], theirs: list[np.ndarray]) -> str:
    """Says how far two runs of the same rows are from each other."""
    differ, total, gap, share = 0, 0, 0.0, 0.0
    for a, b in zip(ours, theirs):
        same = (a == b) | ((a != a) & (b != b))
        total += same.size
        differ += int(np.count_nonzero(~same))
        a, b = (x.astype(np.float64)[~same] for x in (a, b))
        distance = np.abs(a - b)
        gap = max(gap, float(np.max(distance, initial=0.0)))
        share = max(share, float(np.max(distance / allowance(b), initial=0.0)))
    if differ == 0:
        return "identical, bit for bit"
    return (f"{differ} of {total} values differ, by at most {gap:.2g}, "
            f"{share:.2g} of the allowance")


def allowance(values: np.ndarray) -> np.ndarray:
    """How far another order of float32 additions may move these values."""
    return 1e-6 + 1e-6 * np.abs(values)


def require_served(model_dir: Path, run: Run, expected: list[np.ndarray]) -> None:
    """Loads the artifact the way TensorFlow Serving does; same numbers?"""
    with session_predict(model_dir) as predict:
        for ours, theirs in zip(run(predict), expected):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


# --- writing a case ---------------------------------------------------------


def pack(root: Path, archive: Path) -> None:
    """Writes a tar.gz whose bytes depend on nothing but names and contents."""
    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o755 if info.isdir() else 0o644
        return info

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, path.relative_to(root).as_posix(), recursive=False,
                    filter=plain)
    archive.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))


def serving_json(layout: str, outputs: list[Tensor], expected: str) -> bytes:
    """What TensorFlow Serving would print; see ../tfserving_json.cc."""
    described = [f"{t.name}:{t.dtype.name}:{'x'.join(map(str, t.shape))}"
                 for t in outputs]
    program = os.environ["TFSERVING_JSON"]
    return subprocess.run([program, layout, *described], check=True,
                          input=expected.encode(), stdout=subprocess.PIPE).stdout


def made_text(case: Case, signature: Signature, ops: list[str], gap: str) -> str:
    """The page MADE.md of a case."""
    def described(tensors: list[Tensor]) -> str:
        return ", ".join(
            f"`{t.name}` {t.dtype.name} [{', '.join(map(str, ['rows', *t.shape]))}]"
            for t in tensors)

    version = serving_dir(case.root)
    sizes = [f"{p.relative_to(case.root)} {p.stat().st_size}"
             for p in sorted(case.root.rglob("*")) if p.is_file()]
    facts = {
        "Script": f"`{case.script}`",
        "Libraries": f"Python {platform.python_version()}, TensorFlow "
                     f"{tf.__version__}, Keras {keras.__version__}, tf_keras "
                     f"{tf_keras.__version__}, numpy {np.__version__}",
        **case.facts,
        "Served version": str(version.relative_to(case.root)),
        "Inputs": described(signature.inputs),
        "Outputs": described(signature.outputs),
        "Ops of the serving graph": " ".join(ops),
        "Rows alone against one batch": gap + (
            "" if gap.startswith("identical") else " (1e-6 + 1e-6 of the value)"),
        "Bytes": f"model.tar.gz {(case.folder / 'model.tar.gz').stat().st_size}; "
                 + ", ".join(sizes),
    }
    lines = [f"# {case.folder.name}", ""]
    for paragraph in case.about:
        lines += [paragraph, ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join(lines) + "\n"


def write_golden_csv(case: Case, signature: Signature, expected: str) -> None:
    """One header line, then features and expected values side by side."""
    features = case.feature_names or [
        n for t in signature.inputs for n in t.column_names()]
    results = [n for t in signature.outputs for n in t.column_names()]
    body = [row + line.split(",")
            for row, line in zip(case.rows, expected.splitlines())]
    (case.folder / "golden.csv").write_text(csv_text([features + results, *body]))


def write(case: Case) -> None:
    """Packs and runs a saved artifact and writes the folder of its case."""
    shutil.rmtree(case.folder, ignore_errors=True)
    case.folder.mkdir(parents=True)
    pack(case.root, case.folder / "model.tar.gz")

    model_dir = serving_dir(case.root)
    meta_graph = read_meta_graph(model_dir)
    signature = read_signature(meta_graph)
    feeds = feeds_of(case.rows, signature.inputs)
    count = len(case.rows)

    def run(predict: Predict) -> list[np.ndarray]:
        return flatten(predict(feeds), signature.outputs, count)

    batch = run(case.predict or saved_predict(model_dir))
    single = run(one_by_one(case.predict or saved_predict(model_dir), count))
    if case.predict is None:
        require_served(model_dir, run, batch)

    gap = gap_text(single, batch)
    expected = csv_text([[cell_text(v) for array in batch for v in array[i]]
                         for i in range(count)])
    answer = serving_json("row", signature.outputs, expected)
    texts = {
        "input.csv": csv_text(case.rows),
        "expected.csv": expected,
        "signature.json": signature.to_json(),
        "MADE.md": made_text(case, signature, serving_ops(meta_graph), gap),
    }
    for name, text in texts.items():
        (case.folder / name).write_text(text)
    (case.folder / "expected.json").write_bytes(answer)
    (case.folder / "expected_accept_json.json").write_bytes(
        answer.replace(b"\n", b""))
    if case.golden:
        write_golden_csv(case, signature, expected)
    if case.columnar:
        (case.folder / "expected_columnar.json").write_bytes(
            serving_json("columnar", signature.outputs, expected))
    size = (case.folder / "model.tar.gz").stat().st_size
    print(f"{case.folder.name:32} {size:8} B  rows alone: {gap}", flush=True)
