"""A deployment that is killed after any of its requests, and repeated, comes to
the same end.

Killed after each request that changes something, in turn: a death after a
request that only looks leaves what the last change left.

SPDX-License-Identifier: Apache-2.0
"""

import io
import os

from botocore.client import BaseClient

from clary_deploy import cli
from endpoints import models
from endpoints.clients import ask, endpoint, package
from endpoints.snapshot import Snapshot

KILLED = 137
LOOKING = ("Assume", "Describe", "Get", "Head", "Invoke", "List")


def run_until(accounts, opened, path, count, *argv):
    """claryctl in a child that dies with its `count`-th change, as a machine
    does: no `finally` runs. Whether it got so far."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for account in opened.values():
                for client in account._clients.values():
                    client._endpoint.http_session.close()  # the parent's
            die_after(count)
            status = cli.main(
                [*argv, "--config", str(path)],
                stdout=io.StringIO(),
                stderr=io.StringIO(),
                environ=accounts.settings(),
            )
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == KILLED


def die_after(count):
    """Of the calls that change something; it has been carried out by then."""
    original = BaseClient._make_api_call
    calls = 0

    def counted(self, operation, request):
        nonlocal calls
        answer = original(self, operation, request)
        calls += not operation.startswith(LOOKING)
        if calls == count:
            os._exit(KILLED)
        return answer

    BaseClient._make_api_call = counted


def outcome(accounts, number):
    """All that a deployment leaves, but for times and measurements."""
    found = endpoint(accounts, "qa")
    described = package(accounts, number)
    facts = {
        key: value
        for key, value in described["CustomerMetadataProperties"].items()
        if key not in ("qa-time", "qa-p95-ms")
    }
    scaling = accounts.world.client(
        "application-autoscaling", accounts.number("qa")
    ).describe_scalable_targets(ServiceNamespace="sagemaker")
    alarms = accounts.world.client(
        "cloudwatch", accounts.number("qa")
    ).describe_alarms()
    return {
        "endpoint": (found.status, found.config_name, found.pending),
        "variants": [(v.variant, v.weight, v.count) for v in found.live],
        "configs": sorted(accounts.world.hosting.configs),
        "models": sorted(accounts.world.hosting.models),
        "stage": described["ModelLifeCycle"],
        "facts": facts,
        "before": package(accounts, 1)["ModelLifeCycle"],
        "targets": [t["ResourceId"] for t in scaling["ScalableTargets"]],
        "alarms": sorted(a["AlarmName"] for a in alarms["MetricAlarms"]),
        "answer": ask(accounts, "qa"),
    }


def test_deploy_can_be_killed_anywhere(
    run, accounts, open_accounts, version, line, net, tmp_path
):
    """From version 1 to 2, with everything a stage can have: canary, alarms,
    autoscaling, another instance type."""
    qa = accounts.config["endpoints"]["qa"]
    prod = accounts.config["endpoints"]["prod"]
    for key in ("instances", "strategy", "canary_percent", "alarms",
                "autoscaling", "bake_seconds"):  # fmt: skip
        qa[key] = prod[key]
    first, second = version(line), version(net)
    few = tmp_path / "few.csv"
    few.write_text("\n".join(models.LABELLED.read_text().splitlines()[:9]))
    qa["tests"] = {"max_mse": 1, "requests": 1, "labelled": str(few)}
    run("deploy", "qa", first)
    qa["instance_type"] = "ml.c7g.large"
    before = Snapshot(accounts, "qa")
    run("deploy", "qa", second)
    wanted = outcome(accounts, second)
    path = tmp_path / "clary.json"
    count = 1
    before.restore()
    again = ["deploy", "qa", str(second)]
    while run_until(accounts, open_accounts, path, count, *again):
        run("deploy", "qa", second)
        assert outcome(accounts, second) == wanted, f"killed after {count}"
        before.restore()
        count += 1
    assert outcome(accounts, second) == wanted
    assert count > 10
