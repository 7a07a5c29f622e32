"""How numbers are read and written: cases 36 and 37.

SPDX-License-Identifier: Apache-2.0
"""
import json
import random
import re
import struct

import pytest

from contract.housing import REST
from contract.meaning import IS_EXACT, rows_of

PRINTED = [
    ("8.3252", "8.3252"),
    ("2.4567891", "2.45678902"),
    ("1000000", "1e+06"),
    ("1234567", "1234567.0"),
    ("0.33333334", "0.333333343"),
    ("0.00003", "3e-05"),
    ("100000", "100000.0"),
    ("123456.7", "123456.703"),
    ("16777217", "16777216.0"),
    ("3.4028234663852886e38", "3.40282347e+38"),
    ("1.1754943508222875e-38", "1.17549435e-38"),
    # A little off the middle of two float32, but the nearest double is the
    # middle: read as a double first, as TensorFlow Serving does, they go to
    # the even one.
    ("1.00000017881393432617187499", "1.00000024"),
    ("1.00000005960464477539062501", "1.0"),
    # x W + b is 0.0 for -0.0: TensorFlow's own answer too
    ("-0.0", "0.0"),
]


@pytest.mark.exact
@pytest.mark.parametrize("sent, printed", PRINTED, ids=[p[0] for p in PRINTED])
def test_36_text_of_numbers(serve, sent, printed):
    reply = serve("identity8").invoke(f"{sent},{REST}")
    assert reply.status == 200, reply
    assert re.search(rb"\[\[(.*)\]\n", reply.body)[1].decode() == printed


@pytest.mark.exact
def test_36_negative_zero(serve):
    """-0.0 keeps its sign where the model does."""
    reply = serve("special-values").invoke("0.0,-0.0")
    assert b"[[-Infinity, -Infinity, 0.0, -0.0]" in reply.body


def as_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def serving_text(number):
    """How TensorFlow Serving prints a finite float32."""
    text = f"{number:g}"
    if as_float32(float(text)) != number:
        text = f"{number:.9g}"
    return text if "." in text or "e" in text else text + ".0"


def test_37_random_floats(serve):
    """10,000 bit patterns; each number printed reads back to the same one,
    and is printed as TensorFlow Serving does."""
    rng = random.Random(37)
    numbers = []
    while len(numbers) < 10000:
        bits = rng.getrandbits(32)
        if 0 < (bits >> 23 & 0xFF) < 255:  # normal numbers
            numbers.append(struct.unpack("<f", struct.pack("<I", bits))[0])
    body = "".join(f"{n:.9g},0,0,0,0,0,0,0\n" for n in numbers)
    reply = serve("identity8").invoke(body)
    assert reply.status == 200, reply
    rows = rows_of(reply.header("Content-Type"), reply.body)
    assert [as_float32(number) for [number] in rows] == numbers
    if IS_EXACT:
        printed = re.findall(r"\[([^\[\]]+)\]", reply.body.decode())
        assert printed == [serving_text(n) for n in numbers]


def test_predictions_are_json(serve):
    """What is not a NaN or an infinity parses, keys in order."""
    reply = serve("two-outputs").invoke("1,2,3,4\n5,6,7,8")
    rows = json.loads(reply.body)["predictions"]
    assert [list(row) for row in rows] == [["band", "price"]] * 2
