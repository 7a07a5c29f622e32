"""THE matrix: who does what, where, with what, and whether they may.

The principals are the logical names of the roles in the templates, those of the
workload accounts with -qa or -prod, and in each account an administrator with
every right in it (admin-...). Beside what is allowed stands what must not be.

SPDX-License-Identifier: Apache-2.0
"""

from policies.things import (
    ANY,
    APPROVE,
    ARTIFACT,
    BUCKET,
    BUS,
    CAPTURED,
    DATA,
    DECISIONS,
    DELIVERY,
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
    OTHER_KEY,
    OTHER_OBJECT,
    OTHER_REPOSITORY,
    OTHER_VERSION,
    OUTSIDE,
    PENDING,
    PIPELINE,
    PLAIN_HTTP,
    PREBUILT,
    PROD,
    PROJECT,
    QA,
    REJECT,
    REPORT,
    REPOSITORY,
    SHARED,
    SOURCE,
    STARTER,
    TO_LAMBDA,
    TO_SAGEMAKER,
    VERSION,
    VIA_EBS,
    VIA_S3,
    YES,
    arn,
    collected,
    encrypted,
    hosted,
    role,
    stage,
)

ROWS, rows = collected()


# --- data science writes artifacts and proposes versions; it decides nothing
for person in ("training", "scientist"):
    rows(
        person,
        YES,
        ("s3:PutObject", ARTIFACT),
        ("s3:PutObject", ARTIFACT, encrypted()),
        ("s3:GetObject", ARTIFACT),
        ("s3:AbortMultipartUpload", ARTIFACT),
        ("s3:ListBucket", BUCKET, MODELS),
        ("kms:GenerateDataKey", KEY, VIA_S3),
        ("kms:Decrypt", KEY, VIA_S3),
        ("kms:DescribeKey", KEY),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        (
            "sagemaker:CreateModelPackage",
            VERSION,
            PENDING | stage("Development", "PendingApproval"),
        ),
        ("sagemaker:DescribeModelPackage", VERSION),
        ("sagemaker:ListModelPackages", VERSION),
        ("sagemaker:DescribeModelPackageGroup", GROUP),
    )
    rows(
        person,
        NO,
        ("sagemaker:CreateModelPackage", VERSION, APPROVE),
        ("sagemaker:CreateModelPackage", VERSION),
        (
            "sagemaker:CreateModelPackage",
            VERSION,
            PENDING | stage("Prod", "Approved"),
        ),
        ("sagemaker:CreateModelPackage", OTHER_VERSION, PENDING),
        ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
        ("sagemaker:UpdateModelPackage", VERSION, stage("Prod")),
        ("sagemaker:DeleteModelPackage", VERSION),
        ("sagemaker:DeleteModelPackageGroupPolicy", GROUP),
        ("sagemaker:CreateModel", VERSION),
        ("sagemaker:CreateEndpoint", hosted(PROD, "endpoint", "housing-prod")),
        ("s3:PutObject", OUTSIDE),
        ("s3:PutObject", OTHER_OBJECT),
        ("s3:DeleteObject", ARTIFACT),
        ("s3:PutObjectAcl", ARTIFACT),
        ("s3:ListBucket", BUCKET, EVERYTHING),
        ("s3:PutBucketPolicy", BUCKET),
        ("kms:GenerateDataKey", KEY, VIA_EBS),
        ("kms:Decrypt", KEY),
        ("kms:ScheduleKeyDeletion", KEY),
        ("ecr:PutImage", REPOSITORY),
        ("sts:AssumeRole", role(QA, "deploy")),
        ("sts:AssumeRole", role(PROD, "deploy")),
        ("sts:AssumeRole", role(SHARED, "registry-stage")),
        ("sts:AssumeRole", role(SHARED, "approver"), MFA),
    )
    rows(
        person,
        NEVER,
        ("s3:PutObject", ARTIFACT, PLAIN_HTTP),
        ("s3:PutObject", ARTIFACT, encrypted(OTHER_KEY)),
        ("s3:PutObject", ARTIFACT, encrypted("")),
        ("s3:PutObject", ARTIFACT, encrypted("", "AES256")),
    )
