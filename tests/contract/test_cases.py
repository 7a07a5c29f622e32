"""The list of cases and the tests agree.

SPDX-License-Identifier: Apache-2.0
"""
import pathlib

import pytest

from contract.cases import CASES, case_of

HERE = pathlib.Path(__file__).parent


def test_every_case_has_a_test(request):
    items = [i for i in request.session.items if i.path.parent == HERE]
    files = {item.path for item in items}
    if files < set(HERE.glob("test_*.py")) or request.config.option.keyword:
        pytest.skip("only a part of the suite runs")
    found = {case_of(item) for item in items}
    assert {case for case, known in CASES.items() if not known[2]} <= found
    # and none is said to be left out that is not
    assert not {case for case, known in CASES.items() if known[2]} & found
