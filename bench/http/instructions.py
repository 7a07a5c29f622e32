"""Instructions of a request in user space: the one figure that a noisy machine
repeats, and so the one that is held. An empty libmicrohttpd handler
(empty_server.c) takes some 30,760 of them, 24,500 of which clear its pool, and
a one-row request of clary may take MOST_ABOVE more.

    python3 bench/http/instructions.py           prints, and compares with
                                                 bench/http/instructions.json
    python3 bench/http/instructions.py --write   writes that file
    python3 bench/http/instructions.py --profile which functions they are in:
                                                 bench/http/profile.txt

needs valgrind (scripts/setup.sh bench). The server runs under callgrind once
with FEW requests and once with many more; what a request takes is the
difference, so that start and end do not count. More than TOLERANCE times the
committed figure is a failure: what costs more says so in a commit of that
file. So is a request that takes memory from the heap.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

from load import CSV, ROOT, ROW, Connection, request_bytes
from contract.server import CLARY, GOLDEN, Server, free_port

FIGURES = pathlib.Path(__file__).with_suffix(".json")
TOLERANCE = 1.03
EMPTY = "an empty handler"
MOST_ABOVE = 5000
FEW = 10
RANGES = ((0.5, 15), (1, 52), (1, 140), (0.3, 34), (3, 35682), (0.7, 1243),
          (32.5, 42), (-124.4, -114.3))  # of the housing features


def xgboost_tree(rng, number, depth):
    """A complete tree as XGBoost writes it, with splits anywhere in the
    ranges."""
    inner = 2**depth - 1
    nodes = range(2 * inner + 1)
    feature = [rng.randrange(8) if i < inner else 0 for i in nodes]
    return {
        "id": number,
        "tree_param": {"num_nodes": str(len(nodes)), "num_feature": "8",
                       "num_deleted": "0", "size_leaf_vector": "1"},
        "left_children": [2 * i + 1 if i < inner else -1 for i in nodes],
        "right_children": [2 * i + 2 if i < inner else -1 for i in nodes],
        "parents": [(i - 1) // 2 if i else 2147483647 for i in nodes],
        "split_indices": feature,
        "split_conditions": [
            round(rng.uniform(*RANGES[feature[i]]) if i < inner
                  else rng.uniform(-0.1, 0.1), 6)
            for i in nodes
        ],
        "default_left": [rng.randrange(2) if i < inner else 0 for i in nodes],
        "base_weights": [0.0 for _ in nodes],
        "loss_changes": [0.0 for _ in nodes],
        "sum_hessian": [1.0 for _ in nodes],
        "split_type": [0 for _ in nodes],
        "categories": [], "categories_nodes": [],
        "categories_segments": [], "categories_sizes": [],
    }


def write_forest(folder, n_trees=100, depth=6):
    rng = random.Random(1)
    model = {
        "version": [2, 1, 0],
        "learner": {
            "attributes": {}, "feature_names": [], "feature_types": [],
            "learner_model_param": {"base_score": "5E-1", "num_class": "0",
                                    "num_feature": "8", "num_target": "1"},
            "objective": {"name": "reg:squarederror",
                          "reg_loss_param": {"scale_pos_weight": "1"}},
            "gradient_booster": {
                "name": "gbtree",
                "model": {
                    "gbtree_model_param": {"num_trees": str(n_trees),
                                           "num_parallel_tree": "1"},
                    "trees": [xgboost_tree(rng, i, depth)
                              for i in range(n_trees)],
                    "tree_info": [0] * n_trees,
                },
            },
        },
    }
    path = pathlib.Path(folder) / "xgboost-model"
    path.write_text(json.dumps(model))


def wait_for_log(server, text, seconds=120):
    """Asking whether it is ready would be counted, some number of times."""
    ends = time.monotonic() + seconds
    while text not in server.output():
        assert server.process.poll() is None and time.monotonic() < ends, \
            server.output()
        time.sleep(0.1)


def instructions(model, rows, count, out):
    """{function: instructions} of a server that answers `count` times."""
    port = free_port()
    # what the event loop does: the model is measured at start, for a time
    command = ["valgrind", "--tool=callgrind", "-q",
               "--toggle-collect=MHD_run_wait",
               f"--callgrind-out-file={out}", CLARY, "serve", "--model", model,
               "--port", str(port)]
    # the model is measured under valgrind, too: without the budget it would
    # seem slow enough for the workers, or not, as it happens
    settings = {"CLARY_THREADS": "1", "CLARY_PIECE_BUDGET_US": "60000000"}
    server = Server(model, settings, command, port)
    wait_for_log(server, '"event":"ready"')
    ask(port, rows, count)
    assert server.stop(120) == 0, server.output()
    return self_costs(out)


def ask(port, rows, count):
    request = request_bytes("POST", "/invocations", CSV, ROW * rows)
    with Connection(port, timeout=120) as connection:
        for _ in range(count):
            connection.send(request)
            assert connection.read().status == 200


def instructions_of_empty(count, out):
    """{function: instructions} of the empty handler's."""
    port = free_port()
    server = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={out}",
         CLARY.parent / "bench/empty_server", str(port)])
    try:
        wait_for_listener(server, port)
        ask(port, 1, count)
    finally:
        server.terminate()
        server.wait(120)
    assert server.returncode == 0
    return self_costs(out)