rows(
    "training",
    YES,
    ("s3:GetObject", DATA),
    ("s3:PutObject", DATA),
    ("ecr:BatchGetImage", REPOSITORY),
    ("ecr:BatchGetImage", PREBUILT),
    ("sagemaker:CreateTrainingJob", JOB),
    (
        "sagemaker:CreateProcessingJob",
        hosted(DS, "processing-job", "pipelines-abc-Evaluate-xyz"),
    ),
    ("iam:PassRole", role(DS, "training"), TO_SAGEMAKER),
)
rows(
    "training",
    NO,
    ("sagemaker:CreateTrainingJob", hosted(DS, "training-job", "mine")),
    ("sagemaker:UpdatePipeline", PIPELINE),
    ("iam:PassRole", role(DS, "training"), TO_LAMBDA),
    ("iam:PassRole", role(DS, "scientist"), TO_SAGEMAKER),
    ("ecr:BatchGetImage", OTHER_REPOSITORY),
)
rows(
    "scientist",
    YES,
    ("sagemaker:UpdatePipeline", PIPELINE),
    ("sagemaker:StartPipelineExecution", PIPELINE),
    ("sagemaker:CreatePipeline", PIPELINE),
    ("sagemaker:DescribePipeline", PIPELINE),
    ("sagemaker:ListPipelineExecutions", PIPELINE),
    ("sagemaker:DescribePipelineExecution", f"{PIPELINE}/execution/abc"),
    ("sagemaker:ListPipelineExecutionSteps", f"{PIPELINE}/execution/abc"),
    (
        "cloudformation:DescribeStacks",
        arn("cloudformation", DS, "stack/clary-housing-data-science/1"),
    ),
    ("iam:PassRole", role(DS, "training"), TO_SAGEMAKER),
)
rows(
    "scientist",
    NO,
    ("sagemaker:CreatePipeline", hosted(DS, "pipeline", "payroll")),
    (
        "cloudformation:DescribeStacks",
        arn("cloudformation", DS, "stack/payroll/1"),
    ),
    ("sagemaker:CreateTrainingJob", JOB),
    ("iam:PassRole", role(DS, "Admin"), TO_SAGEMAKER),
)

# --- the approver decides, and does nothing else
rows(
    "approver",
    YES,
    ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
    ("sagemaker:UpdateModelPackage", VERSION, REJECT),
    ("sagemaker:DescribeModelPackage", VERSION),
    ("sagemaker:ListModelPackages", VERSION),
)
rows(
    "approver",
    NO,
    ("sagemaker:UpdateModelPackage", VERSION, PENDING),
    ("sagemaker:UpdateModelPackage", VERSION),
    ("sagemaker:UpdateModelPackage", VERSION, stage("Prod")),
    ("sagemaker:UpdateModelPackage", VERSION, APPROVE | stage("Prod")),
    ("sagemaker:UpdateModelPackage", OTHER_VERSION, APPROVE),
    ("sagemaker:CreateModelPackage", VERSION, PENDING),
    ("sagemaker:DeleteModelPackage", VERSION),
    ("sagemaker:CreateModel", VERSION),
    ("s3:GetObject", ARTIFACT),
    ("s3:PutObject", ARTIFACT),
    ("kms:Decrypt", KEY, VIA_S3),
    ("ecr:PutImage", REPOSITORY),
    ("sts:AssumeRole", role(PROD, "deploy")),
    ("events:PutEvents", BUS),
)

