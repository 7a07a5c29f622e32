"""Golden models of XGBoost: their rows, and what XGBoost itself predicted.

The container writes its predictions with Python's repr and json, each float32
as a float, and so do the tests. What differs on purpose is in the README,
"Deviations of the xgboost style".

SPDX-License-Identifier: Apache-2.0
"""
import struct

from contract.server import ROOT

XGBOOST = ROOT / "tests/golden/xgboost"
ROWS = 25


def single(text):
    """The float32 that a cell of a golden file stands for."""
    return struct.unpack("<f", struct.pack("<f", float(text)))[0]


def input_of(case, n=ROWS):
    lines = (XGBOOST / case / "input.csv").read_text().splitlines()
    return lines[:n]


def expected_of(case, n=ROWS):
    """XGBoost's predictions, a list of floats a row."""
    lines = (XGBOOST / case / "expected.csv").read_text().splitlines()
    return [[single(cell) for cell in line.split(",")] for line in lines[:n]]


def answer(reply, content_type):
    """The text of a reply that must be of this type."""
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == content_type, reply
    return reply.body.decode()
