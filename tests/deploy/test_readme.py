"""deploy/README.md prints what the commands print.

    README_WRITE=1 python -m pytest ... tests/deploy/test_readme.py

writes it anew.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re

import pytest
from test_config import put

MARK = re.compile(
    r"(<!-- claryctl (?P<command>[^\n]*) -->\n```console\n)(?P<block>.*?)```\n",
    re.DOTALL,
)

WIDTH = 100


@pytest.fixture
def readme(request):
    return request.config.rootpath.parents[1] / "deploy/README.md"


def block(command, run):
    """As a terminal would show it."""
    text = run.stdout
    if run.code:
        text += run.stderr[run.stderr.index("claryctl: ") :]
    text = re.sub(r"botocore-session-\d+", "you", text)
    text = re.sub(r" +$", "", text, flags=re.MULTILINE)
    return f"$ claryctl {command}\n{text.rstrip()}\n"


def printed(command, on_moto, example):
    """Runs the command in the state in which the README has it."""
    if command == "check broken":
        broken = put(example, "endpoints.prod.instances", 1)
        broken = put(broken, "accounts.prod", "444444444444")
        broken = put(broken, "endpoints.prod.canary_percent", 60)
        return block("check", on_moto("check", code=3, config=broken))
    if command.startswith("setup qa"):
        on_moto("setup", "shared", "--yes")
    if command.startswith("teardown"):
        on_moto("setup", "shared", "--yes")
    failing = {"doctor": 4, "teardown shared --yes": 4}
    run = on_moto(*command.split(), code=failing.get(command, 0))
    return block(command, run)


def test_the_readme_prints_what_is_printed(
    readme, moto_accounts, on_moto, example, tmp_path
):
    text = readme.read_text("utf-8")
    marks = list(MARK.finditer(text))
    assert len(marks) >= 5
    new = text
    for mark in marks:
        found = printed(mark["command"], on_moto, example)
        found = found.replace(str(tmp_path / "clary.json"), "clary.json")
        new = new.replace(mark[0], f"{mark[1]}{found}```\n")
    if os.environ.get("README_WRITE"):
        readme.write_text(new, "utf-8")
        return
    assert new == text


def test_the_table_of_defects_is_whole(readme):
    numbers = re.findall(
        r"^\| (\d+) \|", readme.read_text("utf-8"), re.MULTILINE
    )
    assert numbers == [str(number) for number in range(1, 41)]


def test_what_is_marked_as_simulated_is(readme):
    """The counts in the last column are those of the proof."""
    from policies import test_post

    counted = {}
    for word, rows in (
        ("denied", test_post.NEEDED),
        ("allowed", test_post.TOO_MUCH),
    ):
        for defect, _ in rows:
            key = str(defect), word
            counted[key] = counted.get(key, 0) + 1
    counted["13", "denied"] = 1
    said = re.findall(
        r"^\| (\d+) \|.*\| (denied|allowed), (\d+) \|$",
        readme.read_text("utf-8"),
        re.MULTILINE,
    )
    assert {(n, word): int(count) for n, word, count in said} == counted


def test_every_link_leads_somewhere(readme):
    for path in (readme, readme.with_name("verify-on-aws.md")):
        text = path.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (path.parent / target).exists(), target
