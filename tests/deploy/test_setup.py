"""setup, doctor and teardown against moto, in five accounts.

moto knows about half of the resource types and skips the others without a word:
what it makes is looked at there, the rest is asserted on the rendered templates
(test_templates.py). Every request is checked against the service model on its
way, to the last pattern.

SPDX-License-Identifier: Apache-2.0
"""

import io
import json
import zipfile

import pytest

from clary_deploy import config_file, names, stacks
from fake_sagemaker import strict


@pytest.fixture
def accounts(moto_accounts):
    """A client of a service in an account, to look with."""
    return moto_accounts


@pytest.fixture
def run(on_moto):
    """claryctl in those accounts."""
    return on_moto


def test_setup_all_and_again(accounts, run, calls, config):
    first = run("setup", "all", "--yes", "--json").json["stacks"]
    assert list(first) == list(names.STACKS)
    for part, stack in first.items():
        assert stack["changes"], part
        account = names.stack_account(part)
        (found,) = accounts("cloudformation", account).describe_stacks(
            StackName=names.stack(config, part)
        )["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
    key = first["shared"]["outputs"]["KeyArn"]
    told = {p["ParameterKey"]: p["ParameterValue"] for p in found["Parameters"]}
    assert told["Project"] == "housing"
    (qa,) = accounts("cloudformation", "qa").describe_stacks()["Stacks"]
    told = {p["ParameterKey"]: p["ParameterValue"] for p in qa["Parameters"]}
    assert told["KeyArn"] == key
    executed = [op for _, op, _ in calls if op == "ExecuteChangeSet"]
    assert len(executed) == 5
    assert [
        body["EnableTerminationProtection"]
        for _, op, body in calls
        if op == "UpdateTerminationProtection"
    ] == [True]
    calls.clear()
    run("setup", "shared", "--yes", "--json")


def test_what_moto_makes_is_there(accounts, run, example):
    run("setup", "all", "--yes")
    roles(accounts)
    things(accounts)
    source_of_the_delivery(accounts, run, example)
    states = states_of(run("doctor", "--json", code=4))
    assert states["qa", "clary-housing-qa"] == "ok"
    assert states["deployment", "source"] == "ok"
    assert states["qa", "deploy role"] == "ok"
    assert states["shared_services", "image"] == "missing"


def roles(accounts):
    role = accounts("iam", "qa").get_role(RoleName="clary-housing-execution")
    trust = role["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {
        "Service": "sagemaker.amazonaws.com"
    }
    inline = accounts("iam", "qa").list_role_policies(
        RoleName="clary-housing-execution"
    )["PolicyNames"]
    assert {"artifact", "key", "image"} <= set(inline)


def things(accounts):
    buckets = accounts("s3", "shared_services").list_buckets()["Buckets"]
    assert "housing-models-222222222222" in {b["Name"] for b in buckets}
    (repository,) = accounts("ecr", "shared_services").describe_repositories()[
        "repositories"
    ]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    buses = accounts("events", "deployment").list_event_buses()["EventBuses"]
    assert "clary-housing" in {bus["Name"] for bus in buses}
    aliases = accounts("kms", "shared_services").list_aliases()["Aliases"]
    assert "alias/clary-housing-models" in {a["AliasName"] for a in aliases}


def source_of_the_delivery(accounts, run, example):
    s3 = accounts("s3", "deployment")
    place = {
        "Bucket": "housing-delivery-333333333333",
        "Key": "source/deploy.zip",
    }
    content = s3.get_object(**place)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = set(archive.namelist())
        assert json.loads(archive.read("clary.json")) == example
        mode = archive.getinfo("claryctl").external_attr >> 16
    assert mode & 0o111
    assert {"claryctl", "clary_deploy/cli.py", "requirements.txt"} <= held
    for step in ("resolve", "deploy", "test", "promote"):
        assert f"ci/{step}.yml" in held
    assert not [name for name in held if "__pycache__" in name]
    versions = s3.list_object_versions(Bucket=place["Bucket"])["Versions"]
    run("setup", "deployment", "--yes")
    again = s3.list_object_versions(Bucket=place["Bucket"])["Versions"]
    assert len(again) == len(versions), "the same content is uploaded once"


def test_of_the_delivery_all_but_models_goes(accounts, run):
    run("setup", "deployment", "--yes")
    said = run("teardown", "deployment", "--yes").stdout
    assert "kept: AWS::KMS::Key" in said
    assert "kept: AWS::S3::Bucket housing-delivery-333333333333" in said
    assert "kept: AWS::IAM" not in said
    assert not accounts("iam", "deployment").list_roles()["Roles"]


def test_no_key_no_workload(accounts, run):
    found = run("setup", "qa", "--yes", code=4)
    assert "claryctl setup shared first" in found.stderr


def test_a_dry_run_prints_and_sends_nothing(accounts, run, calls):
    found = run("setup", "all", "--dry-run", "--json").json
    printed = [(r["account"], r["operation"]) for r in found["requests"]]
    made = [account for account, op in printed if op == "create_change_set"]
    assert made == [
        "shared_services", "data_science", "qa", "prod", "deployment",
    ]  # fmt: skip
    assert ("deployment", "put_object") in printed
    assert {op for _, op, _ in calls} <= {
        "AssumeRole",
        "GetCallerIdentity",
        "DescribeStacks",
    }
    model = strict.service_model("cloudformation")
    for request in found["requests"]:
        if request["service"] == "cloudformation":
            operation = request["operation"].title().replace("_", "")
            assert not strict.check(model, operation, request["request"])


def test_somebody_must_say_yes(accounts, run, calls, monkeypatch):
    found = run("setup", "shared", code=2)
    assert "--yes" in found.stderr
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    found = run("setup", "shared", code=4)
    assert "Add" in found.stdout
    assert "AWS::KMS::Key" in found.stdout
    assert "nothing was changed" in found.stderr
    assert "ExecuteChangeSet" not in {op for _, op, _ in calls}
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    run("setup", "shared")
    assert "ExecuteChangeSet" in {op for _, op, _ in calls}


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self):
        return True


