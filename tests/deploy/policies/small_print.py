"""The matrix, continued: logs, metrics, lists, trust, the delivery's own key.

With these rows nothing can be taken away from any policy unnoticed
(test_mutations.py).

SPDX-License-Identifier: Apache-2.0
"""

from policies import matrix
from policies.things import (
    ANY,
    ARTIFACT,
    BUCKET,
    BUS,
    DATA,
    DELIVERY_KEY,
    DEPLOYMENT,
    DS,
    EVERYTHING,
    GROUP,
    JOB,
    KEY,
    MFA,
    MODELS,
    NEVER,
    NO,
    PIPELINE,
    PLAIN_HTTP,
    PROD,
    PROJECT,
    QA,
    REPOSITORY,
    SHARED,
    SOURCE,
    TO_LAMBDA,
    VERSION,
    VIA_EBS,
    VIA_S3,
    YES,
    arn,
    collected,
    hosted,
    role,
)

DATA_BUCKET, CAPTURES = (
    f"arn:aws:s3:::housing-data-{DS}",
    f"arn:aws:s3:::housing-capture-{PROD}",
)
DELIVERY_BUCKET = f"arn:aws:s3:::housing-delivery-{DEPLOYMENT}"
OURS = {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}
THEIRS = {"cloudwatch:namespace": "Payroll"}
JOB_LOGS = arn("logs", DS, "log-group:/aws/sagemaker/TrainingJobs:log-stream:x")
BUILD_LOGS = arn(
    "logs", DEPLOYMENT, "log-group:/aws/codebuild/clary-housing:log-stream:x"
)
SCALING = "sagemaker.application-autoscaling.amazonaws.com"

ROWS, rows = collected()

# --- data science
for person in ("training", "scientist"):
    rows(person, YES, ("s3:GetBucketLocation", BUCKET))
    rows(
        person,
        YES,
        ("kms:Encrypt", KEY, VIA_S3),
        ("kms:GenerateDataKeyWithoutPlaintext", KEY, VIA_S3),
    )
    rows(
        person,
        NO,
        ("s3:GetBucketLocation", CAPTURES),
        ("kms:Encrypt", KEY, VIA_EBS),
        ("kms:GenerateDataKeyWithoutPlaintext", KEY, VIA_EBS),
    )
rows(
    "training",
    YES,
    ("ecr:GetAuthorizationToken", ANY),
    ("s3:ListBucket", DATA_BUCKET),
    ("logs:PutLogEvents", JOB_LOGS),
    ("cloudwatch:PutMetricData", ANY, OURS),
    ("sagemaker:StopTrainingJob", JOB),
)
rows(
    "training",
    NO,
    ("cloudwatch:PutMetricData", ANY, THEIRS),
    ("logs:DeleteLogGroup", JOB_LOGS.rsplit(":log-stream", 1)[0]),
    ("sagemaker:QueryLineage", ANY),
)
rows("training", NEVER, ("s3:GetObject", DATA, PLAIN_HTTP))
rows(
    "stager",
    YES,
    ("sagemaker:QueryLineage", ANY),
    ("sagemaker:DescribeArtifact", hosted(SHARED, "artifact", "traced")),
)
rows(
    "stager",
    NO,
    ("sagemaker:DeleteArtifact", hosted(SHARED, "artifact", "traced")),
    ("sagemaker:DescribeArtifact", hosted(DS, "artifact", "traced")),
)
rows(
    "scientist",
    YES,
    ("s3:PutObject", DATA),
    ("s3:ListBucket", DATA_BUCKET),
    ("sagemaker:QueryLineage", ANY),
    ("sagemaker:DescribeTrainingJob", JOB),
)
rows(
    "scientist",
    NO,
    ("iam:PassRole", role(DS, "training"), TO_LAMBDA),
    ("sagemaker:DeletePipeline", PIPELINE),
    ("s3:DeleteObject", DATA),
)

# --- shared services
rows("publisher", YES, ("ecr:GetAuthorizationToken", ANY))
rows(
    "stager",
    NO,
    ("s3:ListBucket", BUCKET, EVERYTHING),
    ("kms:GenerateDataKey", KEY, VIA_S3),
)
rows(
    "approver",
    YES,
    ("sagemaker:DescribeModelPackageGroup", GROUP),
)
rows(
    "admin-shared",
    YES,
    ("sts:AssumeRole", role(SHARED, "approver"), MFA),
    ("sts:AssumeRole", role(SHARED, "publisher")),
    ("kms:ScheduleKeyDeletion", KEY),
    ("kms:Decrypt", KEY, VIA_S3),
)
rows(
    "admin-shared",
    NO,
    ("sts:AssumeRole", role(SHARED, "approver")),
    ("sts:AssumeRole", role(SHARED, "registry-stage")),
    ("sts:AssumeRole", role(SHARED, "forward")),
    ("kms:Decrypt", KEY),
    ("kms:CreateGrant", KEY),
    ("events:PutEvents", BUS),
)

