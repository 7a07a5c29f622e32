"""What a command on one stage works with: its accounts, opened.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from clary_deploy import names
from clary_deploy.command import Context
from clary_deploy.config import STAGES, Config, Endpoint
from clary_deploy.output import Output
from clary_deploy.session import Account
from clary_deploy.versions import Registry, Version


@dataclass(frozen=True)
class Stage:
    """`qa` or `prod`: its endpoint, its account, and the registry."""

    name: str
    context: Context
    account: Account
    registry: Registry

    @property
    def config(self) -> Config:
        return self.context.config

    @property
    def out(self) -> Output:
        return self.context.out

    @property
    def endpoint(self) -> Endpoint:
        return self.config.endpoints.of(self.name)

    @property
    def word(self) -> str:
        """What ModelLifeCycle calls it."""
        word: str = getattr(self.config.registry.stages, self.name)
        return word


def open_stage(context: Context, name: str) -> Stage:
    """Assumes the two roles that a deployment needs."""
    config = context.config
    account = context.aws.role(name, names.deploy_role(config, name))
    return Stage(name, context, account, open_registry(context))


def open_registry(context: Context) -> Registry:
    """The registry, as the deployment account may use it."""
    config = context.config
    account = context.aws.role("shared_services", names.registry_role(config))
    return Registry(config, account)


def stage_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage", metavar="STAGE", choices=STAGES, help="qa, prod"
    )


def stage_option(parser: argparse.ArgumentParser) -> None:
    """Of what is mostly done in prod."""
    parser.add_argument(
        "--stage", choices=STAGES, default="prod", help="(%(default)s)"
    )


def version_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "version", metavar="N", type=version_number, help="a version's number"
    )


def approved_argument(parser: argparse.ArgumentParser) -> None:
    """A version for `wanted_version`."""
    parser.add_argument(
        "version",
        metavar="N",
        type=version_or_auto,
        help="a version's number; auto is the newest approved one",
    )


def version_number(text: str) -> int:
    digits = text.removeprefix("v")
    if not (digits.isdecimal() and int(digits)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no version: 1, 2, ... is wanted"
        )
    return int(digits)


def version_or_auto(text: str) -> int:
    """A number, or 0 for `auto`."""
    return 0 if text == "auto" else version_number(text)


def wanted_version(stage: Stage, number: int) -> Version:
    """The version of that number, or the newest approved one."""
    if number:
        return stage.registry.version(number)
    return stage.registry.latest_approved()
