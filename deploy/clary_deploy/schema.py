"""JSON Schema, as much of draft 2020-12 as config.schema.json uses.

claryctl needs boto3 and nothing else at run time; the tests compare this with
the jsonschema package. A keyword that is not known here is refused, so that a
schema never promises what nobody checks.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clary_deploy.errors import Problem

Schema = Mapping[str, Any]
Check = Callable[[Any, Any, str], Iterator[Problem]]

NO_CONSTRAINT = {"$schema", "$defs", "title", "description"}
STRUCTURE = {"$ref", "properties", "additionalProperties", "items"}


def validate(value: object, schema: Schema) -> list[Problem]:
    """Every place where `value` breaks `schema`, in the order of the file."""
    return list(_walk(value, schema, schema, ""))


def _walk(
    value: Any, schema: Schema, root: Schema, path: str
) -> Iterator[Problem]:
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        yield from _walk(value, target, root, path)
    for keyword, limit in schema.items():
        if keyword in CHECKS:
            yield from CHECKS[keyword](value, limit, path)
        elif keyword not in NO_CONSTRAINT | STRUCTURE:
            raise ValueError(f"config.schema.json uses {keyword!r}")
    if isinstance(value, dict):
        yield from _walk_object(value, schema, root, path)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _walk(item, schema["items"], root, f"{path}[{index}]")


def _walk_object(
    value: dict[str, Any], schema: Schema, root: Schema, path: str
) -> Iterator[Problem]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        where = f"{path}.{key}" if path else key
        if key in known:
            yield from _walk(item, known[key], root, where)
        elif others is False:
            close = ", ".join(known)
            yield Problem(
                where, "unknown-key", f"there is no such key ({close})"
            )
        elif others is not True:
            yield from _walk(item, others, root, where)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int) or (
            isinstance(value, float) and value.is_integer()
        )
    kinds: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "number": (int, float),
    }
    return name in kinds and isinstance(value, kinds[name])


def _type(value: Any, name: str, path: str) -> Iterator[Problem]:
    if not _is(value, name):
        found = f"{value!r} is not of type {name}"
        yield Problem(path or "(file)", "type", found)


def _enum(value: Any, allowed: list[Any], path: str) -> Iterator[Problem]:
    if value not in allowed or isinstance(value, bool):
        wanted = ", ".join(str(item) for item in allowed)
        yield Problem(path, "enum", f"{value!r} is not one of {wanted}")


def _required(value: Any, keys: list[str], path: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in keys:
            if key not in value:
                where = f"{path}.{key}" if path else key
                yield Problem(where, "required", "this key is missing")


def _pattern(value: Any, pattern: str, path: str) -> Iterator[Problem]:
    if isinstance(value, str) and not re.search(pattern, value):
        yield Problem(path, "pattern", f"{value!r} does not match {pattern}")


def _bound(
    name: str, of: str, holds: Callable[[Any, Any], bool], words: str
) -> Check:
    """A check of a number, or of the length of what has one."""

    def check(value: Any, limit: Any, path: str) -> Iterator[Problem]:
        if not _is(value, of):
            return
        size = value if of == "number" else len(value)
        if not holds(size, limit):
            unit = {"string": " characters", "array": " items"}.get(of, "")
            unit = " keys" if of == "object" else unit
            found = f"{size}{unit}, {words} {limit} is expected"
            yield Problem(path, name, found)

    return check


def _at_least(size: Any, limit: Any) -> bool:
    return bool(size >= limit)


def _at_most(size: Any, limit: Any) -> bool:
    return bool(size <= limit)


def _above(size: Any, limit: Any) -> bool:
    return bool(size > limit)


CHECKS: dict[str, Check] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "pattern": _pattern,
    "minLength": _bound("minLength", "string", _at_least, "at least"),
    "maxLength": _bound("maxLength", "string", _at_most, "at most"),
    "minimum": _bound("minimum", "number", _at_least, "at least"),
    "maximum": _bound("maximum", "number", _at_most, "at most"),
    "exclusiveMinimum": _bound(
        "exclusiveMinimum", "number", _above, "more than"
    ),
    "minItems": _bound("minItems", "array", _at_least, "at least"),
    "maxItems": _bound("maxItems", "array", _at_most, "at most"),
    "maxProperties": _bound("maxProperties", "object", _at_most, "at most"),
}
