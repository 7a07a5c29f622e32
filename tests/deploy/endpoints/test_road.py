"""The whole road, end to end: five empty accounts, three versions, and back.

    README_WRITE=1 python -m pytest ... tests/deploy/endpoints/test_road.py

writes what it prints into deploy/README.md.

SPDX-License-Identifier: Apache-2.0
"""

import io
import json
import os
import random
import re
import shlex

import pytest

from clary_deploy import cli
from clary_deploy.inference import split_p_value
from endpoints import models
from endpoints.clients import Traffic, ask, endpoint, package
from endpoints.transcript import Transcript, masked, replaced, section

README = models.HERE.parents[2] / "deploy/README.md"


class Road:
    """claryctl as a person sees it, written down as it goes."""

    def __init__(self, accounts, folder):
        self.accounts = accounts
        self.folder = folder
        self.transcript = Transcript()
        self.files = {}  # as typed: where it really is

    def say(self, *sentences):
        self.transcript.say("\n".join(sentences))

    def has(self, name, path):
        """A file that the reader has, too."""
        self.files[name] = str(path)

    def model(self, name, model):
        self.has(f"{name}/model.tar.gz", model.archive)
        self.has(f"{name}/golden.csv", model.golden)
        self.has(f"{name}/evaluation.json", model.evaluation)

    def run(self, typed, code=0, shown=True):
        path = self.folder / "clary.json"
        path.write_text(json.dumps(self.accounts.config))
        argv = [
            self.files.get(word, word)
            for word in shlex.split(typed.replace("\\\n", " "))
        ]
        self.accounts.act_as("publisher" if argv[0] == "image" else "approver")
        screen = io.StringIO()
        found = cli.main(
            [*argv, "--config", str(path)],
            stdout=screen,
            stderr=screen,
            environ=self.accounts.settings(),
        )
        printed = screen.getvalue()
        assert found == code, f"exit {found} of {typed}:\n{printed}"
        for name, real in self.files.items():
            if not name.startswith("$"):
                printed = printed.replace(real, name)
        if shown:
            self.transcript.command(f"claryctl {typed}", printed, code)
        return printed


@pytest.fixture
def road(accounts, open_accounts, tmp_path, line, net):
    found = Road(accounts, tmp_path)
    layer = random.Random(1).randbytes(2_200_000)
    found.has("build/image/amd64", accounts.image_folder(layer))
    found.has("labelled.csv", models.LABELLED)
    found.has("shadow.svg", tmp_path / "shadow.svg")
    found.model("linear", line)
    found.model("network", net)
    program = accounts.world.host.program
    found.model("third", models.linear(program, tmp_path / "third", 0.01))
    accounts.config["endpoints"]["prod"]["data_capture"]["percent"] = 100
    return found


REGISTER = """\
register --model {0}/model.tar.gz --evaluation {0}/evaluation.json \\
    --golden {0}/golden.csv --labelled labelled.csv --image $DIGEST \\
    --commit {1} --source https://git.example/housing \\
    --data s3://housing-raw-111111111111/housing.csv"""


@pytest.mark.empty
def test_the_whole_road(road, calls, accounts):
    road.run("setup all --yes", shown=False)
    accounts.set_up()  # what moto's CloudFormation does not know
    answers = {}
    to_qa(road, accounts)
    to_prod(road, accounts, answers)
    a_better_one(road, accounts, answers)
    side_by_side(road, accounts)
    and_back(road, accounts, answers)
    a_corrupt_one(road, accounts)
    told(road)


def to_qa(road, accounts):
    road.say(
        "The image, as the publisher; a model, as the scientist; a decision, "
        "as the",
        "approver. `register` first asks `clary check` whether the model "
        "loads and gives",
        "its golden rows.",
    )
    said = road.run("image push build/image/amd64 --tag 1.0")
    digest = re.search("sha256:[0-9a-f]{64}", said)[0]
    road.files["$DIGEST"] = digest
    road.run(REGISTER.format("linear", "c0ffee01"))
    assert accounts.pipeline_runs() == []
    road.run('approve 1 --by Ann --reason "the first, and good enough"')
    road.say(
        "The approval is an event, and the event starts the pipeline in the "
        "deployment",
        "account with this version. Its first step:",
    )
    arns = accounts.pipeline_runs()
    assert arns == [package(accounts, 1)["ModelPackageArn"]]
    road.run("deploy qa 1")
    assert accounts.pipeline_runs() == []


def to_prod(road, accounts, answers):
    road.say(
        "QA has written its evidence to the registry, of this version and "
        "this image;",
        "without it `promote` refuses. The same command again finds nothing "
        "to do.",
    )
    road.run("promote 1")
    road.run("promote 1")
    answers[1] = ask(accounts, "prod")


