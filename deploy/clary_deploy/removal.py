"""Takes away what claryctl itself made in a stage: the endpoint and all that
belongs to it. Stacks, and what holds models, are not its business.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from clary_deploy import leftovers, live, rollout, scaling
from clary_deploy.errors import PreconditionError
from clary_deploy.stages import Stage
from clary_deploy.versions import APPROVED, ARCHIVED, IN_PROGRESS, RETIRED


def remove_stage(stage: Stage) -> list[str]:
    """Everything, in the order in which it depends on each other; the names of
    what went."""
    name = stage.endpoint.name
    found = live.look(stage.config, stage.account, stage.name)
    if found and found.under_way and found.status != "Deleting":
        raise PreconditionError(
            f"{name} is {found.status}: AWS deletes nothing that it is at work "
            "on; repeat the command later"
        )
    gone = []
    scaling.release(stage)
    if found is not None:
        rollout.delete_endpoint(stage, found)
        gone.append(name)
    configs, models = leftovers.configs(stage), leftovers.models(stage)
    leftovers.delete_configs(stage, configs)
    leftovers.delete_alarms(stage, leftovers.stage_prefix(stage))
    leftovers.delete_models(stage, models)
    _retire(stage)
    return [*gone, *configs, *models]


def _retire(stage: Stage) -> None:
    """No version is live here any more."""
    for version in stage.registry.all():
        live_here = version.stage == stage.word
        if live_here and version.stage_status in (APPROVED, IN_PROGRESS):
            why = f"{stage.name} was torn down"
            stage.registry.write_stage(version, ARCHIVED, RETIRED, why)
