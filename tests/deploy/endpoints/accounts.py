"""What stands in the five accounts before the first model is registered.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import hashlib
import json

from clary_deploy import config_file, names
from fake_sagemaker import hosting

ROLES = {
    "data_science": "data-scientist",
    "shared_services": "approver",
    "deployment": "build",
}


class Accounts:
    """Buckets, repository, group and policy; profiles for claryctl."""

    def __init__(self, world, config, folder):
        self.world = world
        self.config = config
        self.folder = folder

    @property
    def parsed(self):
        return config_file.parse(self.config)

    def number(self, name):
        return self.config["accounts"][name]

    def set_up(self):
        config = self.parsed
        shared = self.number("shared_services")
        self._bucket(shared, config.artifacts.bucket)
        for stage in ("qa", "prod"):
            self._bucket(
                self.number(stage), names.capture_bucket(config, stage)
            )
        self.world.client("ecr", shared).create_repository(
            repositoryName=config.image.repository,
            imageTagMutability="IMMUTABLE",
        )
        self.world.client("ecr", shared).set_repository_policy(
            repositoryName=config.image.repository,
            policyText=json.dumps(self.repository_policy()),
        )
        registry = self.world.sagemaker(shared)
        registry.create_model_package_group(
            ModelPackageGroupName=config.registry.group
        )
        registry.put_model_package_group_policy(
            ModelPackageGroupName=config.registry.group,
            ResourcePolicy=json.dumps(self.group_policy()),
        )

    def repository_policy(self):
        """Who may pull the image."""
        pullers = ["data_science", "qa", "prod"]
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {
                        "AWS": [
                            f"arn:aws:iam::{self.number(name)}:root"
                            for name in pullers
                        ]
                    },
                    "Action": [
                        "ecr:BatchGetImage",
                        "ecr:GetDownloadUrlForLayer",
                        "ecr:BatchCheckLayerAvailability",
                    ],
                }
            ],
        }

    def group_policy(self):
        """Who may do what with the group, from other accounts."""
        config = self.parsed
        group = names.group_arn(config)
        versions = names.package_arn(config, 0).removesuffix("0") + "*"

        def root(name):
            return f"arn:aws:iam::{self.number(name)}:root"

        everyone = ["data_science", "deployment", "qa", "prod"]
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [root(name) for name in everyone]},
                    "Action": "sagemaker:DescribeModelPackageGroup",
                    "Resource": group,
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": root("data_science")},
                    "Action": "sagemaker:CreateModelPackage",
                    "Resource": versions,
                    "Condition": {
                        "StringEquals": {
                            "sagemaker:ModelApprovalStatus": (
                                "PendingManualApproval"
                            )
                        }
                    },
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [root(name) for name in everyone]},
                    "Action": [
                        "sagemaker:DescribeModelPackage",
                        "sagemaker:ListModelPackages",
                    ],
                    "Resource": versions,
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [root("qa"), root("prod")]},
                    "Action": "sagemaker:CreateModel",
                    "Resource": versions,
                },
            ],
        }

    def _bucket(self, account, name):
        self.world.client("s3", account).create_bucket(
            Bucket=name,
            CreateBucketConfiguration={"LocationConstraint": self.world.region},
        )

    # --- claryctl's surroundings

    def environ(self):
        """A person in the deployment account, with a profile for each of the
        other two that people work in."""
        profiles = [
            f"[profile clary-{name.replace('_', '-')}]\n"
            f"role_arn = arn:aws:iam::{self.number(name)}:role/{role}\n"
            "credential_source = Environment\n"
            f"region = {self.world.region}\n"
            for name, role in ROLES.items()
        ]
        path = self.folder / "aws-config"
        path.write_text("\n".join(profiles))
        found = self.world.environ(self.number("deployment"))
        return found | {"AWS_CONFIG_FILE": str(path)}

    def settings(self):
        """claryctl's own environment."""
        return {
            "CLARYCTL_POLL_SECONDS": "0",
            "CLARY_BIN": str(self.world.host.program),
        }

    # --- images

    def image_folder(self, content=b"clary"):
        """A small image as `make image` leaves it."""
        folder = self.folder / "image"
        folder.mkdir(exist_ok=True)

        def blob(data):
            digest = hashlib.sha256(data).hexdigest()
            (folder / digest).write_bytes(data)
            return {"size": len(data), "digest": f"sha256:{digest}"}

        config = {"architecture": "amd64", "os": "linux", "rootfs": {}}
        image = "application/vnd.docker.container.image.v1+json"
        layer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        manifest = {
            "schemaVersion": 2,
            "mediaType": hosting.DOCKER,
            "config": {"mediaType": image} | blob(json.dumps(config).encode()),
            "layers": [
                {"mediaType": layer} | blob(gzip.compress(content, mtime=0))
            ],
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder
