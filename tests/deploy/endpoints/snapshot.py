"""The state of the accounts, taken and put back: for tests that try one thing
many times.

What claryctl changes after `setup` is known here, but for what it uploads:
versions, models, configurations, endpoints, alarms, scalable targets.

SPDX-License-Identifier: Apache-2.0
"""

import copy

STAGES = ("qa", "prod")
SAGEMAKER = {"ServiceNamespace": "sagemaker"}
SCALING = "application-autoscaling"


class Snapshot:
    """Of all accounts. What is under way cannot be put back: it is finished
    first."""

    def __init__(self, accounts):
        self.world = accounts.world
        self.accounts = [accounts.number(stage) for stage in STAGES]
        self.groups = copy.deepcopy(self.world.registry._groups)
        self.models = dict(self.world.hosting.models)
        self.configs = dict(self.world.hosting.configs)
        self.endpoints = {
            key: (endpoint, dict(vars(endpoint)), weights(endpoint))
            for key, endpoint in self.world.endpoints.all.items()
        }
        self.alarms = [self._alarms(account) for account in self.accounts]
        self.scaling = [self._scaling(account) for account in self.accounts]

    def state(self):
        """Equal to that of another snapshot: what a command finds is the same.
        Where something is under way, time alone makes another state."""
        under_way = any(
            fields["work"] for _, fields, _ in self.endpoints.values()
        )
        return (
            self.world.clock.now() if under_way else 0,
            self.groups,
            self.models,
            self.configs,
            {
                key: (fields["status"], fields["config_name"], weighed)
                for key, (_, fields, weighed) in self.endpoints.items()
            },
            self.alarms,
            self.scaling,
        )

    def restore(self):
        """As it was; an endpoint has a new fleet where its own has ended."""
        hosting, endpoints = self.world.hosting, self.world.endpoints
        self.world.registry._groups = copy.deepcopy(self.groups)
        replace(hosting.models, self.models)
        replace(hosting.configs, self.configs)
        for key in set(endpoints.all) - set(self.endpoints):
            endpoints.stop(
                [*endpoints.all[key].live, *endpoints.all[key].green]
            )
            del endpoints.all[key]
        for key, (endpoint, fields, weighed) in self.endpoints.items():
            before = {id(fleet) for fleet in fields["live"]}
            now = [*endpoint.live, *endpoint.green]
            endpoints.stop([fleet for fleet in now if id(fleet) not in before])
            vars(endpoint).update(fields)
            if not all(fleet.fleet.is_up for fleet in endpoint.live):
                endpoints.stop(endpoint.live)
                endpoint.live = endpoints.launch(endpoint, endpoint.config_name)
                fields["live"] = endpoint.live
            for fleet, values in zip(endpoint.live, weighed, strict=True):
                vars(fleet).update(values)
            endpoints.all[key] = endpoint
        for account, alarms, scaling in zip(
            self.accounts, self.alarms, self.scaling, strict=True
        ):
            self._restore_alarms(account, alarms)
            self._restore_scaling(account, scaling)

    def _alarms(self, account):
        client = self.world.client("cloudwatch", account)
        return {
            alarm["AlarmName"]: put_again(client, "PutMetricAlarm", alarm)
            for alarm in client.describe_alarms()["MetricAlarms"]
        }

    def _restore_alarms(self, account, wanted):
        client = self.world.client("cloudwatch", account)
        found = self._alarms(account)
        if gone := sorted(set(found) - set(wanted)):
            client.delete_alarms(AlarmNames=gone)
        for name in set(wanted) - set(found):
            client.put_metric_alarm(**wanted[name])

    def _scaling(self, account):
        client = self.world.client(SCALING, account)
        targets = client.describe_scalable_targets(**SAGEMAKER)
        policies = client.describe_scaling_policies(**SAGEMAKER)
        return (
            [
                put_again(client, "RegisterScalableTarget", target)
                for target in targets["ScalableTargets"]
            ],
            [
                put_again(client, "PutScalingPolicy", policy)
                for policy in policies["ScalingPolicies"]
            ],
        )

    def _restore_scaling(self, account, wanted):
        found = self._scaling(account)
        if found == wanted:
            return
        client = self.world.client(SCALING, account)
        for target in found[0]:
            client.deregister_scalable_target(
                **put_again(client, "DeregisterScalableTarget", target)
            )
        for target in wanted[0]:
            client.register_scalable_target(**target)
        for policy in wanted[1]:
            client.put_scaling_policy(**policy)


def weights(endpoint):
    names = ("weight", "desired_weight", "count", "desired_count")
    return [
        {name: getattr(fleet, name) for name in names}
        for fleet in endpoint.live
    ]


def replace(kept, wanted):
    kept.clear()
    kept.update(wanted)


def put_again(client, operation, described):
    """The request that makes what a Describe has told of."""
    model = client.meta.service_model.operation_model(operation)
    return {
        key: value
        for key, value in described.items()
        if key in model.input_shape.members
    }
