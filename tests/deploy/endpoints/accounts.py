"""What stands in the five accounts before the first model is registered: what
the stacks render, where moto and the fake have a place for it.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import functools
import gzip
import hashlib
import json

from clary_deploy import config_file, names, template
from clary_deploy.requests import cloudformation
from endpoints.starter import Starter
from fake_sagemaker import hosting

ADMIN = "OrganizationAccountAccessRole"
QUEUE = "decisions"  # moto hands no event to a state machine


class Accounts:
    """Buckets, repository, group, event rules; profiles for claryctl."""

    def __init__(self, world, config, folder):
        self.world = world
        self.config = config
        self.folder = folder
        self.person = "approver"  # who works in shared services

    @property
    def parsed(self):
        return config_file.parse(self.config, single_account=True)

    def number(self, name):
        return self.config["accounts"][name]

    def resources(self, part):
        """Of a stack, as CloudFormation would make them."""
        config = self.parsed
        found = template.Template.named(names.TEMPLATES[part]).resolved(
            cloudformation.parameters(config, part),
            cloudformation.place(config, part),
        )
        return {
            name: resource.get("Properties", {})
            for name, resource in found["Resources"].items()
        }

    def set_up(self):
        """All of it; what is there already stays."""
        config = self.parsed
        shared = self.number("shared_services")
        made = self.resources("shared")
        self._bucket(shared, made["Bucket"]["BucketName"])
        for stage in ("qa", "prod"):
            bucket = names.capture_bucket(config, stage)
            self._bucket(self.number(stage), bucket)
        ecr = self.world.client("ecr", shared)
        with contextlib.suppress(
            ecr.exceptions.RepositoryAlreadyExistsException
        ):
            ecr.create_repository(
                repositoryName=made["Repository"]["RepositoryName"],
                imageTagMutability="IMMUTABLE",
            )
        ecr.set_repository_policy(
            repositoryName=made["Repository"]["RepositoryName"],
            policyText=json.dumps(made["Repository"]["RepositoryPolicyText"]),
        )
        group = made["Group"]
        registry = self.world.sagemaker(shared)
        registry.create_model_package_group(
            ModelPackageGroupName=group["ModelPackageGroupName"]
        )
        registry.put_model_package_group_policy(
            ModelPackageGroupName=group["ModelPackageGroupName"],
            ResourcePolicy=json.dumps(group["ModelPackageGroupPolicy"]),
        )
        self._events(made["Approved"])

    def _events(self, rule):
        """The rule in shared services, the bus and the rule in deployment, and
        a queue before what starts the pipeline."""
        made = self.resources("deployment")
        there = self.world.client("events", self.number("deployment"))
        with contextlib.suppress(
            there.exceptions.ResourceAlreadyExistsException
        ):
            there.create_event_bus(Name=made["Bus"]["Name"])
        queue = self.world.client("sqs", self.number("deployment"))
        url = queue.create_queue(QueueName=QUEUE)["QueueUrl"]
        arn = queue.get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        receiving = made["Approved"]
        pattern = dict(receiving["EventPattern"])
        # moto gives a forwarded event the account that receives it; AWS keeps
        # the sender's, which is what this part of the pattern is about
        assert pattern.pop("account") == [self.number("shared_services")]
        target = {
            key: receiving["Targets"][0][key] for key in ("Id", "RoleArn")
        }
        self._rule(there, receiving, pattern, {**target, "Arn": arn})
        here = self.world.client("events", self.number("shared_services"))
        sending = {
            key: value
            for key, value in rule["Targets"][0].items()
            if key != "DeadLetterConfig"
        }
        self._rule(here, rule, rule["EventPattern"], sending)

    def _rule(self, client, rule, pattern, target):
        bus = {"EventBusName": rule.get("EventBusName", "default")}
        client.put_rule(
            Name=rule["Name"], EventPattern=json.dumps(pattern), **bus
        )
        client.put_targets(Rule=rule["Name"], Targets=[target], **bus)

    def pipeline_runs(self):
        """The versions with which the pipeline was started, since the last
        time that somebody asked."""
        return [run["MODEL_PACKAGE_ARN"] for run in self.started()]

    def started(self):
        """The variables of each of those runs."""
        events = self.decisions()
        return self.starter.decide(events) if events else []

    @functools.cached_property
    def starter(self):
        """Made when it is needed: reading its definition takes a while."""
        made = self.resources("deployment")
        return Starter(self.world, self.number("deployment"), made)

    def decisions(self):
        """The events that have come to it, since the last time."""
        queue = self.world.client("sqs", self.number("deployment"))
        url = queue.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        found = []
        while messages := queue.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10
        ).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                queue.delete_message(
                    QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
                )
        return found

    def _bucket(self, account, name):
        s3 = self.world.client("s3", account)
        here = {"LocationConstraint": self.world.region}
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration=here)

    # --- claryctl's surroundings

    def environ(self):
        """A person in the deployment account, with a profile for each of the
        other two that people work in."""
        config = self.parsed
        roles = {
            "data_science": names.scientist_role(config),
            "shared_services": f"clary-{config.project}-{self.person}",
            "deployment": names.operator_role(config),
        }
        roles |= {f"{name}_admin": ADMIN for name in self.config["accounts"]}
        profiles = [
            f"[profile clary-{name.replace('_', '-')}]\n"
            f"role_arn = arn:aws:iam::"
            f"{self.number(name.removesuffix('_admin'))}:role/{role}\n"
            "credential_source = Environment\n"
            f"region = {self.world.region}\n"
            for name, role in roles.items()
        ]
        path = self.folder / "aws-config"
        path.write_text("\n".join(profiles))
        found = self.world.environ(self.number("deployment"))
        return found | {"AWS_CONFIG_FILE": str(path)}

    def act_as(self, person):
        """In shared services: "approver", "publisher"."""
        self.person = person
        self.environ()

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