def test_the_wrong_account(accounts, run, example):
    example["access"]["profile_prefix"] = "other-"
    found = run("setup", "shared", "--yes", code=4, config=example)
    assert "accounts.shared_services is 222222222222" in found.stderr


def test_doctor_before_anything(accounts, run):
    found = run("doctor", "--json", code=4)
    states = states_of(found)
    assert states["shared_services", "identity"] == "ok"
    assert states["qa", "clary-housing-qa"] == "missing"
    table = run("doctor", code=4).stdout
    assert "claryctl setup deployment makes it" in table


def states_of(found):
    document = json.loads(found.stdout.partition("\n}\n")[0] + "\n}")
    return {(f["account"], f["what"]): f["state"] for f in document["findings"]}


def test_teardown_refuses_what_holds_models(accounts, run, calls):
    run("setup", "shared", "--yes")
    calls.clear()
    assert "--models-too" in run("teardown", "shared", "--yes", code=4).stderr
    found = run("teardown", "all", "--yes", code=4)
    assert "--models-too" in found.stderr
    found = run(
        "teardown", "shared", "--yes", "--models-too", "--confirm", "wine",
        code=4,
    )  # fmt: skip
    assert "not the project's name" in found.stderr
    assert not {op for _, op, _ in calls} & {"DeleteStack"}
    found = run(
        "teardown", "shared", "--yes", "--models-too", "--confirm", "housing"
    )
    assert "kept: AWS::S3::Bucket housing-models-222222222222" in found.stdout
    assert "DeleteStack" in {op for _, op, _ in calls}
    found = run(
        "teardown", "shared", "--yes", "--models-too", "--confirm", "housing"
    )
    assert "there is none" in found.stdout


# --- states of a stack that moto never shows


