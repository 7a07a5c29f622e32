"""Reads a configuration file: JSON, then the schema, then the rules.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from clary_deploy import rules, schema
from clary_deploy.config import Config, Endpoints
from clary_deploy.errors import ConfigError, Problem

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "config.schema.json"


@cache
def config_schema() -> dict[str, Any]:
    """config.schema.json."""
    read: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return read


def load(path: Path, *, single_account: bool = False) -> Config:
    """The configuration in `path`; raises ConfigError with all its problems."""
    try:
        text = path.read_text("utf-8")
        value = json.loads(text, object_pairs_hook=_no_repeats)
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem("(file)", "readable", f"{reason}: {path}")
        raise ConfigError(str(path), [problem]) from error
    except ValueError as error:
        problem = Problem("(file)", "json", f"this is not JSON: {error}")
        raise ConfigError(str(path), [problem]) from error
    return parse(value, source=str(path), single_account=single_account)


def parse(
    value: object,
    *,
    source: str = "configuration",
    single_account: bool = False,
) -> Config:
    """The configuration that `value` holds; raises ConfigError."""
    problems = schema.validate(value, config_schema())
    if problems:
        raise ConfigError(source, problems)
    config: Config = _completed(_built(Config, value))
    problems = rules.broken(config, single_account=single_account)
    if problems:
        raise ConfigError(source, problems)
    return config


def _completed(config: Config) -> Config:
    """The keys that follow from others, where the file leaves them out."""
    shared = config.accounts.shared_services
    access = replace(
        config.access,
        deploy_role=config.access.deploy_role
        or f"clary-{config.project}-deploy",
        registry_role=config.access.registry_role
        or f"clary-{config.project}-registry-stage",
    )
    artifacts = replace(
        config.artifacts,
        bucket=config.artifacts.bucket or f"{config.project}-models-{shared}",
        prefix=config.artifacts.prefix or f"models/{config.registry.group}",
    )
    endpoints = Endpoints(
        *(
            replace(endpoint, name=endpoint.name or f"{config.project}-{stage}")
            for stage, endpoint in vars(config.endpoints).items()
        )
    )
    return replace(
        config, access=access, artifacts=artifacts, endpoints=endpoints
    )


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} stands there twice")
    return dict(pairs)


_hints = cache(typing.get_type_hints)


def _built(kind: Any, value: Any) -> Any:
    """`value` as `kind`; the schema has already checked that it fits."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(
            part for part in typing.get_args(kind) if part is not type(None)
        )
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        built = {key: _built(hints[key], item) for key, item in value.items()}
        return kind(**built)
    if typing.get_origin(kind) is tuple:
        return tuple(value)
    return int(value) if kind is int else value
