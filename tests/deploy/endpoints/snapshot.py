"""The state of the accounts, taken and put back: for tests that try one thing
many times.

What a deployment to one stage changes is known here: versions, models,
configurations, the endpoint, alarms, scalable targets.

SPDX-License-Identifier: Apache-2.0
"""

import copy


class Snapshot:
    """Of one stage, whose endpoint is in service."""

    def __init__(self, accounts, stage):
        self.world = accounts.world
        self.account = accounts.number(stage)
        name = accounts.config["endpoints"][stage]["name"]
        self.key = (self.account, name)
        self.config_name = self.world.endpoints.all[self.key].config_name
        self.groups = copy.deepcopy(self.world.registry._groups)
        self.models = copy.deepcopy(self.world.hosting.models)
        self.configs = copy.deepcopy(self.world.hosting.configs)
        self.targets = self._targets()
        self.policies = self._scaling().describe_scaling_policies(
            ServiceNamespace="sagemaker"
        )["ScalingPolicies"]

    def restore(self):
        """As it was; the endpoint with a new fleet of the old configuration."""
        world = self.world
        world.registry._groups = copy.deepcopy(self.groups)
        world.hosting.models |= copy.deepcopy(self.models)
        world.hosting.configs |= copy.deepcopy(self.configs)
        endpoint = world.endpoints.all[self.key]
        world.endpoints.stop([*endpoint.live, *endpoint.green])
        endpoint.live = world.endpoints.launch(endpoint, self.config_name)
        endpoint.green, endpoint.pending, endpoint.work = [], None, None
        endpoint.config_name, endpoint.status = self.config_name, "InService"
        for kept, now in (
            (self.models, world.hosting.models),
            (self.configs, world.hosting.configs),
        ):
            for name in set(now) - set(kept):
                del now[name]
        self._restore_alarms()
        self._restore_scaling()

    def _restore_alarms(self):
        cloudwatch = self.world.client("cloudwatch", self.account)
        cloudwatch.delete_alarms(
            AlarmNames=[
                alarm["AlarmName"]
                for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
                if not alarm["AlarmName"].startswith(self.config_name)
            ]
        )

    def _scaling(self):
        return self.world.client("application-autoscaling", self.account)

    def _targets(self):
        found = self._scaling().describe_scalable_targets(
            ServiceNamespace="sagemaker"
        )
        return found["ScalableTargets"]

    def _restore_scaling(self):
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        for target in self._targets():
            self._scaling().deregister_scalable_target(
                **{key: target[key] for key in names}
            )
        for target in self.targets:
            limits = ("MinCapacity", "MaxCapacity")
            self._scaling().register_scalable_target(
                **{key: target[key] for key in (*names, *limits)}
            )
        key = "TargetTrackingScalingPolicyConfiguration"
        for policy in self.policies:
            self._scaling().put_scaling_policy(
                **{k: policy[k] for k in ("PolicyName", "PolicyType", key)},
                **{k: policy[k] for k in names},
            )