class Scripted:
    """An account whose stack goes through given states."""

    name = "qa"
    dry_run = False

    def __init__(self, states, changes=(), reason=""):
        self.states = list(states)
        self.changes = list(changes)
        self.reason = reason
        self.written = []

    def exists(self, service, operation, body, *codes):
        if operation == "describe_stack_resources":
            return {
                "StackResources": [
                    {
                        "LogicalResourceId": "Deploy",
                        "ResourceType": "AWS::IAM::Role",
                        "ResourceStatus": "CREATE_FAILED",
                        "ResourceStatusReason": "it exists",
                    }
                ]
            }
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"Stacks": [{"StackStatus": state}]} if state else None

    def read(self, service, operation, body):
        assert operation == "describe_change_set"
        status = "FAILED" if self.reason else "CREATE_COMPLETE"
        return {
            "Status": status,
            "StatusReason": self.reason,
            "Changes": [{"ResourceChange": change} for change in self.changes],
        }

    def write(self, service, operation, body, stand_in=None):
        self.written.append(operation)
        return {}


def change(kind, action="Modify", replacement="False"):
    return {
        "Action": action,
        "LogicalResourceId": "Thing",
        "ResourceType": kind,
        "Replacement": replacement,
    }


@pytest.fixture
def stack(run, claryctl, example):
    """stack(account): the QA stack, in a scripted account."""
    import argparse

    from clary_deploy.command import Context
    from clary_deploy.output import Output

    def made(account):
        args = argparse.Namespace(dry_run=False, yes=True, config="clary.json")
        context = Context(
            args,
            Output(stdout=io.StringIO(), stderr=io.StringIO(), environ={}),
            {"CLARYCTL_POLL_SECONDS": "0"},
        )
        context.config = config_file.parse(example)
        found = stacks.Stack(context, "qa", "")
        found.account = account
        return found

    return made


def test_a_stack_that_never_came_to_be_is_made_again(stack):
    account = Scripted(
        ["ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", ""],
        [change("AWS::IAM::Role", "Add")],
    )
    assert len(stack(account).plan()) == 1
    assert account.written == ["delete_stack", "create_change_set"]


def test_a_stack_that_still_moves_is_waited_for(stack):
    account = Scripted(
        ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
        reason="The submitted information didn't contain changes.",
    )
    made = stack(account)
    assert made.plan() == []
    said = made.context.out.stderr.getvalue()
    assert said.count("UPDATE_IN_PROGRESS") == 1, "plain lines, on changes only"
    assert account.written[-1] == "delete_change_set"


def test_a_change_set_that_fails(stack):
    account = Scripted(["CREATE_COMPLETE"], reason="Parameters: [X] invalid")
    with pytest.raises(stacks.AwsError, match=r"\[X\] invalid"):
        stack(account).plan()


def test_a_stack_that_rolls_back_says_why(stack):
    account = Scripted(["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
    with pytest.raises(stacks.AwsError, match="Deploy: it exists"):
        stack(account).execute()


@pytest.mark.parametrize(
    ("item", "lost"),
    [
        (change("AWS::S3::Bucket", replacement="True"), True),
        (change("AWS::KMS::Key", "Remove"), True),
        (change("AWS::SageMaker::ModelPackageGroup", "Remove"), True),
        (change("AWS::S3::Bucket"), False),
        (change("AWS::IAM::Role", "Remove"), False),
    ],
)
def test_what_would_lose_models(stack, item, lost):
    (found,) = stack(Scripted(["CREATE_COMPLETE"], [item])).plan()
    assert found.loses_models == lost


@pytest.mark.parametrize(
    ("kind", "how"),
    [("AWS::KMS::Key", "put"), ("AWS::IAM::Role", "put_once")],
)
def test_what_an_old_key_encrypted_is_uploaded_anew(
    stack, monkeypatch, kind, how
):
    from clary_deploy.commands import setup

    seen = []
    for name in ("put", "put_once"):
        monkeypatch.setattr(
            setup.s3, name, lambda *_, name=name: seen.append(name)
        )
    monkeypatch.setattr(setup.source, "write", lambda *_: None)
    change = stacks.Change("Add", "Thing", kind, "")
    made = stack(Scripted(["CREATE_COMPLETE"]))
    setup._upload_source(made.context, made, [change])
    assert seen == [how]


def test_setup_refuses_to_lose_models(stack):
    from clary_deploy.commands import setup

    account = Scripted(
        ["CREATE_COMPLETE"], [change("AWS::S3::Bucket", replacement="True")]
    )
    made = stack(account)
    with pytest.raises(setup.PreconditionError, match="Thing"):
        setup._consent(made.context, made, made.plan())
    assert "execute_change_set" not in account.written
