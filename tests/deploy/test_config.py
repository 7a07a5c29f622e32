"""The configuration: schema, rules, types, messages.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import dataclasses
import json
import typing

import jsonschema
import pytest

from clary_deploy import config as types
from clary_deploy import config_file, schema
from clary_deploy.errors import ConfigError

SCHEMA = config_file.config_schema()


def put(value, path, item):
    """`value` with `item` at the dotted `path`; `...` takes the key away."""
    value = copy.deepcopy(value)
    *parents, last = path.split(".")
    place = value
    for key in parents:
        place = place.setdefault(key, {})
    if item is ...:
        del place[last]
    else:
        place[last] = item
    return value


def leaves(value, path=""):
    """Every dotted path of `value`."""
    for key, item in value.items():
        where = f"{path}.{key}" if path else key
        yield where
        if isinstance(item, dict):
            yield from leaves(item, where)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


WRONG = ["", "UPPER", -1, 0, 0.5, 10**9, True, None, [], {}, ["x"], "x" * 300]


def test_own_validator_agrees_with_jsonschema(example):
    """On every key, with every wrong value, missing, and beside a new one."""
    oracle = jsonschema.Draft202012Validator(SCHEMA)
    seen = {True: 0, False: 0}
    for path in leaves(example):
        for item in [..., *WRONG]:
            value = put(example, path, item)
            good = oracle.is_valid(value)
            ours = schema.validate(value, SCHEMA)
            assert (not ours) == good, (path, item, ours)
            seen[good] += 1
        unknown = schema.validate(put(example, path + "x", 1), SCHEMA)
        assert any(problem.rule == "unknown-key" for problem in unknown) == (
            not oracle.is_valid(put(example, path + "x", 1))
        )
    assert seen[True] > 50
    assert seen[False] > 300


def test_validator_refuses_keywords_it_does_not_know():
    with pytest.raises(ValueError, match="oneOf"):
        schema.validate({}, {"oneOf": []})


def fields_of(kind):
    """{name: dataclass or None} of a configuration type."""
    hints = typing.get_type_hints(kind)
    found = {}
    for field in dataclasses.fields(kind):
        options = [hints[field.name], *typing.get_args(hints[field.name])]
        found[field.name] = next(
            (item for item in options if dataclasses.is_dataclass(item)), None
        )
    return found


def check_same_keys(kind, node):
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    fields = fields_of(kind)
    assert set(fields) == set(node["properties"]), kind
    for name, inner in fields.items():
        if inner:
            check_same_keys(inner, node["properties"][name])
    required = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    }
    assert required == set(node.get("required", [])), kind


def test_types_and_schema_have_the_same_keys():
    check_same_keys(types.Config, SCHEMA)


def test_example_holds_and_is_completed(config):
    assert config.endpoints.prod.alarms.p99_latency_ms == 100
    assert config.endpoints.qa.variant == "champion"
    assert config.access.deploy_role == "clary-housing-deploy"


def test_what_follows_from_other_keys(example):
    for path in ("artifacts", "endpoints.qa.name"):
        example = put(example, path, ...)
    config = config_file.parse(example)
    assert config.artifacts.bucket == "housing-models-222222222222"
    assert config.artifacts.prefix == "models/housing"
    assert config.endpoints.qa.name == "housing-qa"


PROD = "endpoints.prod"
SERVERLESS = {"memory_mb": 2048, "max_concurrency": 5}
RULES = [
    ("accounts.prod", "444444444444", "accounts.prod", "five-accounts"),
    ("region", "cn-north-1", "partition", "partition-of-region"),
    ("partition", "aws-us-gov", "partition", "partition-of-region"),
    ("access.deploy_role", "Up*", "access.deploy_role", "pattern"),
    ("registry.group", "Housing", "registry.group", "pattern"),
    ("project", "Housing", "project", "pattern"),
    ("endpoints.qa.name", "Housing", "endpoints.qa.name", "pattern"),
    ("endpoints.qa.name", "a" * 64, "endpoints.qa.name", "maxLength"),
    ("artifacts.prefix", "other/housing", "artifacts.prefix", "pattern"),
    (f"{PROD}.instance_type", "ml.bogus.large", f"{PROD}.instance_type",
     "instance-type-exists"),
    (f"{PROD}.canary_percent", 60, f"{PROD}.canary_percent", "canary-size"),
    (f"{PROD}.instances", 1, f"{PROD}.instances", "canary-needs-two"),
    (f"{PROD}.alarms", ..., f"{PROD}.alarms", "guardrail-needs-alarms"),
    (f"{PROD}.timeout_seconds", 900, f"{PROD}.timeout_seconds",
     "timeout-over-waits"),
    (f"{PROD}.bake_seconds", 120, f"{PROD}.bake_seconds", "bake-over-alarms"),
    (f"{PROD}.autoscaling.min", 7, f"{PROD}.autoscaling.min", "scaling-order"),
    (f"{PROD}.autoscaling.min", 1, f"{PROD}.autoscaling.min",
     "canary-scaling-min"),
    (f"{PROD}.instances", 9, f"{PROD}.instances", "scaling-range"),
    ("endpoints.qa.serverless", SERVERLESS, "endpoints.qa.serverless",
     "serverless-image-account"),
    (f"{PROD}.serverless", SERVERLESS, f"{PROD}.data_capture",
     "serverless-excludes"),
    (f"{PROD}.serverless", SERVERLESS, f"{PROD}.autoscaling",
     "serverless-scales-itself"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "item", "key", "rule"), RULES)
def test_rule(claryctl, example, path, item, key, rule):
    run = claryctl("check", "--json", config=put(example, path, item))
    assert run.code == 3
    found = {(p["key"], p["rule"]) for p in run.json["error"]["problems"]}
    assert (key, rule) in found, run.stderr
    assert f"{key}: " in run.stderr
    assert f"[{rule}]" in run.stderr


def changed(example, changes):
    for path, item in changes.items():
        example = put(example, path, item)
    return example


SEVERAL = [
    ({f"{PROD}.strategy": "linear", f"{PROD}.linear_percent": 9},
     f"{PROD}.linear_percent", "linear-size"),
    ({f"{PROD}.strategy": "linear", f"{PROD}.linear_percent": 10},
     f"{PROD}.timeout_seconds", "timeout-over-waits"),
    ({f"{PROD}.strategy": "rolling", f"{PROD}.rolling_percent": 51},
     f"{PROD}.rolling_percent", "rolling-size"),
    ({f"{PROD}.strategy": "rolling", f"{PROD}.serverless": SERVERLESS},
     f"{PROD}.strategy", "rolling-one-variant"),
    ({f"{PROD}.instance_type": "ml.c5d.large", f"{PROD}.volume_kms_key": "k"},
     f"{PROD}.volume_kms_key", "nvme-has-own-key"),
    ({"endpoints.qa.serverless": SERVERLESS,
      "endpoints.qa.asynchronous": {"output": "s3://some-bucket/out"}},
     "endpoints.qa.asynchronous", "asynchronous-not-serverless"),
    ({"project": "a" * 24, "access.registry_role": "r" * 64,
      "access.deploy_role": "d" * 65}, "access.deploy_role", "maxLength"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "rule"), SEVERAL)
def test_rule_of_several_keys(example, changes, key, rule):
    with pytest.raises(ConfigError) as caught:
        config_file.parse(changed(example, changes))
    assert (key, rule) in {(p.key, p.rule) for p in caught.value.problems}


GOOD = [
    {f"{PROD}.strategy": "linear", f"{PROD}.linear_percent": 50},
    {f"{PROD}.strategy": "rolling", f"{PROD}.rolling_percent": 50},
    {f"{PROD}.instance_type": "ml.c5d.large"},
    {f"{PROD}.instance_type": "ml.c7g.large", f"{PROD}.volume_kms_key": "k"},
    {"endpoints.qa.serverless": SERVERLESS, "image.replicate": ["qa"]},
    {"region": "cn-north-1", "partition": "aws-cn"},
    {"region": "us-gov-west-1", "partition": "aws-us-gov"},
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_is_allowed(example, changes):
    config_file.parse(changed(example, changes))


def test_one_account_for_trying_out(claryctl, example):
    example["accounts"] = dict.fromkeys(example["accounts"], "111111111111")
    assert claryctl("check", config=example).code == 3
    assert claryctl("check", "--single-account", config=example).code == 0
    example["endpoints"]["prod"]["name"] = "housing-qa"
    run = claryctl("check", "--single-account", config=example)
    assert "[two-endpoints]" in run.stderr


def test_experiments_are_asked_before_they_start(example):
    from clary_deploy import rules

    example[PROD.split(".")[0]]["prod"]["strategy"] = "rolling"
    config = config_file.parse(example)
    found = rules.endpoint(config, "prod", variants=2, shadow=True)
    assert {problem.rule for problem in found} == {
        "rolling-one-variant",
        "shadow-one-variant",
    }


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "json"), ('{"a": 1, "a": 2}', "json"), ("[]", "type")],
)
def test_files_that_are_no_configuration(tmp_path, text, rule):
    path = tmp_path / "clary.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config_file.load(path)
    assert caught.value.problems[0].rule == rule
    assert str(path) in str(caught.value)


def test_all_problems_at_once(claryctl, example):
    example["project"] = "Housing"
    example["registry"]["group"] = "Housing"
    run = claryctl("check", config=example)
    assert "has 2 problems" in run.stderr
    assert json.dumps(run.stdout) == '""'
