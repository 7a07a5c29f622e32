"""A command and what it is given.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from clary_deploy import config_file
from clary_deploy.config import Config
from clary_deploy.output import Output
from clary_deploy.session import Aws


@dataclass
class Context:
    """Everything a command may touch; tests make their own."""

    args: argparse.Namespace
    out: Output
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def sleep(self) -> None:
        """The pause between two looks at what is under way."""
        time.sleep(float(self.environ.get("CLARYCTL_POLL_SECONDS", "10")))

    @cached_property
    def config(self) -> Config:
        """The configuration, checked by schema and rules at first use."""
        return config_file.load(
            Path(self.args.config), single_account=self.args.single_account
        )

    @cached_property
    def aws(self) -> Aws:
        """The door to AWS. A dry run reads through it and writes nothing."""
        return Aws(self.config, self.out, dry_run=self.args.dry_run)


def _no_arguments(_: argparse.ArgumentParser) -> None:
    pass


def watch_option(parser: argparse.ArgumentParser) -> None:
    """Of what AWS works on."""
    parser.add_argument(
        "--watch", action="store_true", help="until it has ended"
    )


@dataclass(frozen=True)
class Command:
    """One line of the table. `name` may be two words ("ab start")."""

    name: str
    help: str
    run: Callable[[Context], None]
    arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments
