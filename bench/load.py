"""Loads one large XGBoost model in every format, with clary and with XGBoost.

    bench/load.py BENCH_LOAD [MIB]

BENCH_LOAD is the program of bench_load.c. XGBoost must be importable, in a
version that still writes the binary format (3.0 or earlier). The model is made
once, in build/bench-load: 20 trees of depth 10, as often as makes MIB (100)
mebibytes of JSON. Each load is a process of its own, the fastest of three
counts; peak memory is the process's largest resident set without that of the
same process before it loads.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import pickle
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "build/bench-load"
FILES = ["model.json", "model.ubj", "model.bin", "model.pkl"]

# Prints seconds of CPU time and of the clock, and bytes of peak memory.
LOAD = """
import pickle, sys, time
import numpy, xgboost

def peak():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024

before = peak()
began, wall = time.process_time(), time.perf_counter()
path = sys.argv[1]
if path.endswith(".pkl"):
    with open(path, "rb") as file:
        booster = pickle.load(file)
else:
    booster = xgboost.Booster(model_file=path)
print(time.process_time() - began, time.perf_counter() - wall, peak() - before)
"""


def make(mib: int) -> None:
    import numpy as np
    import xgboost as xgb

    rng = np.random.default_rng(7)
    x = rng.normal(size=(20000, 12)).astype(np.float32)
    y = np.sin(x[:, 0] * 3) + x[:, 1] * x[:, 2] + rng.normal(size=len(x))
    booster = xgb.train({"max_depth": 10, "tree_method": "hist", "nthread": 2,
                         "min_child_weight": 5}, xgb.DMatrix(x, label=y), 20)
    text = booster.save_raw("json").decode()
    model = json.loads(text)
    trees = model["learner"]["gradient_booster"]["model"]
    times = (mib << 20) // len(text) + 1  # the same trees again and again
    trees["trees"] = [dict(tree, id=i) for i, tree in
                      enumerate(trees["trees"] * times)]
    n = len(trees["trees"])
    trees["tree_info"] = [0] * n
    trees["iteration_indptr"] = list(range(n + 1))
    trees["gbtree_model_param"]["num_trees"] = str(n)
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(model).encode()))
    n_leaves = trees["trees"][0]["left_children"].count(-1)
    print(f"{n} trees of {n_leaves} leaves and the like")
    FOLDER.mkdir(parents=True, exist_ok=True)
    booster.save_model(FOLDER / "model.json")
    booster.save_model(FOLDER / "model.ubj")
    (FOLDER / "model.bin").write_bytes(booster.save_raw("deprecated"))
    (FOLDER / "model.pkl").write_bytes(pickle.dumps(booster))


def main() -> None:
    bench = sys.argv[1]
    mib = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    json_file = FOLDER / "model.json"
    if not json_file.exists() or json_file.stat().st_size >> 20 < mib:
        make(mib)
    print("clary", flush=True)
    subprocess.run([bench, *(FOLDER / name for name in FILES)], check=True)
    import xgboost
    print(f"XGBoost {xgboost.__version__}")
    for name in FILES:
        size = (FOLDER / name).stat().st_size / 2**20
        loads = []
        for _ in range(3):
            done = subprocess.run([sys.executable, "-c", LOAD, FOLDER / name],
                                  check=True, capture_output=True, text=True)
            loads.append([float(part) for part in done.stdout.split()])
        seconds, wall, memory = min(loads)
        print(f"{name:12} {size:6.1f} MiB {seconds:7.3f} s (wall {wall:.3f}) "
              f"{size / seconds:7.1f} MiB/s  peak {memory / 2**20:6.1f} MiB")


if __name__ == "__main__":
    main()
