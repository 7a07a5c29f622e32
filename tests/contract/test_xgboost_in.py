"""What XGBoost's container reads, and what it refuses: CSV and libsvm.

SPDX-License-Identifier: Apache-2.0
"""
import pytest

from contract.client import Connection, request_bytes
from contract.xgboost import answer, expected_of, input_of


def libsvm_of(lines):
    rows = []
    for i, line in enumerate(lines):
        columns = enumerate(line.split(","))
        cells = [f"{column}:{cell}" for column, cell in columns if cell]
        rows.append(" ".join([str(i % 2)] + cells))
    return "\n".join(rows) + "\n"


CSV_TYPES = ["text/csv", "csv", "text/csv; charset=utf-8", "TEXT/CSV",
             "text/csv;label_size=1", "text/csv; label_size=1; charset=utf-8"]
LIBSVM_TYPES = ["text/libsvm", "text/x-libsvm", "libsvm",
                "text/libsvm ;charset=utf8", None]


@pytest.mark.parametrize("content_type", CSV_TYPES)
def test_csv_types(xgboost, content_type):
    lines = input_of("binary-logistic")
    reply = xgboost("binary-logistic").invoke("\n".join(lines), content_type)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("content_type", LIBSVM_TYPES)
def test_libsvm_types(xgboost, content_type):
    """A missing type is libsvm; what is left out of a row is missing."""
    body = libsvm_of(input_of("binary-logistic"))
    reply = xgboost("binary-logistic").invoke(body, content_type)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_empty_body_204(xgboost, chunked):
    server = xgboost("binary-logistic")
    with Connection(server.port) as connection:
        headers = [("Content-Type", "text/csv")]
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            connection.send(request_bytes("POST", "/invocations", headers))
            connection.send(b"0\r\n\r\n")
            reply = connection.read()
        else:
            reply = connection.request("POST", "/invocations", headers, b"")
        assert reply.status == 204, reply
        assert reply.header("Content-Type") is None
        assert reply.header("Content-Length") in (None, "0")
        # nothing follows it: the connection goes on
        again = connection.request("POST", "/invocations", headers[:1],
                                   b"1,2,3,4,5\n")
        assert again.status == 200


UNREADABLE = {
    "not-a-number": "1,2,abc,4,5\n",
    "second-row": "1,2,3,4,5\n1,2,x,4,5\n",
    "ragged": "1,2,3,4,5\n1,2,3,4\n",
    "infinity": "1,2,inf,4,5\n",
    "infinity-of-float32": "1,2,1e39,4,5\n",
    "rows-of-nothing": "NA,NA,NA,NA,NA\n0.5,1.25,0.3,2,1\n",
    "rows-of-null": "null,null,null,null,null\n0.5,1.25,0.3,2,1\n",
    "infinities-first": "Infinity,inf,-inf,inf,inf\n0.5,1.25,0.3,2,1\n",
    "only-blanks": "  \n \n",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_415(xgboost, body):
    reply = xgboost("binary-logistic").invoke(body)
    assert reply.status == 415, reply
    assert reply.json()["error"]


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/octet-stream", "application/x-parquet",
    "label_size=1; text/csv", "application/x-recordio-protobuf"])
def test_other_types_415(xgboost, content_type):
    reply = xgboost("binary-logistic").invoke("1,2,3,4,5\n", content_type)
    assert reply.status == 415, reply
    assert content_type in reply.json()["error"]


@pytest.mark.parametrize("content_type, body", [
    ("text/csv", "1,2,3,4\n"),
    ("text/csv", "1,2,3,4,5,6\n1,2,3,4,5,6\n"),
    ("text/libsvm", "1 0:1 7:2\n")])
def test_not_the_models_rows_400(xgboost, content_type, body):
    reply = xgboost("binary-logistic").invoke(body, content_type)
    assert reply.status == 400, reply
    message = reply.json()["error"]
    assert message.startswith("Unable to evaluate payload provided: "), message


def test_too_large_413(xgboost):
    server = xgboost("binary-logistic", CLARY_MAX_BODY_BYTES="6291456")
    row = b"1,2,3,4,5\n"
    body = row * (6291456 // len(row) + 1)
    reply = server.invoke(body)
    assert reply.status == 413, reply


@pytest.mark.parametrize("header", [
    "f4,f3,f2,f1,f0", "features[4],f3,features.2,f1,features[0]"])
def test_a_header_of_a_model_without_names(xgboost, header):
    """XGBoost's own names and those that errors and inspect have."""
    lines = input_of("binary-logistic")
    turned = [",".join(reversed(line.split(","))) for line in lines]
    reply = xgboost("binary-logistic").invoke("\n".join([header] + turned))
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("binary-logistic"))
    assert answer(reply, "text/csv") == expected


def test_a_header_with_an_unknown_name(xgboost):
    reply = xgboost("binary-logistic").invoke("f0,f1,f2,f3,f5\n1,2,3,4,5\n")
    assert reply.status == 415, reply
    assert '"f5" is not an input' in reply.json()["error"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", ":"],
                         ids=["comma", "semicolon", "tab", "bar", "blank",
                              "colon"])
def test_the_separator_is_found(xgboost, separator):
    lines = input_of("reg-squarederror")
    body = "\n".join(line.replace(",", separator) for line in lines)
    reply = xgboost("reg-squarederror").invoke(body)
    expected = "".join(f"{p!r}\n" for (p,) in expected_of("reg-squarederror"))
    assert answer(reply, "text/csv") == expected


def test_an_empty_cell_is_missing(xgboost):
    server = xgboost("reg-squarederror")
    replies = {
        server.invoke(body).body
        for body in (",1,,2.5,\n", "nan,1,NaN,+2.5,NAN\n", ";1.;;2.5;\n")
    } | {server.invoke("0 1:1 3:2.5", "text/libsvm").body}
    assert len(replies) == 1, replies
    assert replies != {server.invoke("0,1,0,2.5,0\n").body}


@pytest.mark.parametrize("end", ["\n", "\r\n", ""], ids=["lf", "crlf", "none"])
def test_line_ends(xgboost, end):
    lines = input_of("reg-squarederror", 2)
    body = (end or "\n").join(lines) + end
    reply = xgboost("reg-squarederror").invoke(body)
    assert len(answer(reply, "text/csv").splitlines()) == 2
