"""What claryctl has asked for in a test, against what the templates let its
roles do: a role that lacks an action would fail in AWS, and only there.

By action, not by resource: that is the matrix's business.

SPDX-License-Identifier: Apache-2.0
"""

import functools

from clary_deploy.policy import as_list
from policies.world import of_the_example

# S3's operations are not its actions; botocore's names are not IAM's.
ACTIONS = {
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("sts", "GetCallerIdentity"): None,  # everybody may
}
SERVICES = {"sagemaker-runtime": "sagemaker", "monitoring": "cloudwatch"}


@functools.cache
def allowed():
    """{ARN of a role: its actions}."""
    return {
        person.arn: _actions(person)
        for name, person in of_the_example().people.items()
        if not name.startswith("admin-")
    }


def _actions(person):
    return {
        action
        for policy in person.policies
        for statement in as_list(policy["Statement"])
        for action in as_list(statement["Action"])
    }


def lacking(calls):
    """What the roles among the callers asked for and may not do."""
    found = set()
    for call in calls:
        held = allowed().get(call.principal)
        service = SERVICES.get(call.service, call.service)
        default = f"{service}:{call.operation}"
        action = ACTIONS.get((service, call.operation), default)
        if held is not None and action and action not in held:
            found.add(f"{call.principal} lacks {action}")
    return sorted(found)
