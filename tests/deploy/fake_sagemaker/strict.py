"""Requests and answers against the service model, to the last letter.

botocore checks types, required members and minima of a request. The service
checks more, from the same model: enums, patterns, lengths, ranges, and members
that the model does not know. So does this.

    check(service_model("sagemaker"), "CreateEndpoint", {...})  -> problems

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator
from typing import Any

import botocore.session
import regex  # type: ignore[import-untyped]
from botocore.model import ServiceModel, Shape

BEYOND_16_BITS = (
    r"\uD800\uDC00-\uDBFF\uDFFF",
    r"\U00010000-\U0010FFFF",
)

KINDS: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, datetime.datetime),
    "blob": (bytes, bytearray, str),
}


@functools.cache
def service_model(name: str) -> ServiceModel:
    """The model of one service, as boto3 has it."""
    return botocore.session.get_session().get_service_model(name)


def check(
    model: ServiceModel, operation: str, request: dict[str, Any]
) -> list[str]:
    """What is wrong with a request; nothing, when the service takes it."""
    shape = model.operation_model(operation).input_shape
    return [] if shape is None else list(_problems(shape, request, operation))


def check_answer(
    model: ServiceModel, operation: str, answer: dict[str, Any]
) -> list[str]:
    """What is wrong with an answer that we made up ourselves."""
    shape = model.operation_model(operation).output_shape
    return [] if shape is None else list(_problems(shape, answer, operation))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not _is_kind(shape.type_name, value):
        yield f"{path}: {value!r} is not of type {shape.type_name}"
        return
    yield from _limits(shape, value, path)
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path} key {key!r}")
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)


def _is_kind(type_name: str, value: object) -> bool:
    kinds = KINDS[type_name]
    if isinstance(value, bool):  # an int to Python, not to the service
        return bool in kinds
    return isinstance(value, kinds)


def _structure(shape: Shape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name}: is required"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{path}.{name}: {shape.name} has no such member"
        else:
            yield from _problems(shape.members[name], item, f"{path}.{name}")


def _limits(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """`min` and `max`: of a number itself, else of its length or count."""
    numeric = shape.type_name in ("integer", "long", "float", "double")
    if shape.type_name in ("structure", "boolean", "timestamp"):
        return
    size = value if numeric else len(value)
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    what = "value" if numeric else "length"
    if low is not None and size < low:
        yield f"{path}: {what} {size} is less than {low}"
    if high is not None and size > high:
        yield f"{path}: {what} {size} is more than {high}"


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path}: {value!r} is not one of {', '.join(allowed)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern}"


@functools.cache
def _compiled(pattern: str) -> Any:
    """The model's patterns are Java's: \\p{L} and the like, which only the
    `regex` package reads; and pairs of surrogates, which nothing reads."""
    return regex.compile(pattern.replace(*BEYOND_16_BITS))
