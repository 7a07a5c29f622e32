"""CloudFormation: parameters of the stacks, and the change sets.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config
from clary_deploy.template import NO_KEY, Place

# Beside the longest update: to fetch, install, and look.
BUILD_SPARE_MINUTES = 30
BUILD_MAX_MINUTES = 2160


def place(config: Config, part: str) -> Place:
    """Where the stack `part` is."""
    account = config.accounts.number(names.stack_account(part))
    stack = names.stack(config, part)
    return Place(config.partition, config.region, account, stack)


def unknown_key(config: Config) -> str:
    """The ARN of the key while nobody has made it."""
    return names.arn(config, "kms", "shared_services", f"key/{NO_KEY}")


def parameters(config: Config, part: str, key_arn: str = "") -> dict[str, str]:
    """The parameters of the stack `part`. `key_arn` is an output of `shared`,
    which `data-science`, `qa` and `prod` need."""
    key_arn = key_arn or unknown_key(config)
    if part == "shared":
        return _shared(config)
    if part == "data-science":
        return _data_science(config, key_arn)
    if part == "deployment":
        return _deployment(config)
    return _workload(config, part, key_arn)


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _list(*items: str) -> str:
    return ",".join(dict.fromkeys(items))  # the same account stands once


def deployment_roles(config: Config) -> tuple[str, str]:
    """Who in the deployment account assumes the roles of the others."""
    return (
        names.role_arn(config, "deployment", names.build_role(config)),
        names.role_arn(config, "deployment", names.operator_role(config)),
    )


def assumed_roles(config: Config) -> tuple[str, str, str]:
    """The three roles that the deployment account assumes."""
    registry = names.registry_role(config)
    return (
        names.role_arn(config, "shared_services", registry),
        names.role_arn(config, "qa", names.deploy_role(config, "qa")),
        names.role_arn(config, "prod", names.deploy_role(config, "prod")),
    )


def _shared(config: Config) -> dict[str, str]:
    accounts = config.accounts
    training = names.role_arn(
        config, "data_science", names.training_role(config)
    )
    scientist = names.role_arn(
        config, "data_science", names.scientist_role(config)
    )
    hosts = [names.execution_role_arn(config, s) for s in ("qa", "prod")]
    _, *creators = assumed_roles(config)
    deployers = deployment_roles(config)
    data_accounts = (accounts.data_science, accounts.qa, accounts.prod)
    return {
        "Project": config.project,
        "DataScienceAccount": accounts.data_science,
        "DeploymentAccount": accounts.deployment,
        "QaAccount": accounts.qa,
        "ProdAccount": accounts.prod,
        "HostAccounts": _list(accounts.qa, accounts.prod),
        "DataAccounts": _list(*data_accounts),
        "OtherAccounts": _list(*data_accounts, accounts.deployment),
        "DataScienceRoles": _list(training, scientist),
        "HostRoles": _list(*hosts),
        "CreatorRoles": _list(*creators),
        "DeploymentRoles": _list(*deployers),
        "DataRoles": _list(training, scientist, *hosts),
        "ImageRoles": _list(training, *hosts),
        "ReaderRoles": _list(training, scientist, *deployers, *creators),
        "GroupName": config.registry.group,
        "BucketName": config.artifacts.bucket,
        "Prefix": config.artifacts.prefix,
        "RepositoryName": config.image.repository,
        "StageQa": config.registry.stages.qa,
        "StageProd": config.registry.stages.prod,
        "RegistryRole": names.registry_role(config),
        "ApproverRole": names.approver_role(config),
        "PublisherRole": names.publisher_role(config),
        "ForwardRole": names.forward_role(config),
        "BusArn": names.bus_arn(config),
        "RequireMfa": _yes(config.access.require_mfa),
        "ServicePrincipalPulls": _yes(config.image.service_principal),
        "ReplicateToQa": _yes("qa" in config.image.replicate),
        "ReplicateToProd": _yes("prod" in config.image.replicate),
        "ShareLineage": _yes(config.registry.share_lineage),
    }


def _registry_of(config: Config) -> dict[str, str]:
    """What every other account is told about shared services."""
    return {
        "Project": config.project,
        "SharedAccount": config.accounts.shared_services,
        "BucketName": config.artifacts.bucket,
        "Prefix": config.artifacts.prefix,
        "GroupName": config.registry.group,
        "NotifyEmail": config.notify,
    }


def _data_science(config: Config, key_arn: str) -> dict[str, str]:
    own = names.data_bucket(config)
    given = config.pipeline.input.removeprefix("s3://").partition("/")[0]
    return {
        **_registry_of(config),
        "KeyArn": key_arn,
        "ImageArns": _list(*_image_arns(config)),
        "TrainingRole": names.training_role(config),
        "ScientistRole": names.scientist_role(config),
        "PipelineName": names.training_pipeline(config),
        "DataBucketName": own,
        "InputBucketName": "" if given == own else given,
        "Schedule": config.pipeline.schedule,
    }


def _image_arns(config: Config) -> list[str]:
    """The repositories of the pipeline's containers, and our own."""
    own = names.repository_uri(config)
    found = []
    for image in [*vars(config.pipeline.images).values(), own]:
        host, _, rest = image.partition("/")
        account, _, registry = host.partition(".dkr.ecr.")
        if registry:
            name = rest.partition("@")[0].partition(":")[0]
            region = registry.partition(".")[0]
            found.append(
                f"arn:{config.partition}:ecr:{region}:{account}:"
                f"repository/{name}"
            )
    return found


