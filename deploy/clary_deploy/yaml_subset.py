"""YAML, as much of it as the templates in stacks/ use.

claryctl needs boto3 and nothing else at run time, and boto3 reads no YAML.
Block mappings and sequences, flow sequences, plain and "quoted" scalars, `|`
and `>-`, comments, and CloudFormation's short forms (`!Sub`, `!GetAtt A.B`),
which become the long ones. Everything else is an error with its line, never a
guess; the tests compare the result with PyYAML's on every template.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import re
from typing import Any

KEY = re.compile(r'("[^"]*"|[^\s"\'\[\]{}!&*|>%@`#-][^#]*?):(?:\s+(.*))?$')
TAG = re.compile(r"!(\w+)(?:\s+(.*))?$")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?$")
FLOW_ITEM = re.compile(r'\s*(![\w]+\s+)?("[^"]*"|\[|[^\s"\'\[\]{},#][^,\]]*)')
WORDS = {"true": True, "false": False, "null": None, "~": None}
BARE_TAGS = {"Ref", "Condition"}  # the others are Fn::...


class YamlError(ValueError):
    """What is not of the subset, with its line."""


def parse(text: str) -> Any:
    """The document in `text`."""
    reader = _Reader(text)
    value = reader.block(0)
    if reader.peek() is not None:
        raise reader.error("the indentation does not fit")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0

    def error(self, message: str) -> YamlError:
        return YamlError(f"line {self.at + 1}: {message}")

    def peek(self) -> tuple[int, str] | None:
        """Indentation and content of the next line that has some."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            content = _without_comment(line).strip()
            if content:
                if "\t" in line or content in ("---", "..."):
                    raise self.error("tabs and several documents are not read")
                return len(line) - len(line.lstrip(" ")), content
            self.at += 1
        return None

    def block(self, indent: int) -> Any:
        """A mapping or a sequence that starts at `indent`."""
        line = self.peek()
        if line is None or line[0] != indent:
            raise self.error("a value is expected here")
        if line[1] == "-" or line[1].startswith("- "):
            return self._sequence(indent)
        return self._mapping(indent)

    def _sequence(self, indent: int) -> list[Any]:
        items = []
        while (line := self.peek()) is not None and line[0] == indent:
            if not line[1].startswith("- "):
                break
            rest = line[1][2:].lstrip()
            if KEY.match(rest):
                # "- key: value": a mapping that begins two columns on
                inner = indent + len(line[1]) - len(rest)
                raw = self.lines[self.at]
                self.lines[self.at] = " " * inner + raw[inner:]
                items.append(self._mapping(inner))
            else:
                self.at += 1
                items.append(self._value(rest, indent))
        return items

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self.peek()) is not None and line[0] == indent:
            match = KEY.match(line[1])
            if match is None:
                break
            key = match[1].strip('"')
            if key in found:
                raise self.error(f"{key} stands there twice")
            self.at += 1
            found[key] = self._value(match[2] or "", indent)
        if not found:
            raise self.error("neither 'key: value' nor '- item'")
        return found

    def _value(self, text: str, indent: int) -> Any:
        """The value that starts with `text`, behind a key or a dash."""
        if tag := TAG.match(text):
            return _tagged(tag[1], self._value(tag[2] or "", indent))
        if text in ("|", ">-"):
            return self._scalar_block(indent, folded=text == ">-")
        if text.startswith("["):
            return self._flow(text)
        if text:
            return self._scalar(text)
        line = self.peek()
        if line is None or line[0] <= indent:
            return None
        if line[1].startswith("["):
            self.at += 1
            return self._flow(line[1])
        return self.block(line[0])

    def _scalar_block(self, indent: int, *, folded: bool) -> str:
        taken = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            taken.append(line)
            self.at += 1
        while taken and not taken[-1].strip():
            taken.pop()
        depth = min(len(x) - len(x.lstrip(" ")) for x in taken if x.strip())
        body = [line[depth:] for line in taken]
        return " ".join(body) if folded else "\n".join(body) + "\n"

    def _flow(self, text: str) -> list[Any]:
        """`[a, "b", !Ref c]`, which may go on for lines."""
        while text.count("[") > text.count("]"):
            line = self.peek()
            if line is None:
                raise self.error("a [ is not closed")
            text += " " + line[1]
            self.at += 1
        items, end = self._flow_items(text, 1)
        if text[end:].strip():
            raise self.error(f"{text[end:]!r} after ]")
        return items

    def _flow_items(self, text: str, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            match = FLOW_ITEM.match(text, at)
            if match is None:
                raise self.error(f"{text[at:]!r} in a [list]")
            value: Any
            if match[2] == "[":
                value, at = self._flow_items(text, match.end())
            else:
                value, at = self._scalar(match[2].strip()), match.end()
            tag = (match[1] or "").strip().removeprefix("!")
            items.append(_tagged(tag, value) if tag else value)
            rest = text[at:].lstrip()
            at = len(text) - len(rest) + 1
            if rest.startswith("]"):
                return items, at
            if not rest.startswith(","):
                raise self.error(f"{rest!r} where , or ] is expected")

    def _scalar(self, text: str) -> Any:
        if text.startswith('"'):
            try:
                return json.loads(text)
            except ValueError:
                raise self.error(f"{text} is not a quoted scalar") from None
        if text[0] in "'{}&*%@`|>?":
            raise self.error(f"{text!r} is not read here")
        if text in WORDS:
            return WORDS[text]
        if number := NUMBER.match(text):
            return float(text) if number[2] else int(text)
        return text


def _tagged(name: str, value: Any) -> dict[str, Any]:
    if name in BARE_TAGS:
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{name}": value}


def _without_comment(line: str) -> str:
    quoted = False
    for index, letter in enumerate(line):
        if letter == '"':
            quoted = not quoted
        elif letter == "#" and not quoted and line[index - 1 : index] in " ":
            return line[:index]
    return line