def wait_for_listener(server, port, seconds=120):
    """Not by connecting, which would be counted."""
    listens = f":{port:04X} 00000000:0000 0A"
    ends = time.monotonic() + seconds
    while listens not in pathlib.Path("/proc/net/tcp").read_text():
        assert server.poll() is None and time.monotonic() < ends
        time.sleep(0.1)


def self_costs(path):
    """{function: instructions} of a callgrind file, calls left out. A name
    stands where its number is first used."""
    names, costs = {}, collections.Counter()
    places = {"ob": "", "fn": ""}
    is_call = False
    for line in pathlib.Path(path).read_text().splitlines():
        if place := re.match(r"(ob|fn)=(\(\d+\))(?: (.*))?$", line):
            kind, number, name = place.groups()
            key = kind, number
            names[key] = name or names[key]
            places[kind] = names[key]
        elif called := re.match(r"c(ob|fn)=(\(\d+\)) (.*)$", line):
            names[called[1], called[2]] = called[3]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[-+*\d]", line):
            if not is_call:
                costs[function_name(**places)] += int(line.split()[1])
            is_call = False
    return costs


def function_name(ob, fn):
    library = pathlib.Path(ob).name.split(".so")[0]
    fn = re.sub(r"'\d+$", "", fn)
    if library.startswith("libmicrohttpd"):
        return "libmicrohttpd"
    return fn if library == "clary" else f"{fn} ({library})"


def of_a_request(model, rows, many, out):
    """The same of one request among many."""
    return of_one(lambda count: instructions(model, rows, count, out), many)


def of_one(count_instructions, many):
    few, costs = count_instructions(FEW), count_instructions(FEW + many)
    return {name: (costs[name] - few[name]) / many for name in costs}


def profile():
    """Prints what makes up a request, of the functions those with the most."""
    housing = GOLDEN / "california-housing/model.tar.gz"
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        for rows, many in ((1, 500), (1000, 40)):
            costs = of_a_request(housing, rows, many, out)
            total = sum(costs.values())
            print(f"{rows:,} row{'s'[:rows > 1]} of the housing model: "
                  f"{total:,.0f} instructions a request")
            for name in sorted(costs, key=costs.get, reverse=True)[:25]:
                print(f"{costs[name]:12,.0f} {100 * costs[name] / total:5.1f} %"
                      f"  {name}")
            print()


def measure():
    housing = GOLDEN / "california-housing/model.tar.gz"
    with tempfile.TemporaryDirectory() as folder:
        write_forest(folder)
        cases = {
            "one row": (housing, 1, 500),
            "1,000 rows": (housing, 1000, 40),
            "one row, 100 trees of depth 6": (folder, 1, 500),
            "1,000 rows, 100 trees of depth 6": (folder, 1000, 40),
        }
        out = pathlib.Path(folder) / "callgrind.out"
        costs = {what: of_a_request(model, rows, many, out)
                 for what, (model, rows, many) in cases.items()}
        costs[EMPTY] = of_one(lambda count: instructions_of_empty(count, out),
                              500)
        return costs


def allocators(costs):
    """Those of the functions that take memory or give some back which every
    request calls; less than one instruction of each is a buffer that grew."""
    names = ("malloc", "calloc", "realloc", "aligned_alloc", "_int_free")
    return [name for name in names if costs.get(f"{name} (libc)", 0) >= 1]


def main():
    if sys.argv[1:] == ["--profile"]:
        profile()
        return 0
    costs = measure()
    found = {what: round(sum(of.values())) for what, of in costs.items()}
    if sys.argv[1:] == ["--write"]:
        FIGURES.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    wanted = json.loads(FIGURES.read_text())
    failed = 0
    print(f"instructions of a request{'':12}now   committed   ratio")
    for what in found | wanted:
        now, then = found.get(what), wanted.get(what)
        is_good = now and then and now <= then * TOLERANCE
        failed += not is_good
        print(f"  {what:32}{now or 0:10}{then or 0:12}"
              f"{now / then if now and then else 0:8.3f}"
              f"{'' if is_good else '   FAILED'}")
    above = found["one row"] - found[EMPTY]
    failed += above > MOST_ABOVE
    print(f"  one row above an empty handler  {above:10}{MOST_ABOVE:12}"
          f"{'' if above <= MOST_ABOVE else '           FAILED'}")
    for what, of in costs.items():
        failed += bool(allocators(of))
        print(f"  {what:32} " + (f"{', '.join(allocators(of))}   FAILED"
                                 if allocators(of) else "no memory is taken"))
    print(f"{len(found | wanted) + 1 + len(costs) - failed} passed, "
          f"{failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
