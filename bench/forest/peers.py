"""Trees of XGBoost and LightGBM: clary beside other evaluators.

    make bench-forest
    python bench/forest/peers.py SCORE LOOPS FOLDER [MODEL]

SCORE and LOOPS are what score.c and loops.c are built to; FOLDER keeps the
models between runs. One process, one CPU, one thread, the same model files and rows;
each round runs every evaluator one after the other, and medians of rounds are
compared, so that the ratios hold on a machine whose clock wanders. All are
called from C (loops.c, score.c) but for lignum and ONNX Runtime, which have no
C entry in their packages that could be called without more: what Python costs
them is told by a line of its own. Writes FOLDER/result.json, prints Markdown.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time
from ctypes import byref, c_char_p, c_double, c_int, \
    c_size_t, c_void_p, cast

os.environ["OMP_NUM_THREADS"] = "1"
import lightgbm
import lignum
import lleaves
import numpy as np
import onnxruntime
import tl2cgen
import treelite
import xgboost

COLUMNS = 8
ROWS = 100000
TRAIN_ROWS = 30000
# batch: (rows that are gone through, rounds, seconds of each at least)
BATCHES = {1: (2000, 7, 0.02), 16: (3200, 7, 0.02), 1000: (5000, 7, 0.02),
           100000: (100000, 3, 0)}
MODELS = {
    "100 x depth 6": ("xgboost", 100, {"max_depth": 6, "eta": 0.1}),
    "500 x depth 8": ("xgboost", 500, {"max_depth": 8, "eta": 0.05}),
    "1000 x 255 leaves": ("lightgbm", 1000, {"num_leaves": 255,
                                             "learning_rate": 0.05,
                                             "min_data_in_leaf": 5}),
}


class Batches(ctypes.Structure):
    _fields_ = [("x", c_void_p), ("rows", c_size_t), ("columns", c_size_t),
                ("row_bytes", c_size_t), ("batch", c_size_t), ("y", c_void_p)]


def make_rows():
    draw = np.random.default_rng(1)
    x = draw.random((ROWS, COLUMNS), dtype=np.float32) * 10
    y = (np.sin(x[:, 0]) * x[:, 1] + x[:, 2] * x[:, 3] / 5
         + np.abs(x[:, 4] - 5) * np.cos(x[:, 5]) + x[:, 6] * (x[:, 7] > 4)
         + draw.normal(0, 1, ROWS))
    return x, y


def train(kind, n_trees, settings, x, y, path):
    if kind == "xgboost":
        settings = {**settings, "tree_method": "hist", "max_bin": 256,
                    "min_child_weight": 0, "nthread": 1}
        xgboost.train(settings, xgboost.DMatrix(x, y), n_trees).save_model(path)
    else:
        settings = {**settings, "verbose": -1, "num_threads": 1}
        lightgbm.train(settings, lightgbm.Dataset(x.astype(float), y),
                       n_trees).save_model(path)


class Loops:
    """What every way of measuring needs: the loops and the rows."""

    def __init__(self, library, x):
        self.library = ctypes.CDLL(library)
        self.rows = {"float32": np.ascontiguousarray(x, np.float32),
                     "float64": np.ascontiguousarray(x, np.float64)}
        self.y = np.zeros(ROWS, np.float64)

    def run(self, loop, dtype, state, batch):
        n_rows, _, seconds = BATCHES[batch]
        x = self.rows[dtype]
        batches = Batches(x.ctypes.data, n_rows, COLUMNS, x.strides[0], batch,
                          self.y.ctypes.data)
        function = self.library[loop]
        function.restype = c_double
        ns = function(byref(batches), c_double(seconds), state)
        if ns < 0:
            sys.exit(f"{loop} failed")
        return ns


def pointer_of(library, name):
    return cast(getattr(library, name), c_void_p).value


def clary(program, path, x):
    rows = path + ".rows"
    x.tofile(rows)
    process = subprocess.Popen([program, path, rows, str(COLUMNS)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    scores = []
    while (line := process.stdout.readline()) not in ("\n", ""):
        scores.append(float(line))

    def measure(batch):
        n_rows, _, seconds = BATCHES[batch]
        process.stdin.write(f"{batch} {n_rows} {seconds}\n")
        process.stdin.flush()
        return float(process.stdout.readline())
    return measure, np.array(scores)


def by_xgboost(loops, path):
    booster = xgboost.Booster({"nthread": 1}, model_file=path)
    core = ctypes.CDLL(xgboost.libpath.find_lib_path()[0])
    x = loops.rows["float32"]
    config = json.dumps({"type": 0, "training": False, "iteration_begin": 0,
                         "iteration_end": 0, "strict_shape": False,
                         "cache_id": 0, "missing": float("nan")}).encode()

    def measure(batch):
        n = BATCHES[batch][0] // batch
        arrays = (c_char_p * n)(*[json.dumps({
            "data": [x[i * batch:].ctypes.data, True], "shape":
            [batch, COLUMNS], "typestr": "<f4", "version": 3}).encode()
            for i in range(n)])
        state = (c_void_p * 4)(pointer_of(core, "XGBoosterPredictFromDense"),
                               booster.handle, cast(arrays, c_void_p),
                               cast(c_char_p(config), c_void_p))
        return loops.run("loop_xgboost", "float32", state, batch)
    return measure, booster.inplace_predict(x[:1000])


def by_lightgbm(loops, path):
    booster = lightgbm.Booster(model_file=path)
    core = lightgbm.basic._LIB
    fast = c_void_p()
    parameters = b"num_threads=1"
    if core.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, c_int(0), c_int(0), c_int(-1), c_int(1),
            c_int(COLUMNS), c_char_p(parameters), byref(fast)) != 0:
        sys.exit("LightGBM: no single row")

    def measure(batch):  # keeps booster and parameters alive
        state = (c_void_p * 5)(
            pointer_of(core, "LGBM_BoosterPredictForMat"),
            pointer_of(core, "LGBM_BoosterPredictForMatSingleRowFast"),
            booster._handle, fast, cast(c_char_p(parameters), c_void_p))
        return loops.run("loop_lightgbm", "float64", state, batch)
    return measure, booster.predict(loops.rows["float64"][:1000])


def treelite_model(kind, path):
    load = getattr(treelite.frontend, f"load_{kind}_model")
    return load(path)


def by_treelite(loops, kind, path):
    model = treelite_model(kind, path)
    core = treelite.core._LIB
    dtype = "float32" if kind == "xgboost" else "float64"
    config = c_void_p()
    text = json.dumps({"predict_type": "default", "nthread": 1}).encode()
    if core.TreeliteGTILParseConfig(c_char_p(text), byref(config)) != 0:
        sys.exit("treelite: no configuration")
    name = dtype.encode()
    scores = treelite.gtil.predict(model, loops.rows[dtype][:1000], nthread=1)

    def measure(batch):  # keeps model and name alive
        state = (c_void_p * 4)(pointer_of(core, "TreeliteGTILPredict"),
                               model.handle, config,
                               cast(c_char_p(name), c_void_p))
        return loops.run("loop_treelite", dtype, state, batch)
    return measure, scores.ravel()


def by_tl2cgen(loops, kind, path):
    built = path + ".tl2cgen.so"
    dtype = "float32" if kind == "xgboost" else "float64"
    if not os.path.exists(built):
        tl2cgen.export_lib(treelite_model(kind, path), toolchain="gcc",
                           libpath=built, params={"parallel_comp": 32},
                           nthread=2)
    library = ctypes.CDLL(built)
    state = (c_void_p * 1)(pointer_of(library, "predict"))
    predictor = tl2cgen.Predictor(built, nthread=1)
    scores = predictor.predict(tl2cgen.DMatrix(loops.rows[dtype][:1000]))
    loop = "loop_tl2cgen_f32" if kind == "xgboost" else "loop_tl2cgen_f64"
    return (lambda batch: loops.run(loop, dtype, state, batch), scores.ravel())


def by_lleaves(loops, path):
    model = lleaves.Model(path)
    # inlined, LLVM takes more than a quarter of an hour for 255,000 nodes
    model.compile(cache=path + ".lleaves.o", finline=False)

    def measure(batch):  # keeps model, which owns the code, alive
        state = (c_void_p * 1)(cast(model._c_entry_func, c_void_p).value)
        return loops.run("loop_lleaves", "float64", state, batch)
    return measure, model.predict(loops.rows["float64"][:1000], n_jobs=1)


def from_python(predict, x):
    """Measures `predict` of batches of x, the loop being Python's."""
    def measure(batch):
        n_rows, _, seconds = BATCHES[batch]
        parts = [x[r:r + batch] for r in range(0, n_rows, batch)]
        n, start = 0, time.thread_time_ns()
        while True:
            for part in parts:
                predict(part)
            n += n_rows
            ns = time.thread_time_ns() - start
            if ns >= seconds * 1e9:
                return ns / n
    return measure


