"""What the delivery in the deployment account runs: this tool, its buildspecs,
the configuration, and the files that the tests of the configuration name.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from clary_deploy.config import STAGES, Config
from clary_deploy.errors import ConfigError, Problem

DEPLOY = Path(__file__).resolve().parent.parent

KEY = "source/deploy.zip"
CONFIG = "clary.json"

PARTS = (
    "claryctl",
    "clary_deploy",
    "ci",
    "config.schema.json",
    "pipeline",
    "requirements.txt",
    "stacks",
)

# A zip has times; the same content must have the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


def write(path: Path, config: Config, config_path: Path) -> None:
    """Writes the zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_files(config, config_path)):
            info = zipfile.ZipInfo(name, TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if name == "claryctl" else 0o644) << 16
            archive.writestr(info, file.read_bytes())


def _files(config: Config, config_path: Path) -> Iterator[tuple[str, Path]]:
    yield CONFIG, config_path
    for part in PARTS:
        place = DEPLOY / part
        for file in place.rglob("*") if place.is_dir() else [place]:
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(DEPLOY).as_posix(), file
    yield from _test_data(config, config_path.resolve().parent)


def _test_data(config: Config, base: Path) -> Iterator[tuple[str, Path]]:
    """Relative paths are relative to the configuration, here as there."""
    seen = set()
    for stage in STAGES:
        tests = config.endpoints.of(stage).tests
        for key in ("golden", "labelled"):
            name = getattr(tests, key)
            if not name or name.startswith("s3://") or name in seen:
                continue
            seen.add(name)
            place = base / name
            if not place.exists() or Path(name).is_absolute():
                raise ConfigError(
                    CONFIG,
                    [
                        Problem(
                            f"endpoints.{stage}.tests.{key}",
                            "tests-travel",
                            f"{name} must be there, beside the configuration: "
                            "the delivery takes it along",
                        )
                    ],
                )
            for file in place.rglob("*") if place.is_dir() else [place]:
                if file.is_file():
                    yield file.relative_to(base).as_posix(), file
