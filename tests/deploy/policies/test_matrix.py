"""Least privilege, proved: every row of the matrix, simulated over the policies
as the templates come to.

SPDX-License-Identifier: Apache-2.0
"""

from collections import Counter

import pytest

from policies import things
from policies.small_print import ALL_ROWS as ROWS
from policies.world import built, of_the_example, verdicts


@pytest.fixture(scope="session")
def answers():
    """{row: verdict}, all asked at once."""
    world = of_the_example()
    questions = [
        world.question(
            row.who, row.action, row.resource, row.account, row.context
        )
        for row in ROWS
    ]
    return dict(zip(ROWS, verdicts(questions), strict=True))


def test_the_matrix_is_a_matrix():
    """Enough rows, none twice, both answers, every role of every stack."""
    assert len(ROWS) >= 80
    assert len({str(row) for row in ROWS}) == len(ROWS)
    counts = Counter(row.expected for row in ROWS)
    assert counts[things.YES] > 80
    assert counts[things.NO] > 150
    assert counts[things.NEVER] >= 10


def test_every_role_is_asked(config):
    asked = {row.who for row in ROWS}
    assert set(built(config).people) <= asked


@pytest.mark.parametrize("who", sorted({row.who for row in ROWS}))
def test_who_can_do_what(answers, who):
    found = [
        f"{row}: {verdict}, {row.expected} is expected"
        for row, verdict in answers.items()
        if row.who == who and verdict != row.expected
    ]
    assert not found, "\n".join(found)