def by_lignum(loops, path, compiled):
    model = lignum.load(path)
    if compiled:
        model.compile(library=path + ".lignum.so")
    inner = model._c_model
    x = loops.rows["float64"]
    predict = lambda part: inner.predict(part, False, 1, "serial")
    return from_python(predict, x), model.predict(x[:1000], n_jobs=1)


def by_onnxruntime(loops, kind, path):
    built = path + ".onnx"
    if not os.path.exists(built):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType
        shape = [("x", FloatTensorType([None, COLUMNS]))]
        if kind == "xgboost":
            # without the estimator that wraps it, which would need scikit-learn
            booster = xgboost.Booster(model_file=path)
            model = onnxmltools.convert_xgboost(booster, initial_types=shape)
        else:
            booster = lightgbm.Booster(model_file=path)
            model = onnxmltools.convert_lightgbm(booster, initial_types=shape,
                                                 zipmap=False)
        with open(built, "wb") as file:
            file.write(model.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(built, options,
                                           ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    x = loops.rows["float32"]
    run = session._sess.run
    outputs = [session.get_outputs()[0].name]
    predict = lambda part: run(outputs, {name: part}, None)
    return from_python(predict, x), predict(x[:1000])[0].ravel()


def evaluators(loops, program, kind, path, x):
    found = {"clary": clary(program, path, x)}
    makers = {
        "libxgboost": kind == "xgboost" and (lambda: by_xgboost(loops, path)),
        "LightGBM": kind == "lightgbm" and (lambda: by_lightgbm(loops, path)),
        "treelite": lambda: by_treelite(loops, kind, path),
        # gcc takes most of an hour for the C of 255,000 LightGBM nodes, here
        # and below
        "tl2cgen": kind == "xgboost" and (
            lambda: by_tl2cgen(loops, kind, path)),
        "lleaves": kind == "lightgbm" and (lambda: by_lleaves(loops, path)),
        "lignum": lambda: by_lignum(loops, path, False),
        "lignum, compiled": kind == "xgboost" and (
            lambda: by_lignum(loops, path, True)),
        "ONNX Runtime": lambda: by_onnxruntime(loops, kind, path),
    }
    for name, make in makers.items():
        if make:
            found[name] = make()
    expected = found["clary"][1][:1000]
    for name, (_, scores) in found.items():
        apart = np.max(np.abs(np.asarray(scores[:1000], float) - expected))
        print(f"{path}: {name}: at most {apart:.2g} from clary",
              file=sys.stderr)
        if not apart < 1e-3:
            sys.exit(f"{name} does not predict what clary predicts")
    return {name: measure for name, (measure, _) in found.items()}


def measure_all(ways):
    """{batch: {name: [ns a row of each round]}}"""
    result = {}
    for batch, (_, rounds, _) in BATCHES.items():
        result[batch] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, measure in ways.items():
                result[batch][name].append(measure(batch))
    return result


def show(model, result):
    names = list(next(iter(result.values())))
    print(f"\n{model}, ns a row (times clary's)\n")
    print("| | " + " | ".join(f"batch {b:,}" for b in result) + " |")
    print("|---|" + "--:|" * len(result))
    for name in names:
        cells = []
        for times in result.values():
            own = statistics.median(times["clary"])
            ns = statistics.median(times[name])
            ratio = "" if name == "clary" else f" ({ns / own:.2g}x)"
            cells.append(f"{ns:,.0f}{ratio}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    sys.stdout.flush()


def main():
    program, library, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    x, y = make_rows()
    results = {}
    loops = Loops(os.path.abspath(library), x)
    empty = from_python(lambda part: None, x)(1)
    print(f"What Python adds to lignum and ONNX Runtime: at least "
          f"{empty:.0f} ns a call.")
    for name, (kind, n_trees, settings) in MODELS.items():
        if len(sys.argv) > 4 and sys.argv[4] not in name:
            continue
        path = os.path.join(folder, name.replace(" ", "-")
                            + (".json" if kind == "xgboost" else ".txt"))
        if not os.path.exists(path):
            train(kind, n_trees, settings, x[:TRAIN_ROWS], y[:TRAIN_ROWS],
                  path)
        results[name] = measure_all(evaluators(loops, program, kind, path, x))
        show(name, results[name])
    with open(os.path.join(folder, "result.json"), "w") as file:
        json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
