"""The fake SageMaker against what AWS documents.

Each test states a sentence of the API reference or the developer guide, and
never asks claryctl.

SPDX-License-Identifier: Apache-2.0
"""

import json

import pytest
from botocore.exceptions import ClientError

from endpoints.clients import ROW
from fake_sagemaker.strict import check, service_model

IMAGE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/clary-server"
ROLE = "arn:aws:iam::444444444444:role/clary-housing-execution"
QA = "444444444444"
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 120,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        },
        "TerminationWaitInSeconds": 60,
    }
}


class Hosted:
    """An approved version and clients; names as in a session with the API."""

    def __init__(self, accounts, version, line):
        self.number = version(line)
        self.world = accounts.world
        self.registry = self.world.sagemaker("222222222222")
        self.client = self.world.sagemaker(QA, "clary-housing-deploy")
        self.runtime = self.world.sagemaker(QA, service="sagemaker-runtime")
        self.arn = (
            "arn:aws:sagemaker:eu-west-1:222222222222:model-package/housing/1"
        )

    def model(self, name="m", **more):
        return self.client.create_model(
            ModelName=name,
            Containers=[{"ModelPackageName": self.arn}],
            ExecutionRoleArn=ROLE,
            **more,
        )

    def config(self, name, *variants, **more):
        bodies = [
            {
                "VariantName": variant,
                "ModelName": "m",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 4,
                "InitialVariantWeight": 1,
            }
            for variant in variants or ("one",)
        ]
        self.client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=bodies, **more
        )

    def endpoint(self, config="c"):
        self.client.create_endpoint(EndpointName="e", EndpointConfigName=config)
        self.settle()

    def update(self, config, **more):
        self.client.update_endpoint(
            EndpointName="e", EndpointConfigName=config, **more
        )

    def look(self):
        return self.client.describe_endpoint(EndpointName="e")

    def settle(self):
        """All statuses until the endpoint is still."""
        seen = []
        while True:
            status = self.look()["EndpointStatus"]
            seen.append(status)
            if status in ("InService", "Failed", "UpdateRollbackFailed"):
                return seen

    def invoke(self, **more):
        return self.runtime.invoke_endpoint(
            EndpointName="e", Body=ROW, ContentType="text/csv", **more
        )

    def refused(self, words, call, *arguments, **more):
        with pytest.raises(ClientError, match=words):
            call(*arguments, **more)


@pytest.fixture
def hosted(accounts, version, line):
    found = Hosted(accounts, version, line)
    found.model()
    found.config("c")
    return found


# --- requests


@pytest.mark.parametrize(
    ("operation", "request_body", "problem"),
    [
        ("CreateModel", {"ModelName": "a_b"}, "does not match"),
        ("CreateModel", {}, "is required"),
        ("CreateModel", {"ModelName": "a", "Nmae": 1}, "no such member"),
        ("CreateModel", {"ModelName": "a" * 64}, "length 64 is more than 63"),
        (
            "CreateEndpointConfig",
            {
                "EndpointConfigName": "a",
                "ProductionVariants": [
                    {"VariantName": "a", "InstanceType": "ml.bogus"}
                ],
            },
            "is not one of",
        ),
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "a", "ProductionVariants": []},
            "length 0 is less than 1",
        ),
        ("ListModels", {"MaxResults": 0}, "value 0 is less than 1"),
        ("ListModels", {"MaxResults": "7"}, "is not of type integer"),
    ],
)
def test_requests_are_held_to_the_model(operation, request_body, problem):
    found = check(service_model("sagemaker"), operation, request_body)
    assert any(problem in line for line in found)


def test_every_pattern_of_the_model_can_be_read():
    model = service_model("sagemaker")
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        if shape:
            check(model, operation, dict.fromkeys(shape.members, "x"))


def test_a_refused_request_fails_the_test(world):
    client = world.sagemaker(QA)
    with pytest.raises(ClientError, match="does not match"):
        client.create_model(ModelName="a_b")
    assert world.router.complaints
    world.router.complaints.clear()


def test_what_is_not_there_fails_the_test(world):
    with pytest.raises(ClientError, match="not part of this harness"):
        world.sagemaker(QA).list_training_jobs()
    world.router.complaints.clear()


# --- the registry


