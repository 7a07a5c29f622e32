"""The suite as a tool: README.md beside this file.

With CONTRACT_URL the cases run against the servers there instead of clary;
those that need to start one, or to give it settings, are skipped. At the end
of a whole run the cases are printed as a table.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import pathlib

import pytest

pytest.register_assert_rewrite("contract.errors", "contract.kserve")

from contract.cases import CASES, case_of
from contract.meaning import IS_EXACT
from contract.remote import URLS, find_models
from contract.server import shared_servers
from contract.xgboost import XGBOOST

HERE = pathlib.Path(__file__).parent

cases_of_run = collections.defaultdict(list)  # case: ids of tests
results = {}  # id of a test: (outcome, why)

if URLS:

    @pytest.fixture(scope="session")
    def serve():
        """As the usual one, with the servers of CONTRACT_URL."""
        models = find_models()

        def remote(case, **settings):
            if settings:
                names = ", ".join(f"{k}={v}" for k, v in settings.items())
                pytest.skip(f"needs a server that was started with {names}")
            if case not in models:
                pytest.skip(f"needs a server of the model {case}")
            assert models[case].ping() == 200, "/ping is not 200 any more"
            return models[case]

        return remote


@pytest.fixture(scope="module")
def xgboost():
    """xgboost(CASE, SETTING="value"): a server of a golden model of XGBoost."""
    yield from shared_servers(XGBOOST)


def reason_to_skip(item):
    if not URLS:
        return None
    if "serve" not in item.fixturenames or "start" in item.fixturenames:
        return "needs to start the server"
    if not IS_EXACT and item.get_closest_marker("exact"):
        return "compares bytes (CONTRACT_EXACT=1)"
    return None


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "exact: of the bytes, not of what they mean"
    )


def pytest_collection_modifyitems(config, items):
    here = [item for item in items if item.path.parent == HERE]
    for item in here:
        if reason := reason_to_skip(item):
            item.add_marker(pytest.mark.skip(reason=reason))
    if not IS_EXACT:  # what is no case is clary's own affair
        others = [item for item in here if case_of(item) is None]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)
    for item in here:
        if case := case_of(item):
            cases_of_run[case].append(item.nodeid)


def pytest_runtest_logreport(report):
    if report.when != "call" and report.outcome == "passed":
        return
    why = ""
    if report.outcome == "skipped":
        why = str(report.longrepr[2]).removeprefix("Skipped: ")
    if results.get(report.nodeid, ("",))[0] != "failed":
        results[report.nodeid] = (report.outcome, why)


def is_whole():
    """Whether no case was left out of the run."""
    return all(case in cases_of_run for case, c in CASES.items() if not c[2])


def verdict(case):
    """(word, remark) for the table."""
    outcomes = [results[i] for i in cases_of_run[case] if i in results]
    count = collections.Counter(outcome for outcome, _ in outcomes)
    if not outcomes:
        return "no test", CASES[case][2] or ""
    if count["failed"]:
        return "FAILED", f"{count['failed']} of {len(outcomes)} tests"
    if count["passed"]:
        return "passed", ""
    return "skipped", outcomes[0][1]


def pytest_terminal_summary(terminalreporter):
    if not is_whole():
        return
    terminalreporter.section("cases of the contract")
    total = collections.Counter()
    for case, (title, wanted_by, _) in CASES.items():
        word, remark = verdict(case)
        total[word] += 1
        line = f"{case:>3}  {word:<7}  {wanted_by:<10}  {title}"
        terminalreporter.write_line(f"{line} ({remark})" if remark else line)
    terminalreporter.write_line(
        ", ".join(f"{n} cases {word}" for word, n in total.items())
    )
