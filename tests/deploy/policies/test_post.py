"""The post's own policies, as printed: what they would have denied, and what
they would have allowed. The numbers are those of the table in deploy/README.md.

SPDX-License-Identifier: Apache-2.0
"""

import json
from pathlib import Path

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from policies import lint, things
from policies.things import DEPLOYMENT, DS, NO, PROD, QA, SHARED, YES, Row
from policies.world import Who, World, of_the_example, verdicts

HERE = Path(__file__).parent

FILLED = {
    "<data_science_account_id>": DS,
    "<shared_services_account_id>": SHARED,
    "<deployment_account_id>": DEPLOYMENT,
    "<region>": things.REGION,
    "<shared_bucket>": f"housing-models-{SHARED}",
    "<bucket-name>": f"housing-models-{SHARED}",
    "<model_package_group_name>": "housing",
    "<cross-account-example-model>": "housing",
    "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}": things.KEY.rsplit("/", 1)[1],
}


def printed(name):
    """A policy of the post, with our accounts and names."""
    text = (HERE / "post" / name).read_text("utf-8")
    for mark, value in FILLED.items():
        text = text.replace(mark, value)
    return text


def full_access():
    policies = json.loads(aws_managed_policies_data)
    return policies["AmazonSageMakerFullAccess"]["Document"]


