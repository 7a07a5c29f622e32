"""SageMaker pipelines: the pipeline itself, and its runs.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config

TOKEN_MIN = 32


def text(definition: Mapping[str, Any]) -> str:
    """The definition as SageMaker keeps it, the same for the same content."""
    return json.dumps(definition, indent=1, sort_keys=True)


def update(config: Config, definition: str) -> dict[str, Any]:
    """UpdatePipeline."""
    role = names.training_role(config)
    return {
        "PipelineName": names.training_pipeline(config),
        "PipelineDefinition": definition,
        "PipelineDescription": f"Trains and proposes {config.project}",
        "RoleArn": names.role_arn(config, "data_science", role),
    }


def create(config: Config, definition: str) -> dict[str, Any]:
    """CreatePipeline; repeated, the same one."""
    body = update(config, definition)
    token = hashlib.sha256(definition.encode()).hexdigest()
    return {**body, "ClientRequestToken": token}


def describe(config: Config) -> dict[str, Any]:
    return {"PipelineName": names.training_pipeline(config)}


def start(
    config: Config, parameters: Mapping[str, str], token: str
) -> dict[str, Any]:
    """StartPipelineExecution; `token` tells one start from another."""
    return {
        "PipelineName": names.training_pipeline(config),
        "PipelineParameters": [
            {"Name": name, "Value": value} for name, value in parameters.items()
        ],
        "ClientRequestToken": token.ljust(TOKEN_MIN, "0"),
    }


def of_execution(arn: str) -> dict[str, Any]:
    """Describes a run, or lists its steps."""
    return {"PipelineExecutionArn": arn}
