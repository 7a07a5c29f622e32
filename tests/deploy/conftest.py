"""Fixtures of the deploy suite.

Nothing here reaches beyond loopback: credentials are invented, profiles and
the metadata service are out of reach, and botocore is told no endpoint but
those that a test starts.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import copy
import functools
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore import hooks, loaders
from botocore.compat import accepts_kwargs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from clary_deploy import cli, config_file

pytest_plugins = ["on_moto"]

# seconds of the files that take long; of the others a second a test
SLOW = {
    "test_training": 180,
    "test_killed": 90,
    "test_delivery": 60,
    "test_guardrails": 60,
    "test_experiments": 50,
    "test_road": 25,
    "test_setup": 25,
}

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
EXAMPLE = DEPLOY / "config.example.json"


def pytest_addoption(parser):
    parser.addoption(
        "--part",
        default="1/1",
        metavar="K/N",
        help="the K-th of N parts that take about as long as each other",
    )


def pytest_collection_modifyitems(config, items):
    """Files stay whole, for what their tests share; the longest are dealt out
    first, each to the part that has least."""
    part, parts = map(int, config.getoption("--part").split("/"))
    files = collections.Counter(item.path for item in items)
    seconds = {path: SLOW.get(path.stem, n) for path, n in files.items()}
    sums = [0] * parts
    mine = set()
    for path in sorted(seconds, key=lambda path: (-seconds[path], path)):
        least = sums.index(min(sums))
        sums[least] += seconds[path]
        if least == part - 1:
            mine.add(path)
    config.hook.pytest_deselected(
        items=[item for item in items if item.path not in mine]
    )
    items[:] = [item for item in items if item.path in mine]


@pytest.fixture(scope="session", autouse=True)
def quick_libraries():
    """SageMaker's model is megabytes of JSON, read anew by every session, which
    also looks anew at each of a hundred handlers; for the service behind a host
    moto lists a folder of its own, each request."""
    original = loaders.JSONFileLoader.load_file
    loader = loaders.JSONFileLoader()
    once = functools.cache(functools.partial(original, loader))
    patch = pytest.MonkeyPatch()
    patch.setattr(
        loaders.JSONFileLoader, "load_file", lambda _, path: once(path)
    )
    patch.setattr(hooks, "accepts_kwargs", functools.cache(accepts_kwargs))
    aliased = functools.cache(hooks.EventAliaser(None)._alias_event_name)
    patch.setattr(
        hooks.EventAliaser, "_alias_event_name", lambda _, name: aliased(name)
    )
    dispatcher = DomainDispatcherApplication
    patch.setattr(
        dispatcher,
        "get_backend_for_host",
        functools.cache(dispatcher.get_backend_for_host),
    )
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def no_aws(monkeypatch, tmp_path):
    """Credentials that open nothing, and no way to others."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def example():
    """The example configuration as JSON, to be changed at will."""
    return copy.deepcopy(json.loads(EXAMPLE.read_text("utf-8")))


@pytest.fixture
def config(example):
    """The example configuration, typed."""
    return config_file.parse(example)


@dataclass
class Run:
    """What one command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        return json.loads(self.stdout)


@pytest.fixture
def claryctl(tmp_path, example):
    """claryctl("check", "--json", config={...}): runs a command in-process,
    with the example configuration where none is given."""

    def run(*argv, config=None, environ=None):
        path = tmp_path / "clary.json"
        path.write_text(json.dumps(example if config is None else config))
        stdout, stderr = io.StringIO(), io.StringIO()
        code = cli.main(
            [*argv, "--config", str(path)],
            stdout=stdout,
            stderr=stderr,
            environ=environ or {},
        )
        return Run(code, stdout.getvalue(), stderr.getvalue())

    return run
