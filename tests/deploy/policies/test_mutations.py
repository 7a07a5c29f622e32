"""The proof would notice: without any one statement, or any one condition,
some row is answered otherwise.

So nothing is granted that no row asks for, and no condition stands there that
refuses nobody. A condition is taken away on both sides of an account's border
at once: where both say the same, one alone would not be missed.

SPDX-License-Identifier: Apache-2.0
"""

import copy
from dataclasses import replace

from clary_deploy.policy import as_list
from policies.small_print import ALL_ROWS as ROWS
from policies.world import of_the_example, verdicts

# What no row can ask: what a service does for somebody. The simulator knows
# roles; whether SageMaker, CodeBuild, CodePipeline and EventBridge may act is
# asserted on the text (test_services_act_for_their_own_account).
SERVICES = ("aws:SourceAccount", ": PullForHosts", ": trust of a service")


def statements(policy):
    return as_list(policy["Statement"])


def without_statement(policy, index):
    mutant = copy.deepcopy(policy)
    mutant["Statement"] = [
        item for at, item in enumerate(statements(policy)) if at != index
    ]
    return mutant


def without_condition(policy, action, key):
    """The policy, with `key` asked of `action` no more."""
    mutant = copy.deepcopy(policy)
    for statement in statements(mutant):
        if action not in as_list(statement["Action"]):
            continue
        for keys in statement.get("Condition", {}).values():
            keys.pop(key, None)
        left = {op: k for op, k in statement.get("Condition", {}).items() if k}
        statement.pop("Condition", None)
        if left:
            statement["Condition"] = left
    return mutant


def everywhere(world, change):
    """The world with every policy changed."""
    people = {
        who: replace(person, policies=tuple(map(change, person.policies)))
        for who, person in world.people.items()
    }
    resources = {arn: change(item) for arn, item in world.resources.items()}
    return replace(world, people=people, resources=resources)


def mutants(world):
    """(name, the statement that is missing, world)."""
    for who, person in world.people.items():
        if who.startswith("admin-"):
            continue
        for at, policy in enumerate(person.policies):
            for index, statement in enumerate(statements(policy)):
                held = list(person.policies)
                held[at] = without_statement(policy, index)
                people = world.people | {
                    who: replace(person, policies=tuple(held))
                }
                name = f"{who}: {statement['Sid']}"
                yield name, statement, replace(world, people=people)
    for arn, policy in world.resources.items():
        for index, statement in enumerate(statements(policy)):
            changed = without_statement(policy, index)
            # the policy of the group is also that of its versions
            resources = {
                other: changed if item is policy else item
                for other, item in world.resources.items()
            }
            name = f"{arn.split('/')[0]}: {_name(statement)}"
            yield name, statement, replace(world, resources=resources)


def _name(statement):
    if "Sid" in statement:
        return statement["Sid"]
    service = "Service" in statement["Principal"]
    return "trust of a service" if service else "trust"


def conditions(world):
    """Every (action, condition key) that stands anywhere."""
    policies = list(world.resources.values())
    for person in world.people.values():
        policies += person.policies
    return sorted(
        {
            (action, key)
            for policy in policies
            for statement in statements(policy)
            for action in as_list(statement["Action"])
            for keys in statement.get("Condition", {}).values()
            for key in keys
        }
    )


def concerned(statement, row):
    actions = as_list(statement["Action"])
    return row.action in actions or any("*" in item for item in actions)


def test_nothing_can_be_taken_away_unnoticed():
    world = of_the_example()
    tried = [
        (name, row, asked(mutant, row))
        for name, statement, mutant in mutants(world)
        for row in ROWS
        if concerned(statement, row)
    ]
    for action, key in conditions(world):
        mutant = everywhere(
            world, lambda item, a=action, k=key: without_condition(item, a, k)
        )
        tried += [
            (f"{action} {key}", row, asked(mutant, row))
            for row in ROWS
            if concerned({"Action": action}, row)
        ]
    tried = [item for item in tried if item[2] != asked(world, item[1])]
    answers = verdicts([question for _, _, question in tried])
    noticed = {
        name
        for (name, row, _), verdict in zip(tried, answers, strict=True)
        if verdict != row.expected
    }
    names = {name for name, _, _ in mutants(world)}
    names |= {f"{action} {key}" for action, key in conditions(world)}
    assert len(names) > 150
    assert not [
        name
        for name in sorted(names - noticed)
        if not any(words in name for words in SERVICES)
    ]


def test_services_act_for_their_own_account():
    """The confused deputy: a service that acts for somebody else."""
    found = 0
    for arn, policy in of_the_example().resources.items():
        for statement in statements(policy):
            principal = statement["Principal"]
            if statement["Effect"] == "Allow" and "Service" in principal:
                asked_of = statement["Condition"]["StringEquals"]
                accounts = as_list(asked_of["aws:SourceAccount"])
                own = [arn.split(":")[4]]
                assert accounts == own or ":repository/" in arn
                found += 1
    assert found == 9


def asked(world, row):
    return world.question(
        row.who, row.action, row.resource, row.account, row.context
    )
