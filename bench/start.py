"""From nothing to the first right prediction: the program of the image, as its
container runs it, and beside it what a Python container would start.

    make bench-start                 builds the image, if need be, and runs it
    bench/start.py [--alone] [ARCH]  --alone: no Python beside it

The housing model in a folder, as SageMaker unpacks it. The time counts from
the exec to the last byte of the first prediction that is right; a client asks
every 0.2 ms from the start. Warm: all files in the page cache. Cold: those of
the program and the model dropped from it before each run. Everything in a
network namespace of its own, so that no other server can answer.

The image's size stands beside that of the Python packages alone, without
interpreter, nginx and system. The bars are printed beside the figures, not
enforced: a machine may be busy. The exit status is about wrong answers only.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
HOUSING = ROOT / "tests/golden/savedmodel/california-housing"
PORT = 8080
WARM_RUNS, COLD_RUNS = 40, 15
DEADLINE_S = 60
PEER = "nginx + gunicorn + flask"
# what the figures are held to
BARS = {"warm ms": 5, "cold ms": 20, "resident MB": 8}
ARCHIVE_BARS = {"amd64": (10, 3), "arm64": (5, 3)}


def in_a_namespace():
    """Starts this script again, alone on a loopback."""
    if os.environ.get("START_IN_NAMESPACE"):
        return
    os.environ["START_IN_NAMESPACE"] = "1"
    rootless = [] if os.getuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", [
        "unshare", "--net", *rootless, "sh", "-c",
        'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv,
    ])


class Start:
    """One run of the program."""

    def __init__(self, program, model, row, expected):
        self.expected = expected
        self.request = (
            b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: text/csv\r\nAccept: text/csv\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
        ) % (len(row), row)
        self.command = [program, "serve", "--model", model, "--port",
                        str(PORT)]

    def first_answer(self):
        """The reply with a prediction; None: not yet."""
        with socket.socket() as client:
            try:
                client.connect(("127.0.0.1", PORT))
                client.sendall(self.request)
                reply = b""
                while piece := client.recv(1 << 16):
                    reply += piece
            except ConnectionError:
                return None
        head, _, body = reply.partition(b"\r\n\r\n")
        return body if b" 200 " in head.split(b"\r\n")[0] else None

    def run(self, beside=()):
        """(ms to the first prediction, bytes resident after it). `beside`: a
        command that runs the program as its own process."""
        environment = {"OPENBLAS_NUM_THREADS": "1", "CLARY_SANDBOX": "on",
                       "CLARY_LOG": "none"}
        began = time.perf_counter()
        command = [*beside, *self.command]
        pid = os.posix_spawnp(command[0], command, environment)
        try:
            while (body := self.first_answer()) is None:
                if time.perf_counter() - began > DEADLINE_S:
                    raise SystemExit("no answer")
                time.sleep(0.0002)
            ms = 1000 * (time.perf_counter() - began)
            with open(f"/proc/{pid}/statm") as statm:
                pages = int(statm.read().split()[1])
        finally:
            os.kill(pid, 15)
            _, status = os.waitpid(pid, 0)
        if abs(float(body) - self.expected) > 1e-6 * abs(self.expected):
            raise SystemExit(f"a wrong prediction: {body!r}")
        if status != 0:
            raise SystemExit(f"it ended with the status {status}")
        return ms, pages * os.sysconf("SC_PAGE_SIZE")

    def system_calls(self, folder):
        """What `strace -c` says of a run, by their number; its end as well."""
        report = folder / "strace"
        self.run(("strace", "-D", "-f", "-c", "-S", "calls", "-U",
                  "name,calls", "-o", str(report)))
        while not report.is_file() or "total" not in report.read_text():
            time.sleep(0.01)
        lines = (line.split() for line in report.read_text().splitlines())
        return {words[0]: int(words[1]) for words in lines
                if len(words) == 2 and words[1].isdigit()}


def drop_from_cache(files):
    for file in files:
        with open(file, "rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def unpack_program(arch, folder):
    path = folder / "clary"
    with open(path, "wb") as file:
        subprocess.run(
            [ROOT / "scripts/image/unpack.sh", arch, "usr/local/bin/clary"],
            cwd=ROOT, stdout=file, check=True,
        )
        os.fsync(file.fileno())  # a page that is not written stays in memory
    path.chmod(0o755)
    return path


def unpack_model(folder):
    model = folder / "model"
    with tarfile.open(HOUSING / "model.tar.gz") as archive:
        archive.extractall(model, filter="data")
    os.sync()
    return model


def image_sizes(arch):
    """MB of the program's image: (unpacked, to pull)."""
    folder = ROOT / "build/image" / arch
    manifest = json.loads((folder / "manifest.json").read_text())
    unpacked = sum(
        entry.size
        for layer in manifest["layers"]
        for entry in tarfile.open(folder / layer["digest"][7:]).getmembers()
    )
    pulled = sum(layer["size"] for layer in manifest["layers"])
    return unpacked / 1e6, pulled / 1e6