# --- deployment
rows(
    "build",
    YES,
    ("logs:PutLogEvents", BUILD_LOGS),
    ("kms:Decrypt", DELIVERY_KEY),
)
rows("build", NO, ("kms:ScheduleKeyDeletion", DELIVERY_KEY))
rows("build", NEVER, ("s3:GetObject", SOURCE, PLAIN_HTTP))
rows(
    "steps",
    YES,
    ("codebuild:BatchGetBuilds", PROJECT),
    ("kms:GenerateDataKey", DELIVERY_KEY),
    ("s3:GetBucketVersioning", DELIVERY_BUCKET),
    ("sns:Publish", arn("sns", DEPLOYMENT, "clary-housing-delivery")),
)
rows(
    "steps",
    NO,
    ("sns:Publish", arn("sns", DEPLOYMENT, "other")),
    ("s3:PutBucketPolicy", DELIVERY_BUCKET),
)
rows(
    "admin-deployment",
    YES,
    ("sts:AssumeRole", role(DEPLOYMENT, "operator"), MFA),
    ("kms:ScheduleKeyDeletion", DELIVERY_KEY),
    ("events:PutEvents", BUS),
)
rows(
    "admin-deployment",
    NO,
    ("sts:AssumeRole", role(DEPLOYMENT, "operator")),
    ("sts:AssumeRole", role(DEPLOYMENT, "build")),
    ("sts:AssumeRole", role(DEPLOYMENT, "trigger")),
    ("sts:AssumeRole", role(DEPLOYMENT, "codepipeline")),
)

# --- QA and prod
for here, own in (("qa", QA), ("prod", PROD)):
    execution, deploy = f"execution-{here}", f"deploy-{here}"
    rows(
        execution,
        YES,
        ("ecr:GetAuthorizationToken", ANY),
        ("cloudwatch:PutMetricData", ANY, OURS),
    )
    rows(execution, NO, ("cloudwatch:PutMetricData", ANY, THEIRS))
    alarm = f"alarm:TargetTracking-endpoint/housing-{here}/variant/champion-x"
    linked = arn(
        "iam",
        own,
        f"role/aws-service-role/{SCALING}/"
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
    )
    rows(
        deploy,
        YES,
        ("sagemaker:DescribeModelPackageGroup", GROUP),
        ("sagemaker:ListEndpointConfigs", ANY),
        ("sagemaker:DescribeContext", hosted(own, "context", "traced")),
        ("cloudwatch:DescribeAlarms", arn("cloudwatch", own, "alarm:any")),
        ("cloudwatch:GetMetricStatistics", ANY),
        ("cloudwatch:PutMetricAlarm", arn("cloudwatch", own, alarm)),
        ("application-autoscaling:DescribeScalableTargets", ANY),
        (
            "iam:CreateServiceLinkedRole",
            linked,
            {"iam:AWSServiceName": SCALING},
        ),
    )
    rows(
        deploy,
        NO,
        ("iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": "x"}),
        ("iam:CreateRole", role(own, "execution")),
        ("sagemaker:CreateModelPackageGroup", GROUP),
        *(
            (
                f"application-autoscaling:{verb}",
                arn("application-autoscaling", own, "scalable-target/abc"),
                {"application-autoscaling:service-namespace": "dynamodb"},
            )
            for verb in (
                "DeleteScalingPolicy",
                "DeregisterScalableTarget",
                "PutScalingPolicy",
            )
        ),
        ("s3:ListBucket", BUCKET, MODELS),
    )
    rows(
        f"admin-{here}",
        NO,
        ("sts:AssumeRole", role(own, "deploy")),
        ("sts:AssumeRole", role(own, "execution")),
    )
rows("deploy-prod", YES, ("s3:ListBucket", CAPTURES))
rows(
    "deploy-prod",
    NEVER,
    ("s3:GetObject", f"{CAPTURES}/housing-prod/x.jsonl", PLAIN_HTTP),
)

# --- an administrator of another account, again
for where in ("ds", "deployment", "qa", "prod"):
    rows(
        f"admin-{where}",
        NO,
        ("s3:ListBucket", BUCKET, MODELS),
        ("s3:GetBucketLocation", BUCKET),
        ("s3:GetObjectVersion", ARTIFACT),
        ("s3:AbortMultipartUpload", ARTIFACT),
        ("kms:Encrypt", KEY, VIA_S3),
        ("kms:GenerateDataKey", KEY, VIA_S3),
        ("kms:GenerateDataKeyWithoutPlaintext", KEY, VIA_S3),
        ("ecr:BatchCheckLayerAvailability", REPOSITORY),
        ("ecr:GetDownloadUrlForLayer", REPOSITORY),
        ("kms:DescribeKey", KEY),
        ("sagemaker:DescribeModelPackageGroup", GROUP),
        ("sagemaker:ListModelPackages", VERSION),
    )
rows("admin-ds", YES, ("sts:AssumeRole", role(DS, "scientist")))
rows(
    "admin-ds",
    NO,
    ("sts:AssumeRole", role(DS, "training")),
    ("sagemaker:InvokeEndpoint", hosted(PROD, "endpoint", "housing-prod")),
)

ALL_ROWS = [*matrix.ROWS, *ROWS]
