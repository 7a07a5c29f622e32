"""Every name and ARN that claryctl and the stacks agree on.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy.config import Config

# in the order in which they are set up
STACKS = ("shared", "data-science", "qa", "prod", "deployment")

TEMPLATES = {
    "shared": "shared-services",
    "data-science": "data-science",
    "qa": "workload",
    "prod": "workload",
    "deployment": "deployment",
}

# role name limit of IAM; name limit of SageMaker
ROLE_MAX = 64
NAME_MAX = 63

# "-v" + a version number of up to six digits + "-" + eight hex digits
VERSION_SUFFIX = len("-v999999-01234567")


def stack(config: Config, part: str) -> str:
    """The CloudFormation stack of `shared`, `qa`, ..."""
    return f"clary-{config.project}-{part}"


def stack_account(part: str) -> str:
    """The account (a key of `accounts`) in which a stack lives."""
    return {"shared": "shared_services", "data-science": "data_science"}.get(
        part, part
    )


def arn(config: Config, service: str, account: str, resource: str) -> str:
    """An ARN of the configured partition and Region; IAM has no Region."""
    region = "" if service in ("iam", "s3") else config.region
    number = "" if service == "s3" else config.accounts.number(account)
    return f"arn:{config.partition}:{service}:{region}:{number}:{resource}"


def group_arn(config: Config) -> str:
    """The model package group: the form that works across accounts."""
    return arn(
        config,
        "sagemaker",
        "shared_services",
        f"model-package-group/{config.registry.group}",
    )


def package_arn(config: Config, version: int) -> str:
    """One version. SageMaker lower-cases the group here."""
    return arn(
        config,
        "sagemaker",
        "shared_services",
        f"model-package/{config.registry.group.lower()}/{version}",
    )


def dns_suffix(config: Config) -> str:
    """Of AWS's own host names: amazonaws.com, or China's."""
    return (
        "amazonaws.com.cn" if config.partition == "aws-cn" else "amazonaws.com"
    )


def repository_uri(config: Config, account: str = "shared_services") -> str:
    """The ECR repository, without tag or digest."""
    number = config.accounts.number(account)
    host = f"{number}.dkr.ecr.{config.region}.{dns_suffix(config)}"
    return f"{host}/{config.image.repository}"


def _staged(config: Config, name: str, stage: str) -> str:
    """`name`, with the stage where both stages share one account."""
    shared = config.accounts.qa == config.accounts.prod
    return f"{name}-{stage}" if shared else name


def deploy_role(config: Config, stage: str) -> str:
    """Assumed by the deployment account to move models in `stage`."""
    return _staged(config, config.access.deploy_role, stage)


def execution_role(config: Config, stage: str) -> str:
    """What the endpoint of `stage` runs as."""
    return _staged(config, f"clary-{config.project}-execution", stage)


def execution_role_arn(config: Config, stage: str) -> str:
    return role_arn(config, stage, execution_role(config, stage))


def registry_role(config: Config) -> str:
    """Assumed by the deployment account to read versions and write stages."""
    return config.access.registry_role


def approver_role(config: Config) -> str:
    """In shared services: approves and rejects, and nothing else."""
    return f"clary-{config.project}-approver"


def publisher_role(config: Config) -> str:
    """In shared services: pushes images."""
    return f"clary-{config.project}-publisher"


def training_role(config: Config) -> str:
    """In data science: what the pipeline and its jobs run as."""
    return f"clary-{config.project}-training"


def scientist_role(config: Config) -> str:
    """In data science: who keeps the pipeline and registers by hand."""
    return f"clary-{config.project}-scientist"


def build_role(config: Config) -> str:
    """In deployment: what CodeBuild runs as."""
    return f"clary-{config.project}-build"


def operator_role(config: Config) -> str:
    """In deployment: a person who deploys, compares and rolls back."""
    return f"clary-{config.project}-operator"


def pipeline_role(config: Config) -> str:
    """In deployment: what CodePipeline runs as."""
    return f"clary-{config.project}-codepipeline"


def trigger_role(config: Config) -> str:
    """In deployment: with which EventBridge hands over a decision."""
    return f"clary-{config.project}-trigger"


def starter(config: Config) -> str:
    """In deployment: the state machine that starts the delivery once for each
    decision, and its role."""
    return f"clary-{config.project}-starter"


def decisions(config: Config) -> str:
    """In deployment: the table of the decisions that it has seen."""
    return f"clary-{config.project}-decisions"


def forward_role(config: Config) -> str:
    """In shared services: with which EventBridge sends to the other bus."""
    return f"clary-{config.project}-forward"


def bus(config: Config) -> str:
    """The event bus in the deployment account."""
    return f"clary-{config.project}"


def bus_arn(config: Config) -> str:
    return arn(config, "events", "deployment", f"event-bus/{bus(config)}")


def delivery(config: Config) -> str:
    """The CodePipeline in the deployment account."""
    return f"clary-{config.project}-delivery"


def training_pipeline(config: Config) -> str:
    """The SageMaker pipeline in the data science account."""
    return f"{config.project}-training"


def data_bucket(config: Config) -> str:
    """In data science: raw data, and what the pipeline's steps hand on."""
    return f"{config.project}-data-{config.accounts.data_science}"


def source_bucket(config: Config) -> str:
    """In deployment: source and artifacts of the delivery."""
    return f"{config.project}-delivery-{config.accounts.deployment}"


def role_arn(config: Config, account: str, role: str) -> str:
    return arn(config, "iam", account, f"role/{role}")


def capture_bucket(config: Config, stage: str) -> str:
    """Captured requests of `stage`, in its own account."""
    number = config.accounts.number(stage)
    return f"{_staged(config, f'{config.project}-capture', stage)}-{number}"


def topic(config: Config, stage: str) -> str:
    """The SNS topic of a workload account."""
    return _staged(config, f"clary-{config.project}-events", stage)


def topic_arn(config: Config, stage: str) -> str:
    return arn(config, "sns", stage, topic(config, stage))