def _workload(config: Config, stage: str, key_arn: str) -> dict[str, str]:
    endpoint = config.endpoints.of(stage)
    capture = endpoint.data_capture
    own = capture is not None and not capture.destination
    places = [capture.destination] if capture else []
    if answers := endpoint.asynchronous:
        places += [answers.output, answers.failures]
    if endpoint.batch:
        places += [endpoint.batch.input, endpoint.batch.output]
    exchange = [
        names.arn(
            config, "s3", stage, place.removeprefix("s3://").split("/")[0]
        )
        for place in places
        if place
    ]
    return {
        **_registry_of(config),
        "RepositoryName": config.image.repository,
        "Stage": stage,
        "EndpointName": endpoint.name,
        "DeploymentAccount": config.accounts.deployment,
        "DeploymentRoles": _list(*deployment_roles(config)),
        "KeyArn": key_arn,
        "ExecutionRole": names.execution_role(config, stage),
        "DeployRole": names.deploy_role(config, stage),
        "TopicName": names.topic(config, stage),
        "CaptureBucketName": names.capture_bucket(config, stage) if own else "",
        "ExchangeArns": _list(*(f"{bucket}/*" for bucket in exchange)),
        "ExchangeBuckets": _list(*exchange),
        "InVpc": _yes(endpoint.vpc is not None),
        "ReplicatedImage": _yes(stage in config.image.replicate),
        "AttachFullAccess": _yes(config.access.full_access),
    }


def _deployment(config: Config) -> dict[str, str]:
    longest = max(
        config.endpoints.qa.timeout_seconds,
        config.endpoints.prod.timeout_seconds,
    )
    minutes = -(-longest // 60) + BUILD_SPARE_MINUTES
    return {
        "Project": config.project,
        "SharedAccount": config.accounts.shared_services,
        "GroupName": config.registry.group,
        "BusName": names.bus(config),
        "PipelineName": names.delivery(config),
        "ForwardRoleArn": names.role_arn(
            config, "shared_services", names.forward_role(config)
        ),
        "BuildRole": names.build_role(config),
        "OperatorRole": names.operator_role(config),
        "PipelineRole": names.pipeline_role(config),
        "TriggerRole": names.trigger_role(config),
        "StarterName": names.starter(config),
        "StarterRole": names.starter(config),
        "DecisionsName": names.decisions(config),
        "AssumedRoles": _list(*assumed_roles(config)),
        "SourceBucketName": names.source_bucket(config),
        "RequireMfa": _yes(config.access.require_mfa),
        "BuildMinutes": str(min(minutes, BUILD_MAX_MINUTES)),
        "NotifyEmail": config.notify,
    }


def create_change_set(
    config: Config,
    part: str,
    *,
    body: str,
    values: Mapping[str, str],
    new: bool,
    name: str,
) -> dict[str, Any]:
    """The change set that makes the stack `part`, or brings it up to date."""
    return {
        "StackName": names.stack(config, part),
        "ChangeSetName": name,
        "ChangeSetType": "CREATE" if new else "UPDATE",
        "TemplateBody": body,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in values.items()
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        # what an earlier stack has retained comes back under its name
        "ImportExistingResources": True,
        "Tags": [
            {"Key": "clary:project", "Value": config.project},
            {"Key": "clary:stack", "Value": part},
        ],
    }


def of_change_set(config: Config, part: str, name: str) -> dict[str, Any]:
    """Describes, executes or deletes a change set."""
    return {"StackName": names.stack(config, part), "ChangeSetName": name}


def protect(config: Config, part: str, *, on: bool) -> dict[str, Any]:
    """Termination protection, of the stack that holds models."""
    return {
        "StackName": names.stack(config, part),
        "EnableTerminationProtection": on,
    }


def of_stack(config: Config, part: str) -> dict[str, Any]:
    """Describes or deletes a stack."""
    return {"StackName": names.stack(config, part)}
