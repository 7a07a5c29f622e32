"""The approver's page, as Chromium shows it.

SPDX-License-Identifier: Apache-2.0
"""

import re

import pytest

from endpoints import browser


@pytest.fixture
def path(tmp_path):
    return tmp_path / "page.html"


def test_a_version_that_is_to_replace_another(run, version, line, net, path):
    for model in (line, net):
        number = version(model)
        run("deploy", "qa", number)
        if model is line:
            run("promote", number)
    assert run("report", 2, "--output", path).stdout == f"{path}\n"
    text = browser.text_of(path)
    for said in ("housing, version 2", "live version 1", "0.25283", "0.49844",
                 "golden rows passed", "14 of 14 in QA passed", "as registered",
                 "50 % of the instances go first",
                 "a p99 above 100 ms rolls it back by itself",
                 "Version 1 is archived", "0123456789abcdef"):  # fmt: skip
        assert said in text, said
    browser.picture(path, path.with_suffix(".png"))


def test_it_needs_nothing_but_itself(run, version, line, path):
    """No address that a browser would fetch, no script; strangers' text stays
    text."""
    version(line, description="<script>alert(1)</script><img src=//x/y>")
    run("report", 1, "--output", path)
    page = path.read_text("utf-8")
    assert not re.search(r"<(script|link|iframe|object|embed)\b", page)
    asked = re.findall(r"<[^>]*\b(?:src|href)=\"?([^\s\">]+)", page)
    assert all(address.startswith("data:") for address in asked)
    assert "url(" not in page
    assert "default-src 'none'" in page
    text = browser.text_of(path)
    assert "<script>alert(1)</script>" in text
    assert "It has not been tested." in text
    assert "none of its tests have run" in text
    assert "There is no version to go back to." in text


def test_an_artifact_that_was_changed_is_said_first(
    run, accounts, version, line, net, path
):
    number = version(line)
    said = run("show", number, "--json").json
    bucket, _, key = said["model"].removeprefix("s3://").partition("/")
    accounts.world.client("s3", accounts.number("shared_services")).put_object(
        Bucket=bucket, Key=key, Body=net.archive.read_bytes()
    )
    run("report", number, "--output", path)
    text = browser.text_of(path)
    assert "Look at this first artifact is not what was registered" in text