def anything(*actions):
    """An identity that may do these to everything: what the resource policies
    say is then all that counts."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(scope="session")
def post():
    """The post's accounts. A KMS policy is not printed; its words are that the
    key, in data science, is shared with the deployment account."""
    world = World()
    inline = [
        json.loads(printed("inline-artifact.json")),
        json.loads(printed("inline-key.json")),
    ]
    wide = anything("s3:*", "sagemaker:*", "kms:*", "ecr:*")
    for name, account, held in (
        ("data-science", DS, [wide]),
        ("deployment", DEPLOYMENT, [wide]),
        ("qa", QA, [*inline, full_access()]),
        ("qa-wide", QA, [wide]),
        ("prod-wide", PROD, [wide]),
    ):
        arn = f"arn:aws:iam::{account}:role/sagemaker"
        world.people[name] = Who(arn, tuple(held))
    bucket = json.loads(printed("bucket.json"))
    world.resources[things.BUCKET] = bucket
    group = json.loads(printed("group.json"))
    world.resources[things.GROUP] = group
    world.resources[things.VERSION.rsplit("/", 1)[0]] = group
    admin = anything("kms:*")["Statement"][0]
    shared_key = {
        "Version": "2012-10-17",
        "Statement": [
            {**admin, "Principal": {"AWS": f"arn:aws:iam::{SHARED}:root"}},
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": [
                        f"arn:aws:iam::{DS}:root",
                        f"arn:aws:iam::{DEPLOYMENT}:root",
                    ]
                },
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:GenerateDataKey*",
                ],
                "Resource": "*",
            },
        ],
    }
    world.resources[things.KEY] = shared_key
    return world


# What the post's own workflow needs: defect, row, the verdict of its policies.
NEEDED = [
    (2, Row("deployment", "sagemaker:DescribeModelPackage",
            things.VERSION, NO)),
    (2, Row("deployment", "sagemaker:UpdateModelPackage", things.VERSION, NO)),
    (2, Row("deployment", "sagemaker:CreateModel", things.VERSION, NO)),
    (2, Row("qa", "sagemaker:DescribeModelPackage", things.VERSION, NO)),
    (2, Row("qa", "sagemaker:CreateModel", things.VERSION, NO)),
    (2, Row("prod-wide", "sagemaker:CreateModel", things.VERSION, NO)),
    (8, Row("qa", "s3:GetObject", things.ARTIFACT, NO)),
    (8, Row("qa-wide", "s3:GetObject", things.ARTIFACT, NO)),
    (8, Row("prod-wide", "s3:GetObject", things.ARTIFACT, NO)),
    (10, Row("data-science", "s3:ListBucket", things.BUCKET, NO,
             things.MODELS)),
    (10, Row("deployment", "s3:GetBucketLocation", things.BUCKET, NO)),
    (15, Row("qa", "kms:Decrypt", things.KEY, NO, things.VIA_S3)),
    (17, Row("qa-wide", "kms:Decrypt", things.KEY, NO, things.VIA_S3)),
    (17, Row("prod-wide", "kms:Decrypt", things.KEY, NO, things.VIA_S3)),
    (20, Row("qa-wide", "ecr:BatchGetImage", things.REPOSITORY, NO)),
    (20, Row("prod-wide", "ecr:BatchGetImage", things.REPOSITORY, NO)),
    (20, Row("data-science", "ecr:BatchGetImage", things.REPOSITORY, NO)),
]  # fmt: skip

# What nobody should be able to do, and the post's policies allow.
TOO_MUCH = [
    (3, Row("data-science", "sagemaker:UpdateModelPackage", things.VERSION, YES,
            things.APPROVE)),
    (3, Row("data-science", "sagemaker:CreateModelPackage", things.VERSION, YES,
            things.APPROVE)),
    (4, Row("data-science", "sagemaker:CreateModel", things.VERSION, YES)),
    (7, Row("qa", "sagemaker:DeleteEndpoint",
            things.hosted(QA, "endpoint", "payroll"), YES)),
    (7, Row("qa", "sagemaker:CreateTrainingJob",
            things.hosted(QA, "training-job", "x"), YES)),
    (7, Row("qa", "iam:PassRole",
            things.arn("iam", QA, "role/Admin"), YES, things.TO_SAGEMAKER)),
    (9, Row("data-science", "s3:PutObjectAcl", things.ARTIFACT, YES)),
    (14, Row("data-science", "s3:PutObject", things.OUTSIDE, YES,
             things.PLAIN_HTTP)),
    (14, Row("data-science", "s3:PutObject", things.OUTSIDE, YES,
             things.encrypted("", "AES256"))),
    (14, Row("deployment", "s3:GetObject", things.OUTSIDE, YES)),
]  # fmt: skip


def asked(world, rows):
    return verdicts(
        [
            world.question(
                row.who, row.action, row.resource, row.account, row.context
            )
            for row in rows
        ]
    )


@pytest.fixture(scope="session")
def answers(post):
    rows = [row for _, row in [*NEEDED, *TOO_MUCH]]
    return dict(zip(rows, asked(post, rows), strict=True))


@pytest.mark.parametrize(("defect", "row"), NEEDED, ids=str)
def test_the_post_would_have_been_denied(answers, defect, row):
    assert answers[row] == row.expected


@pytest.mark.parametrize(("defect", "row"), TOO_MUCH, ids=str)
def test_the_post_would_have_allowed(answers, defect, row):
    assert answers[row] == row.expected


def test_inline_policy_never_matches_what_the_pipeline_writes(post):
    """Defect 13: even if the bucket let QA in, the identity would not."""
    world = World(people=post.people)
    world.resources[things.BUCKET] = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{QA}:root"},
                "Action": "s3:GetObject",
                "Resource": f"{things.BUCKET}/*",
            }
        ],
    }
    printed_path = f"{things.BUCKET}/sagemaker/housing/output/model.tar.gz"
    rows = [
        Row("qa", "s3:GetObject", things.ARTIFACT, NO),
        Row("qa", "s3:GetObject", printed_path, YES),
    ]
    assert asked(world, rows) == [NO, YES]


def test_the_corrected_policies_answer_the_same_needs():
    """Each need of the post, by whoever has it here, is met."""
    world = of_the_example()
    met = {
        "sagemaker:DescribeModelPackage": ["build", "deploy-qa"],
        "sagemaker:UpdateModelPackage": ["stager"],
        "sagemaker:CreateModel": ["deploy-qa", "deploy-prod"],
        "s3:GetObject": ["execution-qa", "execution-prod"],
        "s3:ListBucket": ["training"],
        "s3:GetBucketLocation": ["execution-qa"],
        "kms:Decrypt": ["execution-qa", "execution-prod"],
        "ecr:BatchGetImage": ["execution-qa", "execution-prod", "training"],
    }
    assert {row.action for _, row in NEEDED} == set(met)
    rows = {
        Row(who, row.action, row.resource, YES, row.context)
        for _, row in NEEDED
        for who in met[row.action]
    }
    assert set(asked(world, list(rows))) == {YES}


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("bucket-data-science.txt", False),
        ("bucket-deployment.txt", False),
        ("bucket.json", True),
        ("group.json", True),
        ("inline-artifact.json", True),
        ("inline-key.json", True),
    ],
)
def test_what_is_json(name, good):
    """Defect 11: two of the six policies are not."""
    problems = lint.text_problems(printed(name))
    assert (not problems) == good, problems


def test_the_key_arn_is_none():
    """Defects 15 and 16: braces, a fixed Region, the wrong account."""
    text = (HERE / "post" / "inline-key.json").read_text("utf-8")
    (resource,) = json.loads(text)["Statement"][0]["Resource"]
    assert "key/{" in resource
    assert "us-east-1" in resource
    assert "<data_science_account_id>" in resource


def test_single_quotes_pass_moto():
    """Why the lint is ours: moto stores what AWS refuses."""
    problems = lint.text_problems(printed("bucket-data-science.txt"))
    assert any("single quotes" in problem for problem in problems)
    assert any("comment" in problem for problem in problems)
