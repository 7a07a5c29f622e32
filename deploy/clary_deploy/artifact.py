"""A local model.tar.gz: what clary says of it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary_deploy.errors import PreconditionError

SECONDS = 600


@dataclass(frozen=True)
class Artifact:
    """An artifact that clary loads and that reproduces its golden rows."""

    path: Path
    format: str
    framework: str
    features: int
    outputs: int
    golden_values: int  # that were compared


def accepted(
    path: Path, golden: Path | None, program: str, environ: Mapping[str, str]
) -> Artifact:
    """Asks `clary check` and `clary inspect`; PreconditionError with clary's
    own reason when it refuses."""
    program = program or environ.get("CLARY_BIN", "clary")
    found = shutil.which(program)
    if found is None:
        raise PreconditionError(
            f"{program} is not there: register asks `clary check` about the "
            "model first (--clary PATH, $CLARY_BIN)"
        )
    if not path.is_file():
        raise PreconditionError(f"{path} is no file")
    command = [found, "check", "--json", "--model", str(path)]
    if golden:
        command += ["--golden", str(golden)]
    checked = _run(command, path)
    inspected = _run([found, "inspect", "--json", "--model", str(path)], path)
    signature = inspected["signature"]
    return Artifact(
        path=path,
        format=inspected["format"],
        framework=inspected.get("framework", ""),
        features=sum(part["columns"] for part in signature["inputs"]),
        outputs=sum(part["columns"] for part in signature["outputs"]),
        golden_values=int(checked.get("values", 0)),
    )


def _run(command: list[str], path: Path) -> dict[str, Any]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise PreconditionError(f"clary refuses {path}: {_reason(said)}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _reason(said: str) -> str:
    """A sentence, of the document in which clary refuses."""
    try:
        answer = json.loads(said)
    except ValueError:
        return said
    if "values_outside" not in answer:
        return str(answer.get("error", {}).get("message", said))
    worst = answer["largest_absolute"]
    return (
        f"{answer['values_outside']} of {answer['values']} golden values "
        f"differ by more than {answer['tolerance']:g}, the most in row "
        f"{worst['row']}: {worst['got']:g} where {worst['want']:g} is wanted"
    )
