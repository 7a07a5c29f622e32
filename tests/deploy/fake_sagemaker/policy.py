"""Resource policies, as IAM evaluates them.

A small evaluator: what the policies of a model package group are made of, and
an error for everything else, so that it cannot be wrong in silence. Its
verdicts are compared with a full simulator's in test_harness_policies.py.

Within one account the identity's own policy is enough; from another account
the resource policy must allow the call too. An explicit Deny always wins.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, str]  # condition keys, lower case: "aws:principalarn"


@dataclass(frozen=True)
class Question:
    """May `principal` do `action` on `resource`?"""

    principal: str  # ARN of a role or user
    account: str  # of the principal
    action: str
    resource: str
    context: Context


def allows(policy_text: str, question: Question) -> bool:
    """Whether a resource policy grants what is asked."""
    verdicts = [
        statement["Effect"]
        for statement in _as_list(json.loads(policy_text)["Statement"])
        if _applies(statement, question)
    ]
    return "Allow" in verdicts and "Deny" not in verdicts


def _applies(statement: dict[str, Any], question: Question) -> bool:
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown := set(statement) - known:
        raise NotImplementedError(f"a policy statement with {unknown}")
    return (
        _is_named(statement["Principal"], question)
        and _matches_any(statement["Action"], question.action, fold=True)
        and _matches_any(statement["Resource"], question.resource)
        and _condition_holds(statement.get("Condition", {}), question)
    )


def _is_named(principal: Any, question: Question) -> bool:
    """An account's root, or its bare number, stands for all its principals."""
    if principal == "*":
        return True
    for name in _as_list(principal.get("AWS", [])):
        if name in ("*", question.account, question.principal):
            return True
        if name.endswith(f"::{question.account}:root"):
            return True
    return False


def _condition_holds(condition: dict[str, Any], question: Question) -> bool:
    context = {
        "aws:principalarn": question.principal,
        "aws:principalaccount": question.account,
        **{key.lower(): value for key, value in question.context.items()},
    }
    return all(
        _operator_holds(operator, _as_list(wanted), context.get(key.lower()))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _operator_holds(
    operator: str, wanted: list[str], found: str | None
) -> bool:
    if operator == "Null":
        return (found is None) == (str(wanted[0]).lower() == "true")
    if operator.endswith("IfExists"):
        operator = operator.removesuffix("IfExists")
        if found is None:
            return True
    negated = "Not" in operator
    operator = operator.replace("Not", "")
    if found is None:
        return negated
    if operator == "Bool":
        hit = found.lower() in [str(value).lower() for value in wanted]
    elif operator == "StringEquals":
        hit = found in wanted
    elif operator in ("StringLike", "ArnLike", "ArnEquals"):
        hit = any(fnmatch.fnmatchcase(found, pattern) for pattern in wanted)
    else:
        raise NotImplementedError(f"the condition operator {operator}")
    return hit != negated


def _matches_any(patterns: Any, value: str, *, fold: bool = False) -> bool:
    if fold:
        value = value.lower()
    return any(
        fnmatch.fnmatchcase(value, pattern.lower() if fold else pattern)
        for pattern in _as_list(patterns)
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
