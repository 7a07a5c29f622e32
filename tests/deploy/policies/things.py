"""What the rows of the matrix speak of: a row, the resources of the example's
five accounts, and what a request says beside its resource.

SPDX-License-Identifier: Apache-2.0
"""

from dataclasses import dataclass, field

DS, SHARED, DEPLOYMENT, QA, PROD = (f"{n}" * 12 for n in "12345")
REGION = "eu-west-1"

ANY = "*"  # of actions that know no smaller resource

YES = "Allowed"
NO = "ImplicitlyDenied"
NEVER = "ExplicitlyDenied"


@dataclass(frozen=True)
class Row:
    who: str
    action: str
    resource: str
    expected: str
    context: dict = field(default_factory=dict, hash=False)

    @property
    def account(self):
        """The account that owns the resource; of `*`, the asker's own."""
        if self.resource == ANY:
            return ""
        if self.resource.startswith("arn:aws:s3:::"):
            return self.resource.split("/")[0].rsplit("-", 1)[1]
        return self.resource.split(":")[4]

    def __str__(self):
        return f"{self.who} {self.action} {self.resource} {self.context}"


def arn(service, account, resource):
    region = "" if service == "iam" else REGION
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def role(account, name):
    return arn("iam", account, f"role/clary-housing-{name}")


# --- the things
BUCKET = f"arn:aws:s3:::housing-models-{SHARED}"
ARTIFACT = f"{BUCKET}/models/housing/pipelines-x/output/model.tar.gz"
OTHER_OBJECT = f"{BUCKET}/models/wine/model.tar.gz"
OUTSIDE = f"{BUCKET}/backup/model.tar.gz"
DATA = f"arn:aws:s3:::housing-data-{DS}/raw/housing.csv"
SOURCE = f"arn:aws:s3:::housing-delivery-{DEPLOYMENT}/source/deploy.zip"
REPORT = f"arn:aws:s3:::housing-delivery-{DEPLOYMENT}/reports/version-3.html"
CAPTURED = f"arn:aws:s3:::housing-capture-{PROD}/housing-prod/x.jsonl"
KEY = arn("kms", SHARED, "key/00000000-0000-0000-0000-000000000000")
OTHER_KEY = arn("kms", SHARED, "key/11111111-1111-1111-1111-111111111111")
DELIVERY_KEY = KEY.replace(SHARED, DEPLOYMENT)
REPOSITORY = arn("ecr", SHARED, "repository/clary-server")
PREBUILT = arn("ecr", "141502667606", "repository/sagemaker-scikit-learn")
OTHER_REPOSITORY = arn("ecr", SHARED, "repository/payroll")
GROUP = arn("sagemaker", SHARED, "model-package-group/housing")
VERSION = arn("sagemaker", SHARED, "model-package/housing/3")
OTHER_VERSION = arn("sagemaker", SHARED, "model-package/wine/3")
PIPELINE = arn("sagemaker", DS, "pipeline/housing-training")
JOB = arn("sagemaker", DS, "training-job/pipelines-abc-Train-xyz")
BUS = arn("events", DEPLOYMENT, "event-bus/clary-housing")
DELIVERY = arn("codepipeline", DEPLOYMENT, "clary-housing-delivery")
STARTER = arn("states", DEPLOYMENT, "stateMachine:clary-housing-starter")
DECISIONS = arn("dynamodb", DEPLOYMENT, "table/clary-housing-decisions")
PROJECT = arn("codebuild", DEPLOYMENT, "project/clary-housing-deploy")


def hosted(account, kind, name):
    return arn("sagemaker", account, f"{kind}/{name}")


# --- what a request says beside its resource
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
APPROVE = {"sagemaker:ModelApprovalStatus": "Approved"}
REJECT = {"sagemaker:ModelApprovalStatus": "Rejected"}


def stage(name, status="InProgress"):
    return {
        "sagemaker:ModelLifeCycle:Stage": name,
        "sagemaker:ModelLifeCycle:StageStatus": status,
    }


def encrypted(key=KEY, how="aws:kms"):
    said = {"s3:x-amz-server-side-encryption": how}
    if key:
        said["s3:x-amz-server-side-encryption-aws-kms-key-id"] = key
    return said


PLAIN_HTTP = {"aws:SecureTransport": "false"}
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
VIA_EBS = {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
TO_LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}
MODELS = {"s3:prefix": "models/housing/"}
EVERYTHING = {"s3:prefix": ""}
MFA = {"aws:MultiFactorAuthPresent": "true"}


def collected():
    """A list, and a function that adds rows to it."""
    found = []

    def rows(who, expected, *items):
        """`items` are (action, resource) or (action, resource, context)."""
        for action, resource, *context in items:
            said = context[0] if context else {}
            found.append(Row(who, action, resource, expected, said))

    return found, rows
