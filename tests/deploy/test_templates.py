"""The templates: read as PyYAML reads them, resolved as CloudFormation does,
and linted for what cfn-lint does not look into.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import json

import pytest
import yaml

from clary_deploy import config_file, names, template, yaml_subset
from clary_deploy.requests import cloudformation
from policies import lint

FILES = sorted(set(names.TEMPLATES.values()))

CHANGES = {
    "example": {},
    "China": {"region": "cn-north-1", "partition": "aws-cn"},
    "GovCloud": {"region": "us-gov-west-1", "partition": "aws-us-gov"},
    "replicas": {"image": {"replicate": ["qa", "prod"]}},
    "shared lineage": {"registry": {"group": "housing", "share_lineage": True}},
    "full access": {"access": {"full_access": True}},
    "own names": {
        "access": {"deploy_role": "Mover", "registry_role": "Stager"},
        "artifacts": {"bucket": "some-bucket", "prefix": "models/a/b"},
        "pipeline": {
            "input": "s3://elsewhere/x.csv",
            "schedule": "rate(7 days)",
        },
    },
}


class _Loader(yaml.SafeLoader):
    """PyYAML with CloudFormation's tags, in the long form."""


def _tag(loader, suffix, node):
    kind = type(node).__name__
    if kind == "ScalarNode":
        value = loader.construct_scalar(node)
    elif kind == "SequenceNode":
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    bare = suffix in ("Ref", "Condition")
    return {suffix if bare else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


def oracle(text):
    return yaml.load(text, Loader=_Loader)


@pytest.mark.parametrize("name", FILES)
def test_our_reader_agrees_with_pyyaml(name):
    text = template.Template.named(name).text
    assert yaml_subset.parse(text) == oracle(text)


@pytest.mark.parametrize(
    "text",
    [
        'a: 1\nb:\n  - x\n  - y: 2\n    z: [p, "q r", !Ref T]\n',
        'a: !Sub "x # y" # no\nb: |\n  one\n   two\n\n  three\nc: true\n',
        "a: >-\n  one\n  two\nb: -3\nc: 1.5\nd: 007x\ne: ~\nf:\n",
        "a: !If\n  - C\n  - k: v\n  - !Ref AWS::NoValue\n",
        "a: [!GetAtt X.Arn, [b, c],\n    d]\n",
    ],
)
def test_our_reader_agrees_on_small_texts(text):
    assert yaml_subset.parse(text) == oracle(text)


@pytest.mark.parametrize(
    "text",
    ["a: 'x'", "a: &b 1", "a: *b", "a: {b: 1}", "a: 1\na: 2", "\ta: 1",
     "a: 1\n   b: 2", "---\na: 1", "a: [1", "a: \"x", "a: %x", "- a\nb: 1",
     "a: >\n  x", "? a", "", "a: [b}"],
)  # fmt: skip
def test_our_reader_refuses_what_it_does_not_read(text):
    with pytest.raises(yaml_subset.YamlError, match="line"):
        yaml_subset.parse(text)


def resolved(config, part):
    return template.Template.named(names.TEMPLATES[part]).resolved(
        cloudformation.parameters(config, part),
        cloudformation.place(config, part),
    )


@pytest.fixture(params=CHANGES)
def variant(request, example):
    changed = {**example, **CHANGES[request.param]}
    return config_file.parse(changed)


@pytest.mark.parametrize("part", names.STACKS)
def test_resolved_completely_and_clean(variant, part):
    found = resolved(variant, part)
    text = json.dumps(found)
    assert '"Fn::' not in text
    assert '"Ref"' not in text
    assert f'"arn:{variant.partition}:' in text
    for other in {"aws", "aws-cn", "aws-us-gov"} - {variant.partition}:
        assert f"arn:{other}:" not in text
    assert lint.problems(found["Resources"]) == []


@pytest.mark.parametrize("part", names.STACKS)
def test_limits_of_cloudformation(config, part):
    text = template.Template.named(names.TEMPLATES[part]).text
    assert len(text.encode()) <= 51_200
    assert len(cloudformation.parameters(config, part)) <= 200


def test_what_holds_models_is_retained(config):
    for part in names.STACKS:
        for name, resource in resolved(config, part)["Resources"].items():
            if resource["Type"] in {
                "AWS::S3::Bucket",
                "AWS::ECR::Repository",
                "AWS::SageMaker::ModelPackageGroup",
            } or (part == "shared" and resource["Type"] == "AWS::KMS::Key"):
                assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
                assert resource["UpdateReplacePolicy"] == "Retain", name


def test_replicas_only_where_wanted(example):
    example["image"]["replicate"] = ["qa"]
    config = config_file.parse(example)
    assert "TakeReplicas" in resolved(config, "qa")["Resources"]
    assert "TakeReplicas" not in resolved(config, "prod")["Resources"]
    shared = resolved(config, "shared")["Resources"]
    (rule,) = shared["Replication"]["Properties"]["ReplicationConfiguration"][
        "Rules"
    ]
    assert [d["RegistryId"] for d in rule["Destinations"]] == ["444444444444"]


def test_one_account_for_trying_out(example):
    example["accounts"] = dict.fromkeys(example["accounts"], "111111111111")
    config = config_file.parse(example, single_account=True)
    made = {}
    for part in names.STACKS:
        for resource in resolved(config, part)["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                name = resource["Properties"]["RoleName"]
                assert name not in made, f"{name} in {part} and {made[name]}"
                made[name] = part


def test_the_pipeline_of_the_deployment_account(config):
    made = resolved(config, "deployment")["Resources"]["Pipeline"]["Properties"]
    assert made["PipelineType"] == "V2"
    assert made["ExecutionMode"] == "QUEUED"
    stages = [stage["Name"] for stage in made["Stages"]]
    assert stages == [
        "Source",
        "Resolve",
        "DeployQA",
        "TestQA",
        "Approve",
        "DeployProd",
        "VerifyProd",
    ]
    for stage in made["Stages"]:
        for action in stage["Actions"]:
            variables = action["Configuration"].get("EnvironmentVariables")
            told = {
                item["name"]: item["value"]
                for item in json.loads(variables or "[]")
            }
            assert told.get("STAGE", "qa") in ("qa", "prod")
            assert told.get("MODEL_VERSION") in (
                None,
                "#{Resolved.MODEL_VERSION}",
            )


def test_a_build_outlives_the_longest_update(example):
    example["endpoints"]["prod"]["timeout_seconds"] = 28800
    config = config_file.parse(example)
    made = resolved(config, "deployment")["Resources"]
    minutes = int(made["DeployProject"]["Properties"]["TimeoutInMinutes"])
    assert minutes * 60 > 28800


def test_both_rules_let_only_decisions_through(config):
    """Trap: every stage that is written is an event that says Approved."""
    for part in ("shared", "deployment"):
        rule = resolved(config, part)["Resources"]["Approved"]["Properties"]
        detail = rule["EventPattern"]["detail"]
        assert detail["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
        assert detail["ModelPackageGroupName"] == ["housing"]
    assert rule["EventPattern"]["account"] == ["222222222222"]


def test_who_is_told_that_a_delivery_did_not_start(config):
    made = {
        name: resource["Properties"]
        for name, resource in resolved(config, "deployment")[
            "Resources"
        ].items()
    }
    starter = f"arn:aws:states:eu-west-1:{config.accounts.deployment}"
    starter += f":stateMachine:{made['Starter']['StateMachineName']}"
    assert made["Approved"]["Targets"][0]["Arn"] == starter
    rule = made["NotStarted"]
    detail = rule["EventPattern"]["detail"]
    assert detail["stateMachineArn"] == [starter]
    assert set(detail["status"]) == {"FAILED", "TIMED_OUT", "ABORTED"}
    assert rule["Targets"] == made["Failed"]["Targets"]
    (statement,) = made["TopicPolicy"]["PolicyDocument"]["Statement"]
    told = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert any(arn.endswith(rule["Name"]) for arn in told)


BAD = [
    ("resource type", "Bucket", "s3:GetObject", "arn:aws:s3:::b"),
    ("resource type", "Bucket", "s3:ListBucket", "arn:aws:s3:::b/*"),
    ("resource type", "Role", "kms:Decrypt", "arn:aws:s3:::b/*"),
    ("no such action", "Role", "sagemaker:DescribeModelPackages", "*"),
    ("every action", "Role", "s3:*", "arn:aws:s3:::b/*"),
    ("every action", "Role", "*", "*"),
    ("every resource", "Role", "s3:GetObject", "*"),
]


@pytest.mark.parametrize(("rule", "_", "action", "resource"), BAD)
def test_lint_finds(rule, _, action, resource):
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "111111111111"},
                "Action": action,
                "Resource": resource,
            }
        ],
    }
    found = lint.policy_problems(document, kind="resource")
    assert any(rule in problem for problem in found), found


def test_lint_finds_what_cfn_lint_does_not(config):
    """In ModelPackageGroupPolicy: an action and a Resource that cannot be."""
    found = resolved(config, "shared")["Resources"]
    assert lint.problems(found) == []
    spoilt = copy.deepcopy(found)
    statements = spoilt["Group"]["Properties"]["ModelPackageGroupPolicy"][
        "Statement"
    ]
    statements[0]["Resource"] = "arn:aws:s3:::b/*"
    statements[1]["Action"] = "sagemaker:CreateModelPackages"
    statements[2]["Resource"] = statements[2]["Resource"].replace(
        "housing", "Housing"
    )
    problems = "\n".join(lint.problems(spoilt))
    for what in ("resource type", "no such action", "capitals"):
        assert what in problems, problems


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{'Version': '2012-10-17'}", "single quotes"),
        ('#Comment\n{"Version": "2012-10-17"}', "comment"),
        ('{"Version": "2012-10-17",}', "not JSON"),
        ('{"Version": "2012-10-17", "Version": "x"}', "twice"),
    ],
)
def test_lint_of_policies_as_text(text, what):
    assert what in " ".join(lint.text_problems(text))