def measure_clary(arch, row, expected):
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        folder = pathlib.Path(folder)
        program = unpack_program(arch, folder)
        model = unpack_model(folder)
        start = Start(str(program), str(model), row, expected)
        start.run()
        warm = [start.run() for _ in range(WARM_RUNS)]
        files = [program, *(f for f in model.rglob("*") if f.is_file())]
        cold = []
        for _ in range(COLD_RUNS):
            drop_from_cache(files)
            cold.append(start.run()[0])
        calls = start.system_calls(folder) if shutil.which("strace") else {}
    return {
        "system calls": calls,
        "warm ms": [ms for ms, _ in warm],
        "cold ms": cold,
        "resident MB": [resident / 1e6 for _, resident in warm],
    }


def measure_peer(row, expected):
    """The same model by TensorFlow, behind flask, gunicorn and nginx; the
    second start, so that its files are in the page cache."""
    sys.path.insert(0, str(ROOT / "bench/peers"))
    from run import disk_mb
    from servers import Peer

    for _ in range(2):
        peer = Peer(PEER, "mlp")
        seconds, answer = peer.wait(row)
        memory = peer.memory_mb() * (1 << 20) / 1e6
        peer.stop()
        if abs(float(answer) - expected) > 1e-5 * abs(expected):
            raise SystemExit(f"{PEER}: a wrong prediction: {answer!r}")
    return {"warm ms": 1000 * seconds, "resident MB": memory,
            "MB": disk_mb(PEER, "tensorflow")}


def print_table(arch, clary, peer):
    unpacked, pulled = image_sizes(arch)
    rows = [
        ("image, MB", unpacked, "", ARCHIVE_BARS[arch][0],
         peer and peer["MB"]),
        ("to pull, MB", pulled, "", ARCHIVE_BARS[arch][1], None),
    ]
    for name, bar in BARS.items():
        figures = clary[name]
        spread = f"{min(figures):.1f} to {max(figures):.1f}"
        rows.append((name, statistics.median(figures), spread, bar,
                     peer and peer.get(name)))
    print(f"| | clary ({arch}) | of all runs | at most | {PEER} | ratio |")
    print("|---|---|---|---|---|---|")
    for name, figure, spread, bar, other in rows:
        held = "" if figure <= bar else " MISSED"
        beside = (f"{other:.0f} | {other / figure:.0f}" if other else " | ")
        print(f"| {name} | {figure:.2f}{held} | {spread} | {bar} | {beside} |")


def print_calls(calls):
    print("\n`strace -c`, from the exec to the end: "
          + ", ".join(f"{calls[name]:,} {name}" for name in calls
                      if name != "total")
          + f"; {calls['total']:,} in all")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("arch", nargs="?", default="amd64",
                        choices=["amd64", "arm64"])
    arguments = parser.parse_args()
    in_a_namespace()
    row = (HOUSING / "input.csv").read_bytes().splitlines()[0]
    expected = float((HOUSING / "expected.csv").read_text().split()[0])
    clary = measure_clary(arguments.arch, row, expected)
    peer = None if arguments.alone else measure_peer(row, expected)
    print_table(arguments.arch, clary, peer)
    if clary["system calls"]:
        print_calls(clary["system calls"])


if __name__ == "__main__":
    main()
