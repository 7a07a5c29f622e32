"""claryctl doctor: who am I in each account, and what is missing.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clary_deploy import names, s3, source
from clary_deploy.command import Command, Context
from clary_deploy.errors import AwsError, ClaryctlError, PreconditionError
from clary_deploy.session import Account
from clary_deploy.stacks import EMPTY, GOOD, Stack

Look = Callable[[Context, Account], str]

GOOD_WORD, MISSING, TROUBLE = "ok", "missing", "trouble"


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    account: str
    what: str
    state: str  # one of the three words
    detail: str


def doctor(context: Context) -> None:
    """Looks at everything, and fails when something is not as it must be."""
    context.config  # noqa: B018 a wrong configuration is said first
    found: list[Finding] = []
    for part in names.STACKS:
        with context.out.progress("looking") as step:
            step.update(part)
            found += _account(context, part)
    context.out.table(
        ["account", "what", "state", "detail"],
        [(f.account, f.what, f.state, f.detail) for f in found],
    )
    context.out.result({"findings": [vars(finding) for finding in found]})
    bad = [finding for finding in found if finding.state != GOOD_WORD]
    if bad:
        raise PreconditionError(f"{len(bad)} of {len(found)} are not as needed")


def _account(context: Context, part: str) -> Iterator[Finding]:
    name = names.stack_account(part)
    stack = Stack(context, part)
    try:
        account = stack.account
        yield Finding(name, "identity", GOOD_WORD, account.identity["Arn"])
    except ClaryctlError as error:
        yield Finding(name, "identity", TROUBLE, str(error))
        return
    status = _stack_finding(stack)
    yield status
    if status.state != GOOD_WORD:
        return
    for what, look in CHECKS.get(part, ()):
        try:
            detail = look(context, account)
        except AwsError as error:
            yield Finding(name, what, TROUBLE, str(error))
            continue
        state = GOOD_WORD if detail else MISSING
        yield Finding(name, what, state, detail or ADVICE[what])


def _stack_finding(stack: Stack) -> Finding:
    name = stack.account.name
    try:
        status = stack.status()
    except AwsError as error:
        return Finding(name, stack.name, TROUBLE, str(error))
    if status in EMPTY:
        advice = f"claryctl setup {stack.part} makes it"
        return Finding(name, stack.name, MISSING, advice)
    state = GOOD_WORD if status in GOOD else TROUBLE
    return Finding(name, stack.name, state, status)


def _image(context: Context, account: Account) -> str:
    repository = context.config.image.repository
    found = account.exists(
        "ecr",
        "describe_images",
        {"repositoryName": repository},
        "RepositoryNotFoundException",
    )
    images = (found or {}).get("imageDetails", [])
    return f"{len(images)} in {repository}" if images else ""


def _group(context: Context, account: Account) -> str:
    group = context.config.registry.group
    found = account.exists(
        "sagemaker",
        "describe_model_package_group",
        {"ModelPackageGroupName": group},
    )
    return f"{group}: {found['ModelPackageGroupStatus']}" if found else ""


def _versions(context: Context, account: Account) -> str:
    found = account.exists(
        "sagemaker",
        "list_model_packages",
        {"ModelPackageGroupName": context.config.registry.group},
    )
    versions = (found or {}).get("ModelPackageSummaryList", [])
    return f"{len(versions)} or more" if versions else ""


def _role(role: Callable[[Context], str]) -> Callable[[Context, Account], str]:
    def look(context: Context, account: Account) -> str:
        found = account.exists(
            "iam", "get_role", {"RoleName": role(context)}, "NoSuchEntity"
        )
        return str(found["Role"]["Arn"]) if found else ""

    return look


def _source(context: Context, account: Account) -> str:
    uri = f"s3://{names.source_bucket(context.config)}/{source.KEY}"
    return uri if s3.sha256_of_object(account, uri) else ""


def _stage_checks(stage: str) -> tuple[tuple[str, Look], ...]:
    return (
        ("deploy role", _role(lambda c: names.deploy_role(c.config, stage))),
        (
            "execution role",
            _role(lambda c: names.execution_role(c.config, stage)),
        ),
    )


CHECKS: dict[str, tuple[tuple[str, Look], ...]] = {
    "shared": (
        ("image", _image),
        ("group", _group),
        ("versions", _versions),
    ),
    "data-science": (
        ("training role", _role(lambda c: names.training_role(c.config))),
    ),
    "qa": _stage_checks("qa"),
    "prod": _stage_checks("prod"),
    "deployment": (
        ("build role", _role(lambda c: names.build_role(c.config))),
        ("source", _source),
    ),
}

ADVICE = {
    "image": "claryctl image push",
    "group": "claryctl setup shared",
    "versions": "claryctl register, or claryctl pipeline start",
    "training role": "claryctl setup data-science",
    "deploy role": "claryctl setup qa, and prod",
    "execution role": "claryctl setup qa, and prod",
    "build role": "claryctl setup deployment",
    "source": "claryctl setup deployment uploads it",
}

COMMANDS = (
    Command("doctor", "who am I in each account, and what is missing", doctor),
)
