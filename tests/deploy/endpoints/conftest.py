"""Five accounts on loopback, set up as the stacks would, and claryctl in them.

SPDX-License-Identifier: Apache-2.0
"""

import io
import json
import os
from pathlib import Path

import pytest

from clary_deploy import cli, session
from endpoints import models
from endpoints.accounts import Accounts
from endpoints.clients import arguments
from fake_sagemaker import World
from policies import permissions

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory):
    """One moto for the whole session; tests use `world`, which is empty."""
    patch = pytest.MonkeyPatch()
    nothing = str(tmp_path_factory.mktemp("aws") / "none")
    patch.setenv("AWS_CONFIG_FILE", nothing)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", nothing)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    program = ROOT / os.environ.get("CLARY_BIN", "build/release/bin/clary")
    found = World(program, REGION)
    yield found
    found.close()
    patch.undo()


@pytest.fixture
def world(shared_world, no_aws):
    """Five empty accounts. What AWS would not have taken fails the test."""
    shared_world.reset()
    yield shared_world
    assert not shared_world.router.complaints
    assert not permissions.lacking(shared_world.router.journal)
    assert not shared_world.hosting.misuse


@pytest.fixture
def accounts(world, example, tmp_path, monkeypatch, request):
    """The accounts after `setup all`, and a configuration for them; with
    `@pytest.mark.empty` before it."""
    found = Accounts(world, example, tmp_path)
    for stage in found.config["endpoints"].values():
        # latency here is that of two cores that run everything else, too
        stage["tests"] = {"max_mse": 0.6, "requests": 5}
    if not request.node.get_closest_marker("empty"):
        found.set_up()
    for name, value in found.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    return found


@pytest.fixture(scope="session")
def kept_accounts():
    """Sessions, for all tests: opening one takes longer than most commands."""
    return {}


@pytest.fixture
def open_accounts(accounts, kept_accounts, monkeypatch):
    """Commands share their sessions."""
    original = session.Aws._opened
    kept = kept_accounts

    def opened(self, name, role, base):
        number = self._config.accounts.number(name)
        person = (base.profile_name, accounts.person, accounts.world.generation)
        key = (name, role, number, *person)
        if key not in kept:
            kept[key] = original(self, name, role, base)
        kept[key]._out, kept[key].dry_run = self._out, self._dry_run
        return kept[key]

    monkeypatch.setattr(session.Aws, "_opened", opened)
    return kept


@pytest.fixture
def typed(accounts, tmp_path):
    """typed("deploy", "qa", "1"): the arguments of whoever does that, with the
    configuration as it is now."""

    def command(*argv):
        path = tmp_path / "clary.json"
        path.write_text(json.dumps(accounts.config))
        accounts.act_as("publisher" if argv[0] == "image" else "approver")
        if not accounts.parsed.accounts.distinct:
            argv = (*argv, "--single-account")
        return [*map(str, argv), "--config", str(path)]

    return command


@pytest.fixture
def run(accounts, typed, open_accounts):
    """run("deploy", "qa", "1"): claryctl in this process."""

    def command(*argv, code=0, **environ):
        stdout, stderr = io.StringIO(), io.StringIO()
        found = cli.main(
            typed(*argv),
            stdout=stdout,
            stderr=stderr,
            environ=accounts.settings() | environ,
        )
        said = stdout.getvalue() + stderr.getvalue()
        assert found == code, f"exit {found} of {argv}:\n{said}"
        return Said(stdout.getvalue(), stderr.getvalue())

    return command


@pytest.fixture(scope="session")
def line(shared_world, tmp_path_factory):
    """A model, MSE 0.498."""
    program = shared_world.host.program
    return models.linear(program, tmp_path_factory.mktemp("line"))


@pytest.fixture(scope="session")
def net(shared_world, tmp_path_factory):
    """A better one, MSE 0.253."""
    program = shared_world.host.program
    return models.network(program, tmp_path_factory.mktemp("net"))


@pytest.fixture
def version(run, accounts):
    """version(MODEL): registers it, approves it; its number."""
    image = run(
        "image", "push", accounts.image_folder(), "--tag", "v1", "--json"
    ).json["digest"]

    def make(model, *, approve=True, **options):
        said = run("register", *arguments(model, image, **options), "--json")
        number = said.json["version"]
        if approve:
            run("approve", number, "--reason", "good", "--by", "Ann")
        return number

    return make


class Said:
    """What a command printed."""

    def __init__(self, stdout, stderr):
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self):
        return json.loads(self.stdout)

    def __contains__(self, text):
        return text in self.stdout + self.stderr

    def __repr__(self):
        return self.stdout + self.stderr
