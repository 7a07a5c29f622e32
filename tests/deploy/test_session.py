"""The door to AWS: which credentials, in which account, and what comes back.

SPDX-License-Identifier: Apache-2.0
"""

import io
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from botocore.credentials import DeferredRefreshableCredentials

from clary_deploy import config_file
from clary_deploy.errors import AwsError, PreconditionError
from clary_deploy.output import Output
from clary_deploy.session import Aws


@pytest.fixture
def opened(moto_accounts, example):
    """opened(**access): the accounts, with those settings of access."""

    def made(*, dry_run=False, **access):
        example["access"].update(access)
        config = config_file.parse(example)
        out = Output(stdout=io.StringIO(), stderr=io.StringIO(), environ={})
        return Aws(config, out, dry_run=dry_run)

    return made


def test_a_profile_for_each_account(opened):
    aws = opened()
    for name, number in (("qa", "4"), ("shared_services", "2")):
        account = aws.admin(name)
        assert account.identity["Account"] == number * 12
        assert aws.admin(name) is account, "opened once"


def test_a_role_where_there_is_no_such_profile(opened):
    aws = opened(admin_role="Admin")
    arn = aws.admin("prod").identity["Arn"]
    assert arn == "arn:aws:sts::555555555555:assumed-role/Admin/claryctl"


def test_a_profile_for_administrators(opened, tmp_path):
    with open(tmp_path / "aws-config", "a") as file:
        file.write(
            "\n[profile clary-qa-admin]\ncredential_source = Environment\n"
            "role_arn = arn:aws:iam::444444444444:role/Boss\n"
        )
    aws = opened(admin_role="Admin")
    assert "/Boss/" in aws.admin("qa").identity["Arn"]
    assert "/Boss/" not in aws.here("qa").identity["Arn"]
    assert "/Admin/" in aws.admin("prod").identity["Arn"]


def test_a_role_from_the_deployment_account(opened, calls):
    account = opened().role("qa", "clary-housing-deploy")
    assert account.identity["Arn"].startswith(
        "arn:aws:sts::444444444444:assumed-role/clary-housing-deploy/"
    )
    assumed = [b["RoleArn"] for _, op, b in calls if op == "AssumeRole"]
    assert assumed[0].startswith("arn:aws:iam::333333333333:")
    assert assumed[1] == "arn:aws:iam::444444444444:role/clary-housing-deploy"


def test_an_assumed_role_renews_itself(opened):
    """It lasts an hour; a canary may take eight."""
    account = opened().role("qa", "clary-housing-deploy")
    held = account._session.get_credentials()
    assert isinstance(held, DeferredRefreshableCredentials)


def test_the_wrong_account_is_refused(opened, example):
    example["accounts"]["qa"] = "999999999999"
    with pytest.raises(
        PreconditionError, match=r"accounts\.qa is 999999999999"
    ):
        opened().admin("qa")


def test_a_dry_run_reads_and_does_not_write(opened, calls):
    account = opened(dry_run=True).admin("qa")
    calls.clear()
    answer = account.write(
        "sns", "create_topic", {"Name": "x"}, {"TopicArn": "arn"}
    )
    assert answer == {"TopicArn": "arn"}
    assert account.read("sns", "list_topics")["Topics"] == []
    assert [op for _, op, _ in calls] == ["ListTopics"]


def test_what_is_not_there(opened):
    account = opened().admin("qa")
    body = {"StackName": "none"}
    assert account.exists("cloudformation", "describe_stacks", body) is None
    body = {"RoleName": "none"}
    assert account.exists("iam", "get_role", body, "NoSuchEntity") is None
    with pytest.raises(AwsError, match="iam:get_role in qa") as caught:
        account.exists("iam", "get_role", body)
    assert caught.value.code == "NoSuchEntity"
    assert caught.value.exit_code == 7


def test_pages(opened):
    account = opened().admin("qa")
    for number in range(3):
        account.write("sns", "create_topic", {"Name": f"t{number}"})
    assert len(list(account.pages("sns", "list_topics", "Topics"))) == 3


class Proxy(BaseHTTPRequestHandler):
    """Answers everything with a page."""

    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><p>Please log in")

    def log_message(self, *_):
        pass


def test_a_page_where_an_answer_should_be(opened, monkeypatch):
    account = opened().admin("qa")
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(
        "AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{server.server_port}"
    )
    try:
        with pytest.raises(AwsError, match="sns:list_topics in qa"):
            account.read("sns", "list_topics")
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_listens(opened, monkeypatch):
    account = opened().admin("qa")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(AwsError, match="sns:list_topics in qa"):
        account.read("sns", "list_topics")