# --- the stager writes stages, never approvals
rows(
    "stager",
    YES,
    ("sagemaker:UpdateModelPackage", VERSION, stage("QA")),
    ("sagemaker:UpdateModelPackage", VERSION, stage("Prod", "Approved")),
    ("sagemaker:UpdateModelPackage", VERSION, stage("Archived", "Retired")),
    ("sagemaker:UpdateModelPackage", VERSION),
    ("sagemaker:DescribeModelPackage", VERSION),
    ("s3:GetObject", ARTIFACT),
    ("s3:ListBucket", BUCKET, MODELS),
    ("kms:Decrypt", KEY, VIA_S3),
)
rows(
    "stager",
    NO,
    ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
    ("sagemaker:UpdateModelPackage", VERSION, REJECT),
    ("sagemaker:UpdateModelPackage", VERSION, stage("QA") | APPROVE),
    ("sagemaker:UpdateModelPackage", VERSION, stage("Development")),
    ("sagemaker:UpdateModelPackage", OTHER_VERSION, stage("QA")),
    ("sagemaker:CreateModelPackage", VERSION, PENDING),
    ("s3:GetObject", OUTSIDE),
    ("s3:PutObject", ARTIFACT),
    ("kms:Decrypt", KEY),
)

# --- the publisher pushes images
rows(
    "publisher",
    YES,
    ("ecr:PutImage", REPOSITORY),
    ("ecr:InitiateLayerUpload", REPOSITORY),
)
rows(
    "publisher",
    NO,
    ("ecr:PutImage", OTHER_REPOSITORY),
    ("ecr:BatchDeleteImage", REPOSITORY),
    ("ecr:SetRepositoryPolicy", REPOSITORY),
    ("sagemaker:CreateModelPackage", VERSION, PENDING),
)

# --- deployment reads, and assumes exactly three roles
for person in ("build", "operator"):
    rows(
        person,
        YES,
        ("sts:AssumeRole", role(SHARED, "registry-stage")),
        ("sts:AssumeRole", role(QA, "deploy")),
        ("sts:AssumeRole", role(PROD, "deploy")),
        ("sagemaker:DescribeModelPackage", VERSION),
        ("sagemaker:ListModelPackages", VERSION),
        ("sagemaker:DescribeModelPackageGroup", GROUP),
    )
    rows(
        person,
        NO,
        ("sts:AssumeRole", role(SHARED, "approver"), MFA),
        ("sts:AssumeRole", role(SHARED, "publisher")),
        ("sts:AssumeRole", role(QA, "execution")),
        ("sts:AssumeRole", role(PROD, "execution")),
        ("sts:AssumeRole", role(DS, "training")),
        ("sts:AssumeRole", role(DS, "scientist")),
        ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
        ("sagemaker:UpdateModelPackage", VERSION, stage("QA")),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        ("sagemaker:CreateModel", VERSION),
        ("s3:GetObject", ARTIFACT),
        ("kms:Decrypt", KEY, VIA_S3),
        ("ecr:BatchGetImage", REPOSITORY),
    )
rows("build", YES, ("s3:GetObject", SOURCE))
rows("operator", NO, ("s3:GetObject", SOURCE), ("s3:PutObject", REPORT))
rows(
    "operator",
    YES,
    ("s3:GetObject", REPORT),
    ("s3:GetObjectVersion", REPORT),
    ("kms:Decrypt", DELIVERY_KEY),
)
rows("build", YES, ("s3:PutObject", REPORT))
rows(
    "steps",
    YES,
    ("codebuild:StartBuild", PROJECT),
    ("s3:GetObject", SOURCE),
)
rows(
    "steps",
    NO,
    ("sts:AssumeRole", role(PROD, "deploy")),
    ("codebuild:StartBuild", arn("codebuild", DEPLOYMENT, "project/other")),
    ("sagemaker:DescribeModelPackage", VERSION),
)
rows("trigger", YES, ("states:StartExecution", STARTER))
rows(
    "trigger",
    NO,
    ("states:StartExecution", arn("states", DEPLOYMENT, "stateMachine:other")),
    ("codepipeline:StartPipelineExecution", DELIVERY),
)
rows(
    "start",
    YES,
    ("dynamodb:PutItem", DECISIONS),
    ("codepipeline:StartPipelineExecution", DELIVERY),
)
rows(
    "start",
    NO,
    ("dynamodb:PutItem", arn("dynamodb", DEPLOYMENT, "table/other")),
    ("dynamodb:DeleteItem", DECISIONS),
    ("codepipeline:PutApprovalResult", f"{DELIVERY}/Approve/Approve"),
    ("codebuild:StartBuild", PROJECT),
)
rows("forwarder", YES, ("events:PutEvents", BUS))
rows(
    "forwarder",
    NO,
    ("events:PutEvents", arn("events", DEPLOYMENT, "event-bus/default")),
    ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
)

