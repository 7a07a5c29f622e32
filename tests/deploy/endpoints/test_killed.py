"""A command that is killed after any of its calls, and repeated, comes to the
same end.

`deploy` is killed after each call in turn. The others are killed after each
call that leaves another state than the one before it: whatever changes
something, and each look at an endpoint that is being updated, for time goes by.

SPDX-License-Identifier: Apache-2.0
"""

import io
import os

import pytest
from botocore.client import BaseClient

from clary_deploy import cli
from endpoints import models
from endpoints.clients import arguments, ask, endpoint
from endpoints.snapshot import SAGEMAKER, SCALING, STAGES, Snapshot

KILLED = 137

# each begins with version 2 in prod, where version 1 was before it
COMMANDS = {
    "approve": ["approve 3 --reason good --by Ann"],
    "test": ["test prod"],
    "promote": ["promote 1"],
    "rollback": ["rollback prod"],
    "ab start": ["ab start --challenger 1 --weight 10"],
    "ab weight": ["ab start --challenger 1 --weight 10", "ab weight 50"],
    "ab finish champion": [
        "ab start --challenger 1 --weight 10",
        "ab finish champion",
    ],
    "ab finish challenger": [
        "ab start --challenger 1 --weight 10",
        "ab finish challenger",
    ],
    "shadow start": ["shadow start --candidate 1"],
    "shadow stop": ["shadow start --candidate 1", "shadow stop"],
    "teardown": ["teardown prod --yes"],
}


@pytest.fixture
def killed(accounts, open_accounts, typed):
    """killed(count, "deploy", ...): claryctl in a child that dies with its
    `count`-th call, as a machine does: no `finally` runs. Whether it got so
    far."""

    def run_until(count, *argv):
        line = typed(*argv)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for account in open_accounts.values():
                    for client in account._clients.values():
                        client._endpoint.http_session.close()  # the parent's
                die_after(count)
                status = cli.main(
                    line,
                    stdout=io.StringIO(),
                    stderr=io.StringIO(),
                    environ=accounts.settings(),
                )
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, KILLED)
        return status == KILLED

    return run_until


def die_after(count):
    """So many calls; the last one has been carried out by then."""
    original = BaseClient._make_api_call
    calls = 0

    def counted(self, operation, request):
        nonlocal calls
        try:
            return original(self, operation, request)
        finally:
            calls += 1
            if calls == count:
                os._exit(KILLED)

    BaseClient._make_api_call = counted


@pytest.fixture
def states(accounts, run, monkeypatch):
    """states("deploy", "qa", 2): runs it; what it leaves after each call."""

    def command(*argv):
        original = BaseClient._make_api_call
        found = []

        def watched(self, operation, request):
            try:
                return original(self, operation, request)
            finally:
                if self.meta.config.user_agent_extra == "claryctl":
                    found.append(Snapshot(accounts).state())

        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", watched)
            run(*argv)
        return found

    return command


@pytest.fixture
def ends_alike(run, accounts, killed, states):
    """ends_alike("deploy", "qa", 2): killed after a call, and repeated, it ends
    as when nothing happens to it."""

    def command(*argv, every=False):
        before = Snapshot(accounts)
        left = [before.state(), *states(*argv)]
        wanted = outcome(accounts)
        run(*argv)
        assert outcome(accounts) == wanted, "repeated after it was done"
        for count in range(1, len(left)):
            if every or left[count] != left[count - 1]:
                before.restore()
                assert killed(count, *argv)
                run(*argv)
                assert outcome(accounts) == wanted, f"killed after {count}"

    return command


def outcome(accounts):
    """All that a command leaves, but for times and measurements."""
    world = accounts.world
    measured = ("-time", "-p95-ms", "-at")
    versions = []
    shared = accounts.number("shared_services")
    for found in world.registry._groups[shared, "housing"].versions.values():
        facts = found["CustomerMetadataProperties"]
        versions.append(
            {
                "approval": found["ModelApprovalStatus"],
                "stage": found["ModelLifeCycle"],
                "facts": {
                    key: value
                    for key, value in facts.items()
                    if not key.endswith(measured)
                },
            }
        )
    return {
        "versions": versions,
        "configs": sorted(world.hosting.configs),
        "models": sorted(world.hosting.models),
        **{stage: serving(accounts, stage) for stage in STAGES},
    }