def test_versions_are_lower_case(world):
    """AbaloneModels has the versions model-package/abalonemodels/N."""
    client = world.sagemaker("222222222222")
    client.create_model_package_group(ModelPackageGroupName="AbaloneModels")
    made = client.create_model_package(
        ModelPackageGroupName="AbaloneModels",
        InferenceSpecification={
            "Containers": [{"Image": "x", "ModelDataUrl": "s3://b/m"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    assert made["ModelPackageArn"].endswith(":model-package/abalonemodels/1")


def test_an_update_keeps_what_it_does_not_name(hosted):
    hosted.registry.update_model_package(
        ModelPackageArn=hosted.arn,
        ModelLifeCycle={"Stage": "QA", "StageStatus": "InProgress"},
    )
    found = hosted.registry.describe_model_package(ModelPackageName=hosted.arn)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["CustomerMetadataProperties"]["sha256"]
    event = hosted.world.events.sent[-1]["Detail"]
    assert event["UpdatedModelPackageFields"] == ["ModelLifeCycle"]
    assert event["ModelApprovalStatus"] == "Approved"


def test_another_account_needs_the_groups_policy(hosted):
    stranger = hosted.world.sagemaker("666666666666")
    hosted.refused(
        "is not authorized to perform: sagemaker:DescribeModelPackage",
        stranger.describe_model_package,
        ModelPackageName=hosted.arn,
    )
    scientist = hosted.world.sagemaker(
        "111111111111", "clary-housing-scientist"
    )
    hosted.refused(
        "sagemaker:UpdateModelPackage",
        scientist.update_model_package,
        ModelPackageArn=hosted.arn,
        ModelApprovalStatus="Approved",
    )
    hosted.world.router.journal.clear()  # nobody gave the scientist that


def test_only_approved_versions_become_models(hosted):
    hosted.registry.update_model_package(
        ModelPackageArn=hosted.arn, ModelApprovalStatus="Rejected"
    )
    hosted.refused("is not Approved", hosted.model, "other")


def test_a_list_comes_in_pages(hosted):
    for count in range(12):
        hosted.config(f"page-{count:02}")
    first = hosted.client.list_endpoint_configs()
    assert len(first["EndpointConfigs"]) == 10
    pages = hosted.client.get_paginator("list_endpoint_configs").paginate()
    assert len([x for page in pages for x in page["EndpointConfigs"]]) == 13


# --- configurations


def test_a_shadow_has_one_production_variant(hosted):
    shadow = {
        "VariantName": "s",
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    hosted.refused(
        "exactly one production variant",
        hosted.config,
        "d",
        "one",
        "two",
        ShadowProductionVariants=[shadow],
    )


def test_local_disks_have_their_own_key(hosted):
    hosted.refused(
        "has local storage",
        hosted.client.create_endpoint_config,
        EndpointConfigName="d",
        KmsKeyId="alias/x",
        ProductionVariants=[
            {
                "VariantName": "one",
                "ModelName": "m",
                "InstanceType": "ml.m5d.large",
                "InitialInstanceCount": 1,
            }
        ],
    )


# --- endpoints


def test_an_endpoint_is_created_and_then_serves(hosted):
    hosted.client.create_endpoint(EndpointName="e", EndpointConfigName="c")
    hosted.refused("of account", hosted.invoke)
    seen = hosted.settle()
    assert seen[0] == "Creating"
    assert seen[-1] == "InService"
    image = hosted.look()["ProductionVariants"][0]["DeployedImages"][0]
    assert image["ResolvedImage"].startswith(f"{IMAGE}@sha256:")
    assert hosted.invoke()["InvokedProductionVariant"] == "one"


def test_nothing_updates_what_is_under_way(hosted):
    hosted.endpoint()
    hosted.config("d")
    hosted.update("d")
    hosted.refused("Cannot update in-progress endpoint", hosted.update, "c")
    hosted.refused(
        "in-progress", hosted.client.delete_endpoint, EndpointName="e"
    )
    assert hosted.settle()[-1] == "InService"


def test_a_canary_shifts_bakes_and_completes(hosted):
    hosted.endpoint()
    hosted.config("d")
    hosted.update("d", DeploymentConfig=CANARY)
    shares, steps = set(), []
    while (found := hosted.look())["EndpointStatus"] != "InService":
        pending = found["PendingDeploymentSummary"]
        assert pending["EndpointConfigName"] == "d"
        assert found["EndpointConfigName"] == "c"
        status = pending["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        if status not in steps:
            steps.append(status)
        shares.add(hosted.world.endpoint(QA, "e").green_share)
    assert steps == ["Creating", "ActivatingTraffic", "Baking"]
    assert shares == {0.0, 0.5, 1.0}
    assert found["EndpointConfigName"] == "d"


def test_canary_sizes_have_limits(hosted):
    hosted.endpoint()
    hosted.config("d")
    big = json.loads(json.dumps(CANARY).replace(": 50}", ": 51}"))
    hosted.refused(
        "CanarySize must be between", hosted.update, "d", DeploymentConfig=big
    )
    step = {"Type": "CAPACITY_PERCENT", "Value": 5}
    linear = {"Type": "LINEAR", "WaitIntervalInSeconds": 0}
    policy = {"TrafficRoutingConfiguration": linear | {"LinearStepSize": step}}
    hosted.refused(
        "LinearStepSize must be between",
        hosted.update,
        "d",
        DeploymentConfig={"BlueGreenUpdatePolicy": policy},
    )


def test_an_alarm_rolls_back_without_a_word(hosted):
    hosted.endpoint()
    hosted.config("d")
    cloudwatch = hosted.world.client("cloudwatch", QA)
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": "one"},
        ],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    hosted.world.metrics.force(QA, "a", "ALARM")
    guarded = CANARY | {
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}
    }
    hosted.update("d", DeploymentConfig=guarded)
    assert "RollingBack" in hosted.settle()
    found = hosted.look()
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == "c"
    assert "FailureReason" not in found
    statuses = [
        event["Detail"]["EndpointStatus"]
        for event in hosted.world.events.sent
        if event["DetailType"].startswith("SageMaker Endpoint")
    ]
    assert "ROLLING_BACK" in statuses
    assert statuses[-1] == "IN_SERVICE"


def test_other_variant_names_have_no_guardrails(hosted):
    hosted.endpoint()
    hosted.config("d", "two")
    hosted.update("d", DeploymentConfig=CANARY)
    hosted.settle()
    assert hosted.world.endpoints.ignored_guardrails == ["e"]


@pytest.mark.parametrize("retain", [False, True])
def test_what_an_update_retains(hosted, retain):
    """Without RetainAllVariantProperties counts and weights are reset."""
    hosted.endpoint()
    hosted.client.update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[
            {"VariantName": "one", "DesiredInstanceCount": 9}
        ],
    )
    hosted.settle()
    hosted.config("d")
    hosted.update("d", RetainAllVariantProperties=retain)
    hosted.settle()
    variant = hosted.look()["ProductionVariants"][0]
    assert variant["CurrentInstanceCount"] == (9 if retain else 4)


def test_weights_move_traffic(hosted):
    hosted.config("d", "one", "two")
    hosted.endpoint("d")
    hosted.client.update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[
            {"VariantName": "one", "DesiredWeight": 0}
        ],
    )
    hosted.settle()
    seen = {hosted.invoke()["InvokedProductionVariant"] for _ in range(20)}
    assert seen == {"two"}
    direct = hosted.invoke(TargetVariant="one")
    assert direct["InvokedProductionVariant"] == "one"


def test_a_models_error_is_passed_on(hosted):
    hosted.endpoint()
    with pytest.raises(ClientError) as caught:
        hosted.runtime.invoke_endpoint(
            EndpointName="e", Body="x", ContentType="text/csv"
        )
    answer = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["OriginalStatusCode"] == 415
    assert "expected 8 columns" in answer["OriginalMessage"]


def test_deleting_what_is_in_use_is_noticed(hosted):
    hosted.endpoint()
    hosted.client.delete_endpoint_config(EndpointConfigName="c")
    assert hosted.world.hosting.misuse
    hosted.world.hosting.misuse.clear()
    hosted.world.hosting.configs[QA, "c"] = {"ProductionVariants": []}


def test_lineage_knows_no_packages_by_their_arn(hosted):
    hosted.refused(
        "not a lineage entity",
        hosted.registry.query_lineage,
        StartArns=[hosted.arn.replace("model-package/housing", "artifact")],
    )
    found = hosted.registry.list_artifacts(SourceUri=hosted.arn)
    start = found["ArtifactSummaries"][0]["ArtifactArn"]
    answer = hosted.registry.query_lineage(StartArns=[start])
    kinds = sorted(vertex["Type"] for vertex in answer["Vertices"])
    assert kinds == ["Image", "Model", "ModelGroup"]


def test_a_callers_account_is_that_of_its_keys(world):
    client = world.sagemaker(QA)
    with pytest.raises(ClientError, match=f":{QA}:endpoint/none"):
        client.describe_endpoint(EndpointName="none")
