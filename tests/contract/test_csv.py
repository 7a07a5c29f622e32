"""CSV that is answered, and CSV that is refused: cases 11 to 35.

SPDX-License-Identifier: Apache-2.0
"""
import pytest

from contract.errors import assert_error
from contract.housing import A, B, HEADER, ONE, REST, TWO
from contract.meaning import IS_EXACT

# (case, model, body, answer)
CSV = [
    ("11", "identity8", A, ONE),
    ("13", "identity8", f"{A}\n{B}\n", TWO),
    ("13-no-final-lf", "identity8", f"{A}\n{B}", TWO),
    ("14-crlf", "identity8", f"{A}\r\n{B}\r\n", TWO),
    ("14-crlf-no-final", "identity8", f"{A}\r\n{B}", TWO),
    ("15-blank-lines", "identity8", f"{A}\n\n  \n{B}\n\n", TWO),
    ("15-blank-lines-crlf", "identity8", f"\r\n{A}\r\n \t\r\n{B}\r\n\r\n", TWO),
    ("16-blanks", "identity8", f"  {A.replace(',', ' , ')} \n", ONE),
    ("16-tabs", "identity8", "\t" + A.replace(",", "\t,\t") + "\t", ONE),
    (
        "17",
        "half-plus-three",
        "1.0,2.0,5.0",
        b'{\n    "predictions": [[3.5, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "18",
        "half-plus-three",
        "1.0,2.0,5.0\n1.0,2.0,5.0",
        b'{\n    "predictions": [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "19",
        "half-plus-three",
        "0.0,2.0,5.0",
        b'{\n    "predictions": [[3.0, 4.0, 5.5]\n    ]\n}',
    ),
    (
        "28-exponents",
        "identity8",
        f"-1e-3,{REST}\n2E5,{REST}\n1e+2,{REST}",
        b'{\n    "predictions": [[-0.001], [200000.0], [100.0]\n    ]\n}',
    ),
    (
        "31-quoted",
        "identity8",
        ",".join(f'"{cell}"' for cell in A.split(",")),
        ONE,
    ),
    ("34-bom", "identity8", "\ufeff" + A, ONE),
    (
        "35-integers",
        "identity8",
        "8,41,6,1,322,2,37,-122",
        b'{\n    "predictions": [[8.0]\n    ]\n}',
    ),
]


@pytest.mark.parametrize(
    "model, body, answer", [c[1:] for c in CSV], ids=[c[0] for c in CSV]
)
def test_csv(serve, model, body, answer):
    reply = serve(model).invoke(body)
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.body == answer
    # The same rows, asked for as JSON by name: line feeds removed (case 12).
    named = serve(model).invoke(body, accept="application/json")
    assert named.header("Content-Type") == "application/json"
    assert named.body == answer.replace(b"\n", b"")


def test_12_accept_json(serve):
    reply = serve("identity8").invoke(A, accept="application/json")
    assert reply.body == b'{    "predictions": [[8.3252]    ]}'
    assert len(reply.body) == 35 or not IS_EXACT


@pytest.mark.parametrize("body", ["1.0\n2.0\n5.0", "1.0\r\n2.0\r\n5.0\r\n"])
def test_20_one_feature(serve, body):
    """A line without a comma is a row of one column."""
    reply = serve("one-feature").invoke(body)
    assert reply.status == 200, reply
    rows = reply.json()["predictions"]
    assert [len(row) for row in rows] == [1, 1, 1]


def test_20_one_feature_is_not_eight(serve):
    assert_error(serve("identity8").invoke("1.0\n2.0\n"), 400, "8")


SEVEN = A.rsplit(",", 1)[0]
BAD = [
    ("21-header", f"{HEADER}\n{A}", "row 1.*MedInc"),
    ("21-header-e", f"elev,{HEADER.split(',', 1)[1]}\n{A}", "row 1.*elev"),
    ("22-seven-columns", SEVEN, "row 1.*(8.*7|7.*8)"),
    ("22-nine-columns", A + ",1", "row 1.*8"),
    ("23-ragged", f"{A}\n{SEVEN}\n{A}", "row 2.*(8.*7|7.*8)"),
    ("24-empty-field", A.replace(",41,", ",,"), "row 1, column 2"),
    ("24-blank-field", A.replace(",41,", ",  ,"), "row 1, column 2"),
    ("25-word", A.replace(",41,", ",abc,"), "row 1, column 2.*abc"),
    ("25-word-row-2", f"{A}\n{B.replace('2401', 'abc')}", "row 2, column 5"),
    ("26-trailing-comma", A + ",", "row 1"),
    ("27-semicolons", A.replace(",", ";"), "row 1"),
    ("27-tabs", A.replace(",", "\t"), "row 1"),
    ("29-leading-point", f".5,{REST}", r"row 1, column 1.*\.5"),
    ("29-trailing-point", f"1.,{REST}", r"row 1, column 1.*1\."),
    ("29-plus", f"+1,{REST}", r"row 1, column 1.*\+1"),
    ("29-hex", f"0x10,{REST}", "row 1, column 1.*0x10"),
    ("29-underscore", f"1_000,{REST}", "row 1, column 1.*1_000"),
    ("29-leading-zero", f"01,{REST}", "row 1, column 1.*01"),
    ("29-minus-alone", f"-,{REST}", "row 1, column 1"),
    ("29-exponent-alone", f"1e,{REST}", "row 1, column 1"),
    ("29-two-points", f"1.2.3,{REST}", "row 1, column 1"),
    ("30-nan", f"nan,{REST}", "row 1, column 1.*nan"),
    ("30-NaN", f"NaN,{REST}", "row 1, column 1.*NaN"),
    ("30-Infinity", f"Infinity,{REST}", "row 1, column 1.*Infinity"),
    ("30-inf", f"-inf,{REST}", "row 1, column 1.*inf"),
    ("32-blanks", "   \n", "row"),
    ("32-blank-lines", "\n\r\n\n", "row"),
    ("33-empty", "", "empty"),
    ("34-bom-alone", "\ufeff", "row"),
    ("31-open-quote", f'"8.3252,{REST}', "row 1"),
    ("31-after-quote", f'"8.3252"x,{REST}', "row 1, column 1"),
    ("25-invalid-utf8", b"\xff\xfe," + REST.encode(), "row 1, column 1"),
    ("25-nul", b"1\x00," + REST.encode(), "row 1, column 1"),
    ("25-quotes-in-message", f"a\\\"b<'{REST}", "row 1"),
]


@pytest.mark.parametrize(
    "body, text", [c[1:] for c in BAD], ids=[c[0] for c in BAD]
)
def test_refused(serve, body, text):
    """400 names the place; one bad row refuses the request, whatever type was
    asked for."""
    for accept in (None, "text/csv", "application/jsonlines"):
        assert_error(serve("identity8").invoke(body, accept=accept), 400, text)


def test_25_last_of_many_rows(serve):
    """An error behind rows that were already computed is still a 400."""
    body = f"{A}\n" * 20000 + f"x,{REST}\n"
    assert_error(serve("identity8").invoke(body), 400, "row 20001, column 1")