def serving(accounts, stage):
    """What a stage has that is not SageMaker's registry."""
    world, account = accounts.world, accounts.number(stage)
    name = accounts.config["endpoints"][stage]["name"]
    found = world.endpoints.all.get((account, name))
    targets = world.client(SCALING, account).describe_scalable_targets
    alarms = world.client("cloudwatch", account).describe_alarms
    return {
        "targets": [
            target["ResourceId"]
            for target in targets(**SAGEMAKER)["ScalableTargets"]
        ],
        "alarms": sorted(
            alarm["AlarmName"] for alarm in alarms()["MetricAlarms"]
        ),
    } | (
        {
            "endpoint": (found.status, found.config_name, found.pending),
            "variants": [(v.variant, v.weight, v.count) for v in found.live],
            "answer": ask(accounts, stage, TargetVariant=found.live[0].variant),
        }
        if found
        else {}
    )


@pytest.fixture
def quick(accounts, tmp_path):
    """Few requests in the tests of an endpoint, and few looks at one that is
    under way: one in each of its steps."""
    few = tmp_path / "few.csv"
    few.write_text("\n".join(models.LABELLED.read_text().splitlines()[:9]))
    for stage in STAGES:
        own = accounts.config["endpoints"][stage]
        own["bake_seconds"], own["termination_wait_seconds"] = 180, 60
        own["tests"] = {"max_mse": 1, "requests": 1, "labelled": str(few)}
    accounts.world.endpoints.seconds_per_describe = 90.0


def test_deploy_can_be_killed_anywhere(
    accounts, run, ends_alike, quick, version, line, net
):
    """From version 1 to 2, with everything a stage can have: canary, alarms,
    autoscaling, another instance type."""
    qa = accounts.config["endpoints"]["qa"]
    prod = accounts.config["endpoints"]["prod"]
    for key in ("instances", "strategy", "canary_percent", "alarms",
                "autoscaling"):  # fmt: skip
        qa[key] = prod[key]
    first, second = version(line), version(net)
    run("deploy", "qa", first)
    qa["instance_type"] = "ml.c7g.large"
    ends_alike("deploy", "qa", second, every=True)


@pytest.mark.parametrize("what", COMMANDS)
def test_others_can_be_killed_anywhere(
    accounts, run, ends_alike, quick, version, line, net, tmp_path, what
):
    for number in version(line), version(net):
        run("deploy", "qa", number)
        run("promote", number)
    program = accounts.world.host.program
    version(models.linear(program, tmp_path, shift=1), approve=False)
    *before, command = COMMANDS[what]
    for other in before:
        run(*other.split())
    ends_alike(*command.split())


def test_register_can_be_killed_anywhere(run, accounts, killed, tmp_path):
    """And `image push`; something new each time, for uploads stay."""
    program = accounts.world.host.program
    count = 1
    images = []
    pushing = registering = True
    while pushing or registering:
        folder = accounts.image_folder(b"clary" * count)
        push = ["image", "push", folder, "--tag", f"v{count}", "--json"]
        pushing = killed(count, *push)
        image = run(*push).json["digest"]
        images.append(image)
        model = models.linear(program, tmp_path, shift=count / 8)
        register = ["register", *arguments(model, image), "--json"]
        registering = killed(count, *register)
        assert run(*register).json["version"] == count
        count += 1
    assert count > 8
    found = outcome(accounts)["versions"]
    assert [version["facts"]["image-digest"] for version in found] == images
    s3 = accounts.world.client("s3", accounts.number("shared_services"))
    kept = s3.list_objects_v2(Bucket="housing-models-222222222222")["Contents"]
    assert len(kept) == 4 * len(images)


def test_what_is_being_deleted_is_waited_for(run, accounts, version, line):
    """Killed after DeleteEndpoint, both ways on."""
    number = version(line)
    for command in (["teardown", "qa", "--yes"], ["deploy", "qa", number]):
        run("deploy", "qa", number)
        client = accounts.world.sagemaker(accounts.number("qa"))
        client.delete_endpoint(EndpointName="housing-qa")
        assert endpoint(accounts, "qa").status == "Deleting"
        run(*command)
    assert endpoint(accounts, "qa").status == "InService"