# --- QA and prod: the same, and neither touches the other
for here, own, there, other in (
    ("qa", QA, "prod", PROD),
    ("prod", PROD, "qa", QA),
):
    execution = f"execution-{here}"
    rows(
        execution,
        YES,
        ("s3:GetObject", ARTIFACT),
        ("s3:GetObjectVersion", ARTIFACT),
        ("s3:ListBucket", BUCKET, MODELS),
        ("s3:GetBucketLocation", BUCKET),
        ("kms:Decrypt", KEY, VIA_S3),
        ("kms:DescribeKey", KEY),
        ("ecr:BatchGetImage", REPOSITORY),
        ("ecr:GetDownloadUrlForLayer", REPOSITORY),
        (
            "cloudwatch:DescribeAlarms",
            arn("cloudwatch", own, "alarm:housing-a"),
        ),
        (
            "logs:PutLogEvents",
            arn(
                "logs",
                own,
                "log-group:/aws/sagemaker/Endpoints/housing-x:log-stream:a",
            ),
        ),
    )
    rows(
        execution,
        NO,
        ("s3:GetObject", OUTSIDE),
        ("s3:GetObject", OTHER_OBJECT),
        ("s3:PutObject", ARTIFACT),
        ("s3:DeleteObject", ARTIFACT),
        ("s3:ListBucket", BUCKET, EVERYTHING),
        ("s3:GetObject", DATA),
        ("kms:Decrypt", KEY),
        ("kms:Decrypt", OTHER_KEY, VIA_S3),
        ("kms:GenerateDataKey", KEY, VIA_S3),
        ("ecr:BatchGetImage", OTHER_REPOSITORY),
        ("ecr:PutImage", REPOSITORY),
        ("sagemaker:DescribeModelPackage", VERSION),
        ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
        ("sagemaker:CreateEndpoint", hosted(own, "endpoint", "housing-x")),
        ("sts:AssumeRole", role(own, "deploy")),
        ("iam:PassRole", role(own, "execution"), TO_SAGEMAKER),
    )
    rows(execution, NEVER, ("s3:GetObject", ARTIFACT, PLAIN_HTTP))
    deploy = f"deploy-{here}"
    rows(
        deploy,
        YES,
        ("sagemaker:CreateModel", VERSION),
        ("sagemaker:CreateModel", hosted(own, "model", "housing-v3-0a1b2c3d")),
        ("sagemaker:DescribeModelPackage", VERSION),
        ("sagemaker:CreateEndpointConfig",
         hosted(own, "endpoint-config", f"housing-{here}-v3-0a1b2c3d")),
        ("sagemaker:CreateEndpoint",
         hosted(own, "endpoint", f"housing-{here}")),
        ("sagemaker:UpdateEndpoint",
         hosted(own, "endpoint", f"housing-{here}")),
        ("sagemaker:UpdateEndpoint",
         hosted(own, "endpoint-config", f"housing-{here}-v3-0a1b2c3d")),
        ("sagemaker:UpdateEndpointWeightsAndCapacities",
         hosted(own, "endpoint", f"housing-{here}")),
        ("sagemaker:InvokeEndpoint",
         hosted(own, "endpoint", f"housing-{here}")),
        ("iam:PassRole", role(own, "execution"), TO_SAGEMAKER),
        ("cloudwatch:PutMetricAlarm",
         arn("cloudwatch", own, f"alarm:housing-{here}-errors")),
        ("application-autoscaling:RegisterScalableTarget",
         arn("application-autoscaling", own, "scalable-target/abc"),
         {"application-autoscaling:service-namespace": "sagemaker"}),
    )  # fmt: skip
    rows(
        deploy,
        NO,
        ("sagemaker:CreateModel", OTHER_VERSION),
        ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
        ("sagemaker:UpdateModelPackage", VERSION, stage("QA")),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        ("sagemaker:DeleteEndpoint", hosted(own, "endpoint", "payroll")),
        ("sagemaker:CreateTrainingJob", hosted(own, "training-job", "x")),
        ("iam:PassRole", role(own, "execution"), TO_LAMBDA),
        ("iam:PassRole", role(own, "Admin"), TO_SAGEMAKER),
        ("cloudwatch:DeleteAlarms", arn("cloudwatch", own, "alarm:payroll")),
        ("s3:GetObject", ARTIFACT),
        ("kms:Decrypt", KEY, VIA_S3),
        ("application-autoscaling:RegisterScalableTarget",
         arn("application-autoscaling", own, "scalable-target/abc"),
         {"application-autoscaling:service-namespace": "dynamodb"}),
        # neither touches the other
        ("sagemaker:UpdateEndpoint",
         hosted(other, "endpoint", f"housing-{there}")),
        ("sagemaker:InvokeEndpoint",
         hosted(other, "endpoint", f"housing-{there}")),
        ("sagemaker:DeleteModel", hosted(other, "model", "housing-v3")),
        ("sts:AssumeRole", role(other, "deploy")),
        ("sts:AssumeRole", role(other, "execution")),
        ("iam:PassRole", role(other, "execution"), TO_SAGEMAKER),
    )  # fmt: skip
