"""SageMaker's hosting: models, endpoint configurations, endpoints.

Names come from content: the same model in the same configuration has the same
name, so a second run finds what the first one made.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config, Endpoint

Body = dict[str, Any]

CSV = ("text/csv",)
JSON = ("application/json", "application/jsonlines")


@dataclass(frozen=True)
class Variant:
    """A model under a role's name, and its share of the traffic."""

    name: str
    version: int
    model: str
    weight: float = 1.0


def tags(config: Config, **more: str) -> list[dict[str, str]]:
    """Of everything that claryctl makes, so that teardown finds it."""
    found = {"clary:project": config.project}
    found |= {f"clary:{key}": value for key, value in more.items()}
    return [{"Key": key, "Value": value} for key, value in found.items()]


def model(config: Config, stage: str, version: int) -> Body:
    """CreateModel, from the registered version itself."""
    own = config.endpoints.of(stage)
    container: Body = {"ModelPackageName": names.package_arn(config, version)}
    if own.environment:
        container["Environment"] = dict(own.environment)
    body: Body = {
        "Containers": [container],
        "ExecutionRoleArn": names.execution_role_arn(config, stage),
        "Tags": tags(config, stage=stage, version=str(version)),
    }
    if own.vpc:
        body["VpcConfig"] = {
            "Subnets": list(own.vpc.subnets),
            "SecurityGroupIds": list(own.vpc.security_groups),
        }
    if own.network_isolation:
        body["EnableNetworkIsolation"] = True
    name = f"{config.project}-{stage}-v{version}-{content_hash(body)}"
    return {"ModelName": name, **body}


def endpoint_config(
    config: Config,
    stage: str,
    variants: Sequence[Variant],
    shadow: Variant | None = None,
    capture_percent: int = 0,
) -> Body:
    """CreateEndpointConfig. `capture_percent`: capture at least so much."""
    own = config.endpoints.of(stage)
    body: Body = {
        "ProductionVariants": [_variant(own, variant) for variant in variants],
        "Tags": tags(config, stage=stage),
    }
    if shadow:
        body["ShadowProductionVariants"] = [_variant(own, shadow)]
    capture = _capture(config, stage, capture_percent)
    if capture:
        body["DataCaptureConfig"] = capture
    if own.asynchronous:
        body["AsyncInferenceConfig"] = _asynchronous(config, stage)
    if own.volume_kms_key:
        body["KmsKeyId"] = own.volume_kms_key
    first = variants[0].version
    name = f"{config.project}-{stage}-v{first}-{content_hash(body)}"
    return {"EndpointConfigName": name, **body}


def _variant(own: Endpoint, variant: Variant) -> Body:
    body: Body = {
        "VariantName": variant.name,
        "ModelName": variant.model,
        "InitialVariantWeight": variant.weight,
    }
    if own.serverless:
        body["ServerlessConfig"] = {
            "MemorySizeInMB": own.serverless.memory_mb,
            "MaxConcurrency": own.serverless.max_concurrency,
        }
        if own.serverless.provisioned_concurrency:
            body["ServerlessConfig"]["ProvisionedConcurrency"] = (
                own.serverless.provisioned_concurrency
            )
        return body
    body |= {
        "InstanceType": own.instance_type,
        "InitialInstanceCount": own.instances,
        "ModelDataDownloadTimeoutInSeconds": own.download_timeout_seconds,
        "ContainerStartupHealthCheckTimeoutInSeconds": (
            own.startup_timeout_seconds
        ),
    }
    if own.volume_gb:
        body["VolumeSizeInGB"] = own.volume_gb
    return body


def _capture(config: Config, stage: str, percent: int) -> Body | None:
    """Text that stays text: without the lists of content types every body
    would be captured as base64."""
    own = config.endpoints.of(stage).data_capture
    percent = max(percent, own.percent if own else 0)
    if not percent:
        return None
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": capture_destination(config, stage),
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": list(CSV),
            "JsonContentTypes": list(JSON),
        },
    }


def capture_destination(config: Config, stage: str) -> str:
    """Where captured requests go, without a final slash."""
    own = config.endpoints.of(stage).data_capture
    if own and own.destination:
        return own.destination.rstrip("/")
    return f"s3://{names.capture_bucket(config, stage)}/capture"


def _asynchronous(config: Config, stage: str) -> Body:
    own = config.endpoints.of(stage).asynchronous
    assert own is not None
    failures = own.failures or f"{own.output.rstrip('/')}/failures"
    # without a failure path nobody would ever hear of a refused request
    output: Body = {"S3OutputPath": own.output, "S3FailurePath": failures}
    body: Body = {"OutputConfig": output}
    if own.concurrency:
        body["ClientConfig"] = {
            "MaxConcurrentInvocationsPerInstance": own.concurrency
        }
    return body


def create_endpoint(config: Config, stage: str, config_name: str) -> Body:
    return {
        "EndpointName": config.endpoints.of(stage).name,
        "EndpointConfigName": config_name,
        "Tags": tags(config, stage=stage),
    }


def update_endpoint(
    config: Config, stage: str, config_name: str, deployment: Mapping[str, Any]
) -> Body:
    """UpdateEndpoint. Without RetainAllVariantProperties the instances that
    autoscaling has added would be lost; weights and capture are to be those of
    the new configuration, and so are the instances where nothing scales."""
    own = config.endpoints.of(stage)
    excluded = ["DesiredWeight", "DataCaptureConfig"]
    if not own.autoscaling:
        excluded.append("DesiredInstanceCount")
    body: Body = {
        "EndpointName": own.name,
        "EndpointConfigName": config_name,
    }
    if not own.serverless:
        body["RetainAllVariantProperties"] = True
        body["ExcludeRetainedVariantProperties"] = [
            {"VariantPropertyType": kind} for kind in excluded
        ]
    if deployment:
        body["DeploymentConfig"] = dict(deployment)
    return body


def weights(
    config: Config, stage: str, by_variant: Mapping[str, float]
) -> Body:
    """UpdateEndpointWeightsAndCapacities: traffic moves, nothing restarts."""
    return {
        "EndpointName": config.endpoints.of(stage).name,
        "DesiredWeightsAndCapacities": [
            {"VariantName": name, "DesiredWeight": weight}
            for name, weight in by_variant.items()
        ],
    }


def content_hash(body: Mapping[str, Any]) -> str:
    """Eight hex digits of a request's content."""
    text = json.dumps(body, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
