"""The rules that no schema can say: between one key and another.

`endpoint` is also asked before an experiment starts: with two variants, or
with a shadow, more is forbidden than for the endpoint alone.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from botocore.loaders import Loader

from clary_deploy import names
from clary_deploy.config import ACCOUNTS, STAGES, Config, Endpoint
from clary_deploy.errors import Problem

PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso",
              "us-isob-": "aws-iso-b", "eusc-": "aws-eusc"}  # fmt: skip

# Instance families with a local NVMe disk, which has a key of its own.
NVME = re.compile(
    r"^ml\.([cmrx]\d+[a-z]*d[a-z]*|g4dn|g5|g6|g6e|gr6|p3dn|p4de?|p5e?n?"
    r"|trn1n?|i\d[a-z]*)\."
)

CANARY_MAX = 50  # percent of the fleet
LINEAR = (10, 50)
ROLLING = (5, 50)


def broken(config: Config, *, single_account: bool = False) -> list[Problem]:
    """Every rule that `config` breaks."""
    problems = [*_accounts(config, single_account), *_partition(config)]
    problems += _names(config)
    for stage in STAGES:
        problems += endpoint(config, stage)
    return problems


def endpoint(
    config: Config, stage: str, *, variants: int = 1, shadow: bool = False
) -> list[Problem]:
    """What forbids this endpoint, with so many variants, with a shadow."""
    own = config.endpoints.of(stage)
    found = [*_instance(own), *_traffic(own, variants), *_time(own)]
    found += [*_scaling(own), *_serverless(config, stage, own)]
    if own.asynchronous and own.serverless:
        found.append(
            Problem(
                "asynchronous",
                "asynchronous-not-serverless",
                "an endpoint is asynchronous or serverless, not both",
            )
        )
    if shadow:
        found += _shadow(own, variants)
    prefix = f"endpoints.{stage}"
    return [
        Problem(f"{prefix}.{problem.key}", problem.rule, problem.message)
        for problem in found
    ]


@cache
def instance_types() -> frozenset[str]:
    """The instance types that the API knows for hosting."""
    model = Loader().load_service_model("sagemaker", "service-2")
    return frozenset(model["shapes"]["ProductionVariantInstanceType"]["enum"])


def _accounts(config: Config, single_account: bool) -> Iterator[Problem]:
    if single_account:
        return
    seen: dict[str, str] = {}
    for name in ACCOUNTS:
        number = config.accounts.number(name)
        if number in seen:
            yield Problem(
                f"accounts.{name}",
                "five-accounts",
                f"{number} is also accounts.{seen[number]}; five different "
                "accounts are expected (--single-account allows it)",
            )
        seen.setdefault(number, name)


def _partition(config: Config) -> Iterator[Problem]:
    wanted = "aws"
    for prefix, partition in PARTITIONS.items():
        if config.region.startswith(prefix):
            wanted = partition
    if config.partition != wanted:
        yield Problem(
            "partition",
            "partition-of-region",
            f"{config.region} is in {wanted}, not in {config.partition}",
        )


def _names(config: Config) -> Iterator[Problem]:
    for stage in STAGES:
        longest = len(f"{config.project}-{stage}") + names.VERSION_SUFFIX
        if longest > names.NAME_MAX:
            yield Problem(
                "project",
                "name-length",
                f"an endpoint config would be called {config.project}-{stage}"
                f"-v999999-01234567: {longest} characters, at most "
                f"{names.NAME_MAX} are allowed",
            )
        for role in (names.deploy_role, names.execution_role):
            yield from _role_length(role(config, stage))
    for of in (names.registry_role, names.training_role, names.pipeline_role):
        yield from _role_length(of(config))
        name = config.endpoints.of(stage).name
        if not name.startswith(f"{config.project}-"):
            yield Problem(
                f"endpoints.{stage}.name",
                "name-prefix",
                f"{name} does not begin with {config.project}-, and the roles "
                "may touch nothing else",
            )
    if config.accounts.qa == config.accounts.prod and (
        config.endpoints.qa.name == config.endpoints.prod.name
    ):
        yield Problem(
            "endpoints.prod.name",
            "two-endpoints",
            f"{config.endpoints.prod.name} is also the endpoint of qa, in the "
            "same account",
        )


def _role_length(role: str) -> Iterator[Problem]:
    if len(role) > names.ROLE_MAX:
        yield Problem(
            "access",
            "role-length",
            f"the role {role} has {len(role)} characters, at most "
            f"{names.ROLE_MAX} are allowed",
        )


def _instance(own: Endpoint) -> Iterator[Problem]:
    if own.instance_type not in instance_types():
        yield Problem(
            "instance_type",
            "instance-type-exists",
            f"{own.instance_type} is no instance type for hosting",
        )
    if own.volume_kms_key and NVME.match(own.instance_type):
        yield Problem(
            "volume_kms_key",
            "nvme-has-own-key",
            f"{own.instance_type} has local NVMe disks, for which no key can "
            "be given",
        )


def _traffic(own: Endpoint, variants: int) -> Iterator[Problem]:
    kind = own.strategy
    if (
        kind in ("canary", "linear")
        and own.instances < 2
        and not own.serverless
    ):
        yield Problem(
            "instances",
            f"{kind}-needs-two",
            f"{own.instances} instance; {kind} splits at least 2",
        )
    if kind == "canary" and own.canary_percent > CANARY_MAX:
        yield Problem(
            "canary_percent",
            "canary-size",
            f"{own.canary_percent} %; a canary is at most {CANARY_MAX} %",
        )
    for name, percent, (low, high) in (
        ("linear", own.linear_percent, LINEAR),
        ("rolling", own.rolling_percent, ROLLING),
    ):
        if kind == name and not low <= percent <= high:
            yield Problem(
                f"{name}_percent",
                f"{name}-size",
                f"{percent} %; {low} to {high} % are allowed",
            )
    if kind == "rolling" and (variants > 1 or own.serverless):
        why = "several variants" if variants > 1 else "a serverless variant"
        yield Problem(
            "strategy",
            "rolling-one-variant",
            f"rolling cannot update an endpoint with {why}",
        )
    if kind != "all_at_once" and own.alarms is None:
        yield Problem(
            "alarms",
            "guardrail-needs-alarms",
            f"{kind} without an alarm never rolls back",
        )


def _time(own: Endpoint) -> Iterator[Problem]:
    waits = own.termination_wait_seconds
    if own.strategy == "linear":
        waits += own.bake_seconds * -(-100 // own.linear_percent)
    elif own.strategy == "rolling":
        waits = own.bake_seconds * -(-100 // own.rolling_percent)
    else:
        waits += own.bake_seconds
    if own.timeout_seconds <= waits:
        yield Problem(
            "timeout_seconds",
            "timeout-over-waits",
            f"{own.timeout_seconds} s, but the waits alone add up to {waits} s",
        )
    if own.alarms is None or own.serverless:
        return
    watched = own.alarms.period_seconds * own.alarms.periods
    if own.bake_seconds <= watched:
        yield Problem(
            "bake_seconds",
            "bake-over-alarms",
            f"{own.bake_seconds} s; an alarm needs {watched} s to fire, and "
            "could never end a deployment",
        )


def _scaling(own: Endpoint) -> Iterator[Problem]:
    scaling = own.autoscaling
    if scaling is None:
        return
    if scaling.min > scaling.max:
        yield Problem(
            "autoscaling.min",
            "scaling-order",
            f"min {scaling.min} is above max {scaling.max}",
        )
    elif not scaling.min <= own.instances <= scaling.max:
        yield Problem(
            "instances",
            "scaling-range",
            f"{own.instances} is not between min {scaling.min} and max "
            f"{scaling.max} of autoscaling",
        )
    if own.strategy in ("canary", "linear") and scaling.min < 2:
        yield Problem(
            "autoscaling.min",
            "canary-scaling-min",
            f"min {scaling.min}; {own.strategy} needs at least 2 instances at "
            "any time",
        )
    if own.serverless:
        yield Problem(
            "autoscaling",
            "serverless-scales-itself",
            "a serverless endpoint has no instances to scale",
        )


def _serverless(config: Config, stage: str, own: Endpoint) -> Iterator[Problem]:
    if own.serverless is None:
        return
    for key, there in (
        ("data_capture", own.data_capture),
        ("vpc", own.vpc),
        ("network_isolation", own.network_isolation),
        ("volume_kms_key", own.volume_kms_key),
    ):
        if there:
            yield Problem(
                key,
                "serverless-excludes",
                f"a serverless endpoint cannot have {key}",
            )
    same = config.accounts.shared_services == config.accounts.number(stage)
    if not same and stage not in config.image.replicate:
        yield Problem(
            "serverless",
            "serverless-image-account",
            "its image must be in the endpoint's own account: add "
            f'"{stage}" to image.replicate',
        )


def _shadow(own: Endpoint, variants: int) -> Iterator[Problem]:
    if variants > 1:
        yield Problem(
            "variant",
            "shadow-one-variant",
            f"a shadow needs exactly one production variant, not {variants}",
        )
    for key in ("serverless", "asynchronous"):
        if getattr(own, key):
            yield Problem(
                key, "shadow-excludes", f"a shadow cannot run beside {key}"
            )