for here, there in ((QA, PROD), (PROD, QA)):
    name = "qa" if here == QA else "prod"
    job = f"housing-{name}-batch-v3-1"
    rows(
        f"deploy-{name}",
        YES,
        ("sagemaker:CreateTransformJob", hosted(here, "transform-job", job)),
        ("sagemaker:DescribeTransformJob", hosted(here, "transform-job", job)),
        ("sagemaker:ListTransformJobs", ANY),
    )
    rows(
        f"deploy-{name}",
        NO,
        ("sagemaker:CreateTransformJob", hosted(here, "transform-job", "pay")),
        ("sagemaker:CreateTransformJob", hosted(there, "transform-job", job)),
    )
rows("deploy-prod", YES, ("s3:GetObject", CAPTURED))
rows("deploy-prod", NO, ("s3:PutObject", CAPTURED))
rows("execution-prod", YES, ("s3:PutObject", CAPTURED))
rows("execution-prod", NO, ("s3:GetObject", CAPTURED))

# --- an administrator of another account, whom no resource policy means
OTHERS = {"ds": QA, "deployment": QA, "qa": PROD, "prod": QA}
for where in OTHERS:
    rows(
        f"admin-{where}",
        NO,
        ("s3:GetObject", ARTIFACT),
        ("s3:PutObject", ARTIFACT),
        ("kms:Decrypt", KEY, VIA_S3),
        ("ecr:BatchGetImage", REPOSITORY),
        ("sagemaker:DescribeModelPackage", VERSION),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        ("sagemaker:CreateModel", VERSION),
        ("sagemaker:UpdateModelPackage", VERSION, APPROVE),
        ("sts:AssumeRole", role(SHARED, "approver"), MFA),
        ("sts:AssumeRole", role(SHARED, "registry-stage")),
        ("sagemaker:InvokeEndpoint",
         hosted(OTHERS[where], "endpoint", "housing-x")),
    )  # fmt: skip
    if where != "deployment":
        rows(f"admin-{where}", NO, ("events:PutEvents", BUS))
