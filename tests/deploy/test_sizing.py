"""The figures of sizing.md: out of the bench's results, and not older than
they.

SPDX-License-Identifier: Apache-2.0
"""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sizing():
    path = ROOT / "bench/sizing.py"
    spec = importlib.util.spec_from_file_location("sizing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(**cpu_us):
    """Of each server its microseconds for a request of 1, 100, 10,000 rows."""
    servers = {
        name: {
            "closed": {
                f"{rows} rows, 1 connections": {"cpu_us": spent}
                for rows, spent in zip((1, 100, 10000), each, strict=True)
            }
        }
        for name, each in cpu_us.items()
    }
    return {
        "cpu": "a CPU",
        "cores": 2,
        "models": {"mlp": servers, "forest": servers},
    }


def test_a_core_and_a_billion(sizing):
    """By hand: 50 us a request is 20,000 a second; 0.115 USD / 3600 / 2 vCPUs /
    20,000 * 1e9 is 0.80 USD."""
    found = results(clary=(50.0, 200.0, 2500.0), slow=(5000.0, 5200.0, None))
    text = sizing.block(found)
    assert "| clary | 20,000 | 500,000 | 4,000,000 |" in text
    assert "| slow | 200 | 19,231 | none |" in text
    assert "| clary | 0.80 | 0.03 | 0.80 | 0.03 | 0.71 | 0.03 |" in text
    assert "40,000 one-row requests a second" in text


def test_another_instance(sizing):
    name, said = sizing.instance("ml.c7i.large=2,0.144")
    assert (name, said) == ("ml.c7i.large", (2, 0.144))
    assert sizing.cost(20_000, *said) == pytest.approx(1.0)
    with pytest.raises(SystemExit, match="NAME=VCPUS,USD"):
        sizing.instance("ml.c7i.large=0.144")


def test_the_block_is_replaced_and_nothing_else(sizing):
    text = f"before\n{sizing.BEGIN}\nold\n{sizing.END}\nafter\n"
    new = sizing.renewed(text, results(clary=(50.0, 200.0, 2500.0)))
    assert new.startswith("before\n")
    assert new.endswith(f"\n{sizing.END}\nafter\n")
    assert "old" not in new
    assert sizing.renewed(new, results(clary=(50.0, 200.0, 2500.0))) == new


def test_the_prices_are_those_that_the_note_names(sizing):
    text = " ".join(sizing.NOTE.read_text("utf-8").split())
    for name, (_, price) in sizing.INSTANCES.items():
        assert f"`{name}` {price:g}" in text


RESULTS = ROOT / "bench/results/peers.json"


@pytest.mark.skipif(
    not RESULTS.exists(),
    reason="left out: bench/results/peers.json is not there (make bench-peers)",
)
def test_the_note_is_as_new_as_the_results(sizing):
    """python3 bench/sizing.py brings it up to date."""
    text = sizing.NOTE.read_text("utf-8")
    assert sizing.renewed(text, json.loads(RESULTS.read_text())) == text
