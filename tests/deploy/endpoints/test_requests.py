"""Every request body, strictly against the service model, for every kind of
endpoint and in every partition.

SPDX-License-Identifier: Apache-2.0
"""

import datetime

import pytest
from test_config import put

from clary_deploy import config_file
from clary_deploy.requests import (
    guardrails,
    hosting,
    metrics,
    packages,
    scaling,
)
from clary_deploy.requests.hosting import Variant
from fake_sagemaker.strict import check, service_model

DIGEST = "sha256:" + "0" * 64
IMAGE = f"222222222222.dkr.ecr.eu-west-1.amazonaws.com/clary-server@{DIGEST}"

KINDS = {
    "as in the example": {},
    "china": {"partition": "aws-cn", "region": "cn-north-1"},
    "gov": {"partition": "aws-us-gov", "region": "us-gov-west-1"},
    "linear": {"endpoints.prod.strategy": "linear"},
    "rolling": {"endpoints.prod.strategy": "rolling"},
    "all at once": {"endpoints.prod.strategy": "all_at_once"},
    "vpc": {
        "endpoints.prod.vpc": {
            "subnets": ["subnet-0a1b"],
            "security_groups": ["sg-0a1b"],
        },
        "endpoints.prod.network_isolation": True,
        "endpoints.prod.volume_gb": 20,
        "endpoints.prod.volume_kms_key": "alias/volumes",
        "endpoints.prod.environment": {"CLARY_LOG": "debug"},
    },
    "asynchronous": {
        "endpoints.prod.asynchronous": {
            "output": "s3://answers/a",
            "failures": "s3://answers/f",
            "concurrency": 4,
        }
    },
}


def of_kind(example, kind):
    for key, value in KINDS[kind].items():
        example = put(example, key, value)
    return config_file.parse(example)


def serverless(example):
    prod = example["endpoints"]["prod"]
    for key in ("data_capture", "autoscaling", "alarms"):
        del prod[key]
    prod |= {
        "strategy": "all_at_once",
        "serverless": {
            "memory_mb": 2048,
            "max_concurrency": 5,
            "provisioned_concurrency": 2,
        },
    }
    example["image"]["replicate"] = ["prod"]
    return config_file.parse(example)


def sound(service, operation, body):
    problems = check(service_model(service), operation, body)
    assert not problems, (operation, problems)


def hosting_is_sound(config):
    model = hosting.model(config, "prod", 7)
    sound("sagemaker", "CreateModel", model)
    one = Variant("champion", 7, model["ModelName"])
    body = hosting.endpoint_config(config, "prod", [one])
    name = body["EndpointConfigName"]
    sound("sagemaker", "CreateEndpointConfig", body)
    create = hosting.create_endpoint(config, "prod", name)
    sound("sagemaker", "CreateEndpoint", create)
    deployment = guardrails.deployment(
        config, "prod", name, config.endpoints.prod.strategy
    )
    update = hosting.update_endpoint(config, "prod", name, deployment)
    sound("sagemaker", "UpdateEndpoint", update)
    for alarm in guardrails.alarms(config, "prod", name):
        sound("cloudwatch", "PutMetricAlarm", alarm)
    return body


@pytest.mark.parametrize("kind", KINDS)
def test_hosting(example, kind):
    config = of_kind(example, kind)
    hosting_is_sound(config)
    scale = "application-autoscaling"
    sound(scale, "RegisterScalableTarget", scaling.register(config, "prod"))
    sound(scale, "PutScalingPolicy", scaling.policy(config, "prod"))
    sound(scale, "DescribeScalableTargets", scaling.describe(config, "prod"))
    sound(scale, "DeregisterScalableTarget", scaling.deregister(config, "prod"))


def test_serverless(example):
    body = hosting_is_sound(serverless(example))
    variant = body["ProductionVariants"][0]
    assert "InstanceType" not in variant
    assert variant["ServerlessConfig"]["ProvisionedConcurrency"] == 2


def test_experiments(config):
    two = [Variant("champion", 1, "m-1", 90), Variant("challenger", 2, "m-2")]
    sound(
        "sagemaker",
        "CreateEndpointConfig",
        hosting.endpoint_config(config, "prod", two),
    )
    shadow = Variant("shadow", 2, "m-2", 0.5)
    body = hosting.endpoint_config(config, "prod", two[:1], shadow, 100)
    sound("sagemaker", "CreateEndpointConfig", body)
    assert body["DataCaptureConfig"]["InitialSamplingPercentage"] == 100
    weights = hosting.weights(config, "prod", {"champion": 50.0})
    sound("sagemaker", "UpdateEndpointWeightsAndCapacities", weights)


@pytest.mark.parametrize(("days", "step"), [(15, 60), (16, 300), (64, 3600)])
def test_metrics_of_long_ago(days, step):
    """Kept more coarsely the older they are."""
    end = datetime.datetime(2026, 11, 1, 12, 34, tzinfo=datetime.UTC)
    begin = end - datetime.timedelta(days=days, seconds=-7)
    body = metrics.of_variants("e", "c", ["champion"], begin, end)
    sound("cloudwatch", "GetMetricData", body)
    period = body["MetricDataQueries"][0]["MetricStat"]["Period"]
    assert period % step == 0
    assert 0 <= period - (end - begin).total_seconds() < step


def test_the_registry(config):
    made = packages.Registration(
        image=IMAGE,
        model_url="s3://housing-models-222222222222/m/model.tar.gz",
        sha256="1" * 64,
        metrics_url="s3://housing-models-222222222222/m/evaluation.json",
        metrics_sha256="2" * 64,
        commit="0123",
        source="https://git.example/housing",
        generated_by="arn:aws:sagemaker:eu-west-1:1:training-job/t",
        description="a model",
        card={"model_overview": {}},
        metadata={"sha256": "1" * 64, "data": "s3://raw/housing.csv"},
    )
    body = packages.create(config, made)
    sound("sagemaker", "CreateModelPackage", body)
    assert body["ModelApprovalStatus"] == "PendingManualApproval"
    assert packages.create(config, made)["ClientToken"] == body["ClientToken"]
    arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/housing/1"
    stage = packages.stage(
        arn, packages.life_cycle("QA", "Rejected", "why\nso"), {"a": "b"}
    )
    sound("sagemaker", "UpdateModelPackage", stage)
    assert "ModelApprovalStatus" not in stage
    approval = packages.approval(arn, "Approved", "x" * 2000, {"a": "b"})
    sound("sagemaker", "UpdateModelPackage", approval)


def test_names_come_from_content(example):
    """The same content has the same name, another content another."""
    config = config_file.parse(example)
    one = Variant("champion", 7, "m")
    name = hosting.endpoint_config(config, "prod", [one])["EndpointConfigName"]
    again = hosting.endpoint_config(config, "prod", [one])
    assert again["EndpointConfigName"] == name
    bigger = put(example, "endpoints.prod.instance_type", "ml.c7g.large")
    other = hosting.endpoint_config(config_file.parse(bigger), "prod", [one])
    assert other["EndpointConfigName"] != name
    longest = put(example, "project", "a" * 24)
    for stage in longest["endpoints"].values():
        del stage["name"]
    config = config_file.parse(longest)
    assert len(hosting.model(config, "prod", 999999)["ModelName"]) <= 63
