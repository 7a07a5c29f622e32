"""clary beside what a user would pick instead: same models, same bytes, same
load tools, one machine, one run.

    make bench-peers          (Java, nginx and wrk by scripts/setup.sh bench;
                               packages into build/venv-peers, about 3 GB)

Closed loop: wrk, 1, 8 and 64 connections, bodies of 1, 100 and 10,000 rows.
Open loop: one row, Poisson arrivals, 100 a second and half of what each server
took from 8 connections; latency counts from when a request was due.
Cold start: process start to the first right prediction, with files in the page
cache. Memory: proportional set size after the load. Every server gets as many
processes or threads as there are cores, shares them with the load tool, and
runs alone. All answers are compared with clary's before anything is timed.

Writes bench/results/peers.json and peers.md; pictures.py draws from the former.

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

from servers import CLARY, ROOT, SERVERS, VENV, Peer
from load import ROW, wrk

RESULTS = ROOT / "bench/results"
ROUNDS, SECONDS = 3, 2
ROWS = (1, 100, 10000)
CONNECTIONS = (1, 8, 64)
LIBRARIES = {
    "clary": [],
    "nginx + gunicorn + flask": ["flask", "gunicorn", "gevent", "pandas"],
    "multi-model-server + sagemaker-inference": ["mms", "sagemaker_inference",
                                                 "pandas"],
    "MLServer": ["mlserver", "pandas"],
    "FastAPI": ["fastapi", "uvicorn", "pandas"],
}


def check_answer(peer, wanted, got):
    a = [float(x) for x in wanted.split()]
    b = [float(x) for x in got.split()]
    assert len(a) == len(b) and all(
        abs(x - y) <= 1e-5 + 1e-5 * abs(x) for x, y in zip(a, b)
    ), f"{peer.name} answers {got[:100]}, not {wanted[:100]}"


def settle(peer):
    """Waits out the work whose clients have gone."""
    quick = 0
    for _ in range(200):
        began = time.monotonic()
        peer.ask(ROW)
        quick = quick + 1 if time.monotonic() - began < 0.1 else 0
        if quick == 5:
            return


def open_loop(peer, rate, body):
    settle(peer)
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return json.loads(subprocess.run(
            [CLARY.parent / "bench/open_loop", str(peer.port), "/invocations",
             "text/csv", file.name, f"{rate:.1f}", "8", "64"],
            check=True, capture_output=True, text=True, timeout=60,
        ).stdout)


def closed_loop(peer, rows, connections):
    runs, busy = [], []
    for _ in range(ROUNDS):
        settle(peer)
        before = peer.cpu_seconds()
        runs.append(wrk(peer, connections, SECONDS, body=ROW * rows))
        done = runs[-1]["good"] * SECONDS
        if done:
            busy.append((peer.cpu_seconds() - before) / done * 1e6)
    return {
        "requests_per_s": statistics.median(r["good"] for r in runs),
        "spread": [min(r["good"] for r in runs), max(r["good"] for r in runs)],
        "errors_per_s": statistics.median(r["bad"] for r in runs),
        "p50_us": statistics.median(r[50] for r in runs),
        "p99_us": statistics.median(r[99] for r in runs),
        # of the server's own processes, a request
        "cpu_us": statistics.median(busy) if busy else None,
    }


def disk_mb(name, library):
    """clary's stripped program and all shared libraries that it links; of a
    Python server the packages by name that it imports, with what they need,
    without the interpreter and its libraries."""
    if name == "clary":
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(["strip", "-o", file.name, CLARY], check=True)
            linked = subprocess.run(["ldd", CLARY], check=True, text=True,
                                    capture_output=True).stdout
            files = [file.name, *re.findall(r"=> (/\S+)", linked)]
            return sum(pathlib.Path(f).stat().st_size for f in files) / 1e6
    code = (
        "import sys, pathlib\n"
        f"for name in {[*LIBRARIES[name], library]!r}: __import__(name)\n"
        "packages = {m.split('.')[0] for m in sys.modules}\n"
        "site = pathlib.Path(next(p for p in sys.path if 'site-pack' in p))\n"
        "print(sum(f.stat().st_size for p in packages | {p + '.libs' for p in "
        "packages} for f in (site / p).rglob('*') if f.is_file()))"
    )
    out = subprocess.run([VENV / "bin/python", "-c", code], check=True,
                         capture_output=True, text=True).stdout
    return int(out) / 1e6


def measure(name, model, wanted):
    starts = []
    for _ in range(ROUNDS):
        peer = Peer(name, model)
        seconds, answer = peer.wait(ROW)
        starts.append(seconds)
        if len(starts) < ROUNDS:
            peer.stop()
    try:
        for rows in ROWS:
            answer = peer.ask(ROW * rows)
            check_answer(peer, wanted.setdefault(rows, answer), answer)
        result = {
            "library": peer.library,
            "start_s": statistics.median(starts),
            "closed": {f"{rows} rows, {n} connections":
                       closed_loop(peer, rows, n)
                       for rows in ROWS for n in CONNECTIONS},
        }
        best = result["closed"]["1 rows, 8 connections"]["requests_per_s"]
        result["open"] = {"half of its own": open_loop(peer, best / 2, ROW),
                          "100 a second": open_loop(peer, 100, ROW)}
        result["memory_mb"] = peer.memory_mb()
        result["disk_mb"] = disk_mb(name, peer.library)
    finally:
        peer.stop()
    return result


def cpu_name():
    with open("/proc/cpuinfo") as info:
        return next(line.split(": ")[1].strip() for line in info
                    if line.startswith("model name"))


def told(name, result):
    return f"{name}, {result['library']}" if result["library"] else name


def lines(results):
    """Markdown."""
    yield (f"{results['cpu']}, {results['cores']} cores, shared by server and "
           f"load tool. Medians of {ROUNDS} rounds; in brackets how many times "
           "as much clary does.\n")
    for model, servers in results["models"].items():
        yield f"\n### {model}\n"
        heads = [f"{r} row{'s'[:r > 1]}, {n} conn." for r in ROWS
                 for n in CONNECTIONS]
        yield "| requests/s | " + " | ".join(heads) + " |"
        yield "|---|" + "---:|" * len(heads)
        ours = servers["clary"]["closed"]
        for name, result in servers.items():
            cells = []
            for key, it in result["closed"].items():
                rate = it["requests_per_s"]
                times = ours[key]["requests_per_s"] / rate if rate else 0
                cells.append(f"{rate:,.0f}" if name == "clary"
                             else f"{rate:,.0f} ({times:.3g})")
            yield f"| {told(name, result)} | " + " | ".join(cells) + " |"
        yield ("\n| | start to first prediction | memory, MB | on disk, MB | "
               "100/s: p50, p99, p99.9 us | at half of its own rate: rate, "
               "p50, p99, p99.9 us |")
        yield "|---|---:|---:|---:|---:|---:|"
        for name, result in servers.items():
            hundred, half = (result["open"][key]["us"] for key in
                             ("100 a second", "half of its own"))
            picked = [", ".join(f"{us[p]:.0f}" if us else "none"
                                for p in ("50", "99", "99.9"))
                      for us in (hundred, half)]
            rate = result["open"]["half of its own"]["rate"]
            yield (f"| {told(name, result)} | {result['start_s']:.3g} s "
                   f"| {result['memory_mb']:.0f} | {result['disk_mb']:.1f} | "
                   f"{picked[0]} | {rate:.0f}, {picked[1]} |")


def main():
    models = sys.argv[1:] or ["mlp", "forest"]
    cores = len(platform.os.sched_getaffinity(0))
    results = {"cpu": cpu_name(), "cores": cores, "models": {}}
    for model in models:
        wanted = {}
        results["models"][model] = {}
        for name in SERVERS:
            print(f"{model}: {name}", file=sys.stderr, flush=True)
            results["models"][model][name] = measure(name, model, wanted)
            RESULTS.mkdir(exist_ok=True)
            path = RESULTS / "peers.json"
            path.write_text(json.dumps(results, indent=1) + "\n")
    text = "\n".join(lines(results)) + "\n"
    pathlib.Path(RESULTS / "peers.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
