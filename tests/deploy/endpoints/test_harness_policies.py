"""The fake's evaluation of resource policies, against a full IAM simulator.

SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json
from dataclasses import replace

from fake_sagemaker import policy
from policies import things
from policies.world import ADMIN, of_the_example, verdicts

ACTIONS = (
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:ListModelPackages",
    "sagemaker:UpdateModelPackage",
)
THINGS = [
    *itertools.product(ACTIONS, (things.VERSION, things.OTHER_VERSION)),
    ("sagemaker:DescribeModelPackageGroup", things.GROUP),
]
CONTEXTS = (
    {},
    things.PENDING,
    things.APPROVE,
    things.PENDING | things.stage("Development"),
    things.PENDING | things.stage("Prod"),
)


def test_the_evaluator_agrees_with_the_simulator():
    """Everybody outside shared services, with every right of their own, so
    that the group's policy alone decides."""
    world = of_the_example()
    strangers = {
        name: replace(person, policies=(ADMIN,))
        for name, person in world.people.items()
        if person.account != things.SHARED
    }
    every = [
        (who, *thing, context)
        for who, thing, context in itertools.product(
            strangers, THINGS, CONTEXTS
        )
    ]
    world.people = strangers
    asked = [
        world.question(who, action, resource, things.SHARED, context)
        for who, action, resource, context in every
    ]
    guard = world.guard(things.VERSION)
    expected = [verdict == "Allowed" for verdict in verdicts(asked)]
    found = [
        policy.allows(
            json.dumps(guard),
            policy.Question(
                strangers[who].arn,
                strangers[who].account,
                action,
                resource,
                context,
            ),
        )
        for who, action, resource, context in every
    ]
    differing = [
        row
        for row, mine, theirs in zip(every, found, expected, strict=True)
        if mine != theirs
    ]
    assert not differing
    assert 20 < sum(found) < len(found) / 2
