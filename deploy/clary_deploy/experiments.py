"""What A/B tests and shadow tests share: they put variants beside the one.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import datetime

from clary_deploy import rollout, rules, scaling
from clary_deploy.errors import ConfigError, PreconditionError
from clary_deploy.live import Live
from clary_deploy.rollout import Plan
from clary_deploy.stages import Stage
from clary_deploy.versions import Version, check_deployable, check_evidence

CHALLENGER = "challenger"
SHADOW = "shadow"
MINUTE = datetime.timedelta(minutes=1)


def check_allowed(stage: Stage, *, variants: int, shadow: bool) -> None:
    """The rules of the configuration, with the experiment in it."""
    problems = rules.endpoint(
        stage.config, stage.name, variants=variants, shadow=shadow
    )
    problems = [p for p in problems if p.rule != "rolling-one-variant"]
    if problems:
        raise ConfigError(stage.context.args.config, problems)


def candidate(stage: Stage, number: int) -> Version:
    """A version that may stand beside the one that is live."""
    version = stage.registry.version(number)
    check_deployable(stage.config, version)
    if stage.name == "prod":
        check_evidence(version)
    return version


def alone(stage: Stage, found: Live) -> Version:
    """What the endpoint serves, which must have no experiment."""
    if len(found.production) > 1:
        raise PreconditionError(
            f"{found.name} has an A/B test already: claryctl ab finish"
        )
    if found.shadow:
        raise PreconditionError(
            f"{found.name} has a shadow already: claryctl shadow stop"
        )
    return champion(stage, found)


def champion(stage: Stage, found: Live) -> Version:
    """The version behind the stage's own variant."""
    number = found.version(stage.endpoint.variant)
    if not number:
        raise PreconditionError(
            f"{found.name} does not serve a version of "
            f"{stage.config.registry.group}"
        )
    return stage.registry.version(number)


def move(plan: Plan, found: Live) -> Live:
    """To the experiment or out of it. Variants come or go, so AWS has no
    guardrails for it; the champion is the same model before and after."""
    if found.config_name == plan.config_name and not found.under_way:
        after = rollout.verify(plan, found)
    else:
        rollout.check_ready(plan, found)
        after = rollout.move(plan, found)
    scaling.ensure(plan.stage)
    return after


def started(stage: Stage, found: Live) -> datetime.datetime:
    """When the configuration that runs now was made."""
    answer = stage.account.read(
        "sagemaker",
        "describe_endpoint_config",
        {"EndpointConfigName": found.config_name},
    )
    moment: datetime.datetime = answer["CreationTime"]
    return moment


def weighted(stage: Stage, found: Live) -> datetime.datetime:
    """From when on the weights are what they are now. Autoscaling counts as a
    change, too. Metrics are counted by the minute: that of the change is left
    out."""
    answer = stage.account.read(
        "sagemaker", "describe_endpoint", {"EndpointName": found.name}
    )
    changed: datetime.datetime = answer["LastModifiedTime"]
    return changed.replace(second=0, microsecond=0) + MINUTE
