"""Starts each server of the comparison on a port of 127.0.0.1.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench/http"))

from load import CLARY, free_port  # noqa: E402

VENV = ROOT / "build/venv-peers"
MODELS = ROOT / "build/peers"
CORES = os.cpu_count()
taken = set()

NGINX = """
{user} worker_processes 1; daemon off; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 2048; }}
http {{ access_log off; client_max_body_size 20m;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  upstream gunicorn {{ server unix:{folder}/gunicorn.sock; }}
  server {{ listen 127.0.0.1:{port}; keepalive_timeout 5;
    location / {{ proxy_set_header Host $http_host;
      proxy_redirect off; proxy_pass http://gunicorn; }} }} }}
"""


def flask_commands(folder, port):
    (folder / "nginx.conf").write_text(NGINX.format(
        user="user root;" if os.getuid() == 0 else "", folder=folder,
        port=port))
    return [
        [VENV / "bin/gunicorn", "--timeout", "60", "-k", "gevent", "-b",
         f"unix:{folder}/gunicorn.sock", "-w", str(CORES), "flask_app:app"],
        ["nginx", "-c", folder / "nginx.conf"],
    ]


def fastapi_commands(folder, port):
    return [[VENV / "bin/uvicorn", "--port", str(port), "--workers",
             str(CORES), "--no-access-log", "--log-level", "warning",
             "fastapi_app:app"]]


def low_port():
    """multi-model-server knows no others."""
    while (port := random.randrange(10000, 30000)) in taken:
        pass
    taken.add(port)
    return port


def mms_commands(folder, port):
    model = folder / "store/peer"
    (model / "MAR-INF").mkdir(parents=True)
    for name in ("mms_service.py", "predictor.py"):
        (model / name).write_bytes((HERE / name).read_bytes())
    (model / "MAR-INF/MANIFEST.json").write_text(json.dumps({
        "runtime": "python", "modelServerVersion": "1.0",
        "specificationVersion": "1.0", "implementationVersion": "1.0",
        "model": {"modelName": "peer", "handler": "mms_service:handle"},
    }))
    (folder / "mms.properties").write_text(
        f"inference_address=http://127.0.0.1:{port}\n"
        f"management_address=http://127.0.0.1:{low_port()}\n"
        f"model_store={folder}/store\nload_models=ALL\n"
        f"default_workers_per_model={CORES}\n"
        "preload_model=false\nenable_envvars_config=false\n"
        "max_request_size=20000000\ndecode_input_request=false\n"
    )
    return [[VENV / "bin/multi-model-server", "--start", "--foreground",
             "--mms-config", folder / "mms.properties"]]


def mlserver_commands(folder, port):
    (folder / "model-settings.json").write_text(json.dumps({
        "name": "peer", "implementation": "mlserver_runtime.Runtime",
    }))
    (folder / "settings.json").write_text(json.dumps({
        "host": "127.0.0.1", "http_port": port, "grpc_port": free_port(),
        "metrics_port": free_port(), "parallel_workers": 0, "debug": False,
        "load_models_at_startup": True, "use_structured_logging": False,
    }))
    return [[VENV / "bin/mlserver", "start", folder]]


def clary_commands(folder, port):
    model = os.environ["MODEL_FOLDER"]
    return [[CLARY, "serve", "--model", model, "--port", str(port)]]


# name: (commands, libraries by model)
SERVERS = {
    "clary": (clary_commands, {"mlp": "", "forest": ""}),
    "nginx + gunicorn + flask": (
        flask_commands, {"mlp": "tensorflow", "forest": "xgboost"}),
    "multi-model-server + sagemaker-inference": (
        mms_commands, {"mlp": "tensorflow", "forest": "xgboost"}),
    "MLServer": (mlserver_commands,
                 {"mlp": "onnxruntime", "forest": "xgboost"}),
    "FastAPI": (fastapi_commands,
                {"mlp": "onnxruntime", "forest": "xgboost"}),
}


class Peer:
    """One server with one model; `stop` ends all of its processes."""

    def __init__(self, name, model):
        commands, libraries = SERVERS[name]
        self.name, self.model, self.library = name, model, libraries[model]
        self.temporary = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.temporary.name)
        self.port = low_port()
        environment = {
            **os.environ, "MODEL_FOLDER": str(MODELS / model),
            "LIBRARY": self.library, "PYTHONPATH": str(HERE),
            "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1",
            "PATH": f"{VENV}/bin:{os.environ['PATH']}",
        }
        os.environ["MODEL_FOLDER"] = environment["MODEL_FOLDER"]
        self.log = open(folder / "log", "wb")
        self.began = time.monotonic()
        self.processes = [
            subprocess.Popen(list(map(str, command)), env=environment,
                             cwd=folder, stdout=self.log, stderr=self.log,
                             start_new_session=True)
            for command in commands(folder, self.port)
        ]

    def ask(self, body, timeout=60):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations", body,
            {"Content-Type": "text/csv", "Accept": "text/csv"},
        )
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.read()

    def wait(self, row, seconds=180):
        """The first prediction: (seconds since the start, it)."""
        while True:
            try:
                answer = self.ask(row)
                return time.monotonic() - self.began, answer
            except OSError:
                over = time.monotonic() - self.began > seconds
                gone = any(p.poll() is not None for p in self.processes)
                if over or gone:
                    self.log.flush()
                    log = pathlib.Path(self.log.name).read_text()
                    self.stop()
                    raise SystemExit(f"{self.name} did not start:\n"
                                     f"{log[-3000:]}")
                time.sleep(0.002 if self.name == "clary" else 0.02)

    def pids(self):
        """The processes of its sessions."""
        sessions = {p.pid for p in self.processes}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if os.getsid(int(entry)) in sessions:
                        yield int(entry)
                except ProcessLookupError:
                    pass

    def cpu_seconds(self):
        """User and system, of all its processes so far."""
        total = 0
        for pid in self.pids():
            try:
                text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            user, system = text.rpartition(")")[2].split()[11:13]
            total += int(user) + int(system)
        return total / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        """Proportional set size: what is shared counts once."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    total += sum(int(line.split()[1]) for line in rollup
                                 if line.startswith("Pss:"))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total / 1024

    def stop(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + 5
        while list(self.pids()) and time.monotonic() < deadline:
            for process in self.processes:
                process.poll()
            time.sleep(0.05)
        for pid in list(self.pids()):
            os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait(10)
        self.log.close()
        self.temporary.cleanup()
