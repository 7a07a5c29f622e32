"""Every golden model, through the real server: the bytes that TensorFlow
Serving prints for its rows.

The numbers may differ from TensorFlow's by 1e-6 + 1e-6 of the value, as
another order of additions does (tests/golden/README.md); everything else,
each number's way of being written too, is compared as bytes. Models whose
arithmetic is exact are compared as bytes altogether. A case with a file
`refused` is not served: the file holds a part of the reason.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import re
import struct

import pytest

from contract.server import GOLDEN

ALL = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
REFUSED = [case for case in ALL if (GOLDEN / case / "refused").exists()]
SERVED = [case for case in ALL if case not in REFUSED]
EXACT = {"identity8", "half-plus-three"}
NUMBER = re.compile(rb"-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|Infinity)|NaN")


def float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def written(text, dtype):
    """How TensorFlow Serving writes the number that `text` stands for."""
    number = float(text)
    if dtype not in ("float32", "float64"):
        return text
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if dtype == "float32":
        number = float32(number)
        out = f"{number:g}"
        if float32(float(out)) != number:
            out = f"{number:.9g}"
    else:
        out = f"{number:.17g}"
    return out if "." in out or "e" in out else out + ".0"


def close(got, expected):
    a, b = float(got), float(expected)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-6 + 1e-6 * abs(b)


def compare(case, got, expected):
    if case in EXACT:
        assert got == expected
        return
    assert NUMBER.sub(b"#", got) == NUMBER.sub(b"#", expected)
    signature = json.loads((GOLDEN / case / "signature.json").read_text())
    dtypes = {field["dtype"] for field in signature["outputs"]}
    for a, b in zip(NUMBER.findall(got), NUMBER.findall(expected)):
        assert close(a, b), f"{a} is not near {b}"
        if len(dtypes) == 1:
            assert a.decode() == written(a, *dtypes)


@pytest.mark.parametrize("case", SERVED)
def test_golden(serve, case):
    body = (GOLDEN / case / "input.csv").read_bytes()
    server = serve(case)
    reply = server.invoke(body)
    assert reply.status == 200, reply
    compare(case, reply.body, (GOLDEN / case / "expected.json").read_bytes())
    flat = server.invoke(body, accept="application/json")
    assert flat.body == reply.body.replace(b"\n", b"")
    # row by row, the same numbers
    rows = body.splitlines()
    alone = b" ".join(server.invoke(row).body for row in rows)
    names = b'"[^"]*"'
    assert NUMBER.findall(re.sub(names, b"", alone)) == NUMBER.findall(
        re.sub(names, b"", reply.body)
    )


@pytest.mark.parametrize("case", REFUSED)
def test_refused(start, case):
    server = start(GOLDEN / case / "model.tar.gz")
    assert server.wait(10) == 1
    reason = (GOLDEN / case / "refused").read_text().strip()
    assert reason in server.output()
