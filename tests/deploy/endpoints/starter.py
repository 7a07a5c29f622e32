"""Between the bus and the pipeline: the state machine of deployment.yaml, run
by moto, with moto's DynamoDB; and where CodePipeline would start a run, what it
was asked for.

SPDX-License-Identifier: Apache-2.0
"""

import json
import time
import uuid
from contextlib import contextmanager, suppress
from unittest import mock

from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (  # noqa: E501
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
)

from fake_sagemaker.strict import check, service_model

SECONDS = 30
TASKS = (state_task_service_aws_sdk, state_task_service_dynamodb)


class CodePipeline:
    """Takes starts; a token that it knows is the run that it knows."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.failures = 0  # of the next calls
        self.complaints = []
        self.runs = {}  # token: variables

    def start_pipeline_execution(self, **parameters):
        request = native(parameters)
        model = service_model("codepipeline")
        self.complaints += check(model, "StartPipelineExecution", request)
        if request.get("name") != self.pipeline:
            self.complaints.append(f"there is no {request.get('name')}")
        assert not self.complaints
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the network was away")
        token = request["clientRequestToken"]
        said = {item["name"]: item["value"] for item in request["variables"]}
        assert self.runs.setdefault(token, said) == said
        return {"pipelineExecutionId": token[:36]}


class Starter:
    """One state machine with its table, in one account."""

    def __init__(self, world, account, made):
        self.world = world
        self.account = account
        self.target = made["Approved"]["Targets"][0]
        self.codepipeline = CodePipeline(made["Pipeline"]["Name"])
        self._table(made["Decisions"])
        with self._parser():
            self._arn = self._client("stepfunctions").create_state_machine(
                name=made["Starter"]["StateMachineName"],
                definition=made["Starter"]["DefinitionString"],
                roleArn=f"arn:aws:iam::{account}:role/starter",
                type=made["Starter"]["StateMachineType"],
            )["stateMachineArn"]
        assert self.target["Arn"] == self._arn

    def _client(self, service):
        return self.world.client(service, self.account)

    def _table(self, made):
        dynamodb = self._client("dynamodb")
        # the stack has made it, where a test made the stack
        with suppress(dynamodb.exceptions.ResourceInUseException):
            dynamodb.create_table(**made)

    def decide(self, events):
        """Hands over all of them at once, as EventBridge would; the variables
        of each run of the pipeline that came of it."""
        before = list(self.codepipeline.runs)
        with self._parser():
            client = self._client("stepfunctions")
            running = [
                client.start_execution(
                    stateMachineArn=self._arn,
                    name=uuid.uuid4().hex,
                    input=transformed(self.target["InputTransformer"], event),
                )["executionArn"]
                for event in events
            ]
            ended = [self._ended(client, arn) for arn in running]
        assert ended == ["SUCCEEDED"] * len(events)
        return [
            said
            for token, said in self.codepipeline.runs.items()
            if token not in before
        ]

    def _ended(self, client, arn):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            found = client.describe_execution(executionArn=arn)
            if self.codepipeline.complaints:
                raise AssertionError(self.codepipeline.complaints)
            if found["status"] != "RUNNING":
                return found["status"]
            time.sleep(0.01)
        raise TimeoutError(arn)

    @contextmanager
    def _parser(self):
        """moto runs definitions only when told to; and its tasks would call it
        as an account of its own."""

        def client(service, region, state_credentials=None):
            if service == "codepipeline":
                return self.codepipeline
            return self._client(service)

        told = {"execute_state_machine": True}
        with mock.patch.dict(default_user_config, {"stepfunctions": told}):
            patches = [
                mock.patch.object(task, "boto_client_for", client)
                for task in TASKS
            ]
            for patch in patches:
                patch.start()
            try:
                yield
            finally:
                for patch in patches:
                    patch.stop()


def native(value):
    """Step Functions wants names in PascalCase, whatever the service's own
    are; moto leaves them so."""
    if isinstance(value, list):
        return [native(item) for item in value]
    if isinstance(value, dict):
        assert all(key[0].isupper() for key in value)
        return {
            key[0].lower() + key[1:]: native(item)
            for key, item in value.items()
        }
    return value


def transformed(transformer, event):
    """What EventBridge makes of an event: a value by itself is JSON, one
    within quotes is text."""
    text = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        found = event
        for part in path.removeprefix("$.").split("."):
            found = found[part]
        text = text.replace(f": <{name}>", f": {json.dumps(found)}")
        text = text.replace(f"<{name}>", str(found))
    json.loads(text)
    return text
