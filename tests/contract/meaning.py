"""What a body means, whatever it looks like.

Another server than clary need not write the same bytes: `Body` is equal to
whatever holds the same predictions. CONTRACT_EXACT=1 compares bytes there too.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os

IS_EXACT = "CONTRACT_URL" not in os.environ or "CONTRACT_EXACT" in os.environ


def flat(value):
    """All numbers of a JSON value, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [float("nan") if value is None else float(value)]
    return [number for each in value for number in flat(each)]


def rows_of(content_type, body):
    """The rows of predictions in a body. ValueError: it holds none."""
    text = bytes(body).decode()
    kind = (content_type or "").split(";")[0].strip().lower()
    if kind == "text/csv":
        return [flat(line.split(",")) for line in text.splitlines()]
    if kind == "application/jsonlines" and text.count("\n") > 0:
        try:
            return [flat(json.loads(line)) for line in text.splitlines()]
        except json.JSONDecodeError:
            pass  # TensorFlow Serving's document under that name
    document = json.loads(text)
    for name in ("predictions", "outputs", "results"):
        if isinstance(document, dict) and name in document:
            document = document[name]
    if not isinstance(document, list):
        raise ValueError("no predictions")
    return [flat(row) for row in document]


def near(a, b):
    """Whether two lists of rows are the same but for rounding."""
    return len(a) == len(b) and all(
        len(x) == len(y)
        and all(
            math.isclose(p, q, rel_tol=1e-5, abs_tol=1e-6)
            or (math.isnan(p) and math.isnan(q))
            for p, q in zip(x, y)
        )
        for x, y in zip(a, b)
    )


class Body(bytes):
    """The body of a reply from a server that may write it as it likes."""

    content_type = None

    def __eq__(self, other):
        if bytes(self) == bytes(other):
            return True
        for kind in (self.content_type, "application/json", "text/csv"):
            try:
                wanted = rows_of(kind, other)
                return near(rows_of(self.content_type, self), wanted)
            except (TypeError, ValueError):
                continue
        return False

    def __ne__(self, other):
        return not self == other

    __hash__ = bytes.__hash__


def body_of(body, content_type):
    """A reply's body, to be compared as this run compares."""
    if IS_EXACT:
        return body
    body = Body(body)
    body.content_type = content_type
    return body