def a_better_one(road, accounts, answers):
    road.say("A better model:")
    road.run(REGISTER.format("network", "c0ffee02"), shown=False)
    road.run(
        'approve 2 --by Ann --reason "half the error of version 1"',
        shown=False,
    )
    assert len(accounts.pipeline_runs()) == 1
    road.run("deploy qa 2", shown=False)
    road.run("list")
    road.say(
        "Somebody has set `p99_latency_ms` to 0.001, in the wrong unit. "
        "Real traffic of",
        "the canary breaks that limit, the alarm fires, and AWS rolls back; "
        "it says",
        "`InService` then, as it does after a success.",
    )
    alarms = accounts.config["endpoints"]["prod"]["alarms"]
    alarms["p99_latency_ms"] = 0.001
    traffic = Traffic(accounts, "prod")
    said = road.run("promote 2", code=5)
    assert "fired" in said
    found = endpoint(accounts, "prod")
    assert (found.status, found.reason) == ("InService", "")
    assert ask(accounts, "prod") == answers[1]
    assert package(accounts, 2)["ModelLifeCycle"]["StageStatus"] == "Rejected"
    road.say("With the limit mended, in milliseconds:")
    alarms["p99_latency_ms"] = 1000
    road.run("promote 2")
    traffic.rate = 0
    answers[2] = ask(accounts, "prod")
    assert answers[2] != answers[1]


def side_by_side(road, accounts):
    road.say(
        "Was the old one better after all? An A/B test on real traffic; the "
        "labels come",
        "later, by the inference ids that the clients gave.",
    )
    road.run("ab start --challenger 1 --weight 10")
    accounts.world.clock.advance(60)  # of metrics, the next whole minute
    traffic = Traffic(accounts, "prod", rate=20, rows=models.lines())
    seen = accounts.world.metrics.invocations
    before = len(seen)
    accounts.world.clock.advance(500)
    traffic.rate = 0
    counts = [
        sum(call.variant == name for call in seen[before:])
        for name in ("champion", "challenger")
    ]
    assert sum(counts) == traffic.sent == 1000
    assert split_p_value(counts, [90, 10]) > 0.001
    rows = models.labelled()
    labels = road.folder / "labels.csv"
    labels.write_text(
        "".join(
            f"client-{n},{rows[(n - 1) % len(rows)][0]}\n"
            for n in range(1, traffic.sent + 1)
        )
    )
    road.has("labels.csv", labels)
    road.run("ab report --labels labels.csv")
    road.run("ab finish champion")
    road.say(
        "A shadow sees the requests too, and nobody sees its answers. The "
        "picture is an",
        "SVG file.",
    )
    before = ask(accounts, "prod")
    road.run("shadow start --candidate 1")
    traffic.rate = 10
    accounts.world.clock.advance(100)
    traffic.rate = 0
    assert ask(accounts, "prod") == before
    road.run("shadow report --picture shadow.svg")
    road.run("shadow stop")


def and_back(road, accounts, answers):
    road.say("Back to the version before, all at once:")
    road.run("rollback prod")
    assert ask(accounts, "prod") == answers[1]
    road.run("rollback prod --to 2", shown=False)
    assert ask(accounts, "prod") == answers[2]


def a_corrupt_one(road, accounts):
    road.say(
        "Version 3 is approved. Then somebody writes over its artifact: it "
        "still loads,",
        "and it answers; it is not what was approved. It never reaches prod.",
    )
    road.run(REGISTER.format("third", "c0ffee03"), shown=False)
    road.run('approve 3 --by Ann --reason "an experiment"', shown=False)
    container = package(accounts, 3)["InferenceSpecification"]["Containers"]
    bucket, _, key = container[0]["ModelDataUrl"][5:].partition("/")
    program = accounts.world.host.program
    other = models.linear(program, road.folder / "other", 0.7)
    accounts.world.client("s3", accounts.number("shared_services")).put_object(
        Bucket=bucket, Key=key, Body=other.archive.read_bytes()
    )
    road.run("deploy qa 3", code=6)
    said = road.run("promote 3", code=4)
    assert "no evidence from QA" in said
    road.run("rollback qa", shown=False)
    assert package(accounts, 2)["ModelLifeCycle"] == {
        "Stage": "Prod",
        "StageStatus": "Approved",
    }


def told(road):
    road.say("What runs, and everything it came from:")
    road.run("status")
    said = road.run("audit prod")
    for known in ("Ann", "c0ffee02", "housing-prod", "housing-qa",
                  "s3://housing-raw-111111111111/housing.csv",
                  "half the error of version 1"):  # fmt: skip
        assert known in said
    compare(road.transcript.text())


def compare(text):
    """The README has what was just printed."""
    readme = README.read_text("utf-8")
    if os.environ.get("README_WRITE"):
        README.write_text(replaced(readme, text), "utf-8")
        return
    assert masked(section(readme)) == masked(text)
