"""Least privilege, proved: every row of the matrix, simulated over the policies
as the templates come to.

SPDX-License-Identifier: Apache-2.0
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from clary_deploy import config_file
from policies import matrix
from policies.world import Who, built, verdicts

EXAMPLE = Path(__file__).parents[3] / "deploy/config.example.json"

ADMIN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ADMINS = {
    "ds": matrix.DS,
    "deployment": matrix.DEPLOYMENT,
    "qa": matrix.QA,
    "prod": matrix.PROD,
}


@pytest.fixture(scope="session")
def answers():
    """{row: verdict}, all asked at once."""
    example = json.loads(EXAMPLE.read_text("utf-8"))
    world = built(config_file.parse(example))
    for name, account in ADMINS.items():
        arn = f"arn:aws:iam::{account}:role/Admin"
        world.people[f"admin-{name}"] = Who(arn, (ADMIN,))
    questions = [
        world.question(
            row.who, row.action, row.resource, row.account, row.context
        )
        for row in matrix.ROWS
    ]
    return dict(zip(matrix.ROWS, verdicts(questions), strict=True))


def test_the_matrix_is_a_matrix():
    """Enough rows, none twice, both answers, every role of every stack."""
    assert len(matrix.ROWS) >= 80
    assert len({str(row) for row in matrix.ROWS}) == len(matrix.ROWS)
    counts = Counter(row.expected for row in matrix.ROWS)
    assert counts[matrix.YES] > 80
    assert counts[matrix.NO] > 150
    assert counts[matrix.NEVER] >= 10


def test_every_role_is_asked(config):
    asked = {row.who for row in matrix.ROWS}
    assert set(built(config).people) <= asked


@pytest.mark.parametrize("who", sorted({row.who for row in matrix.ROWS}))
def test_who_can_do_what(answers, who):
    found = [
        f"{row}: {verdict}, {row.expected} is expected"
        for row, verdict in answers.items()
        if row.who == who and verdict != row.expected
    ]
    assert not found, "\n".join(found)
