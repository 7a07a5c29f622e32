"""Processing and training jobs, as processes: what SageMaker would copy into a
container is copied into a folder, the container's command runs there with
CLARY_PIPELINE_ROOT, and what it leaves goes back to S3.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .arn import Arn
from .errors import ValidationError
from .identity import Caller
from .strict import check, service_model

Body = dict[str, Any]
ClientFor = Callable[[str, str], Any]  # (service, account)
EnvironFor = Callable[[str, str], dict[str, str]]  # (account, role)

SECONDS = 900


class JobFailedError(Exception):
    """The step fails with this reason."""


class Jobs:
    """Runs them with `python`."""

    def __init__(self, client: ClientFor, environ: EnvironFor) -> None:
        self._client = client
        self._environ = environ
        self.python: Path | None = None  # set by who runs pipelines
        self.jobs: dict[str, Body] = {}  # processing jobs by name
        self.messages: dict[str, str] = {}
        self.ran: list[tuple[str, Body, str]] = []  # operation, request, said

    # --- the two kinds

    def processing(self, own: Arn, name: str, request: Body) -> Body:
        request = {**request, "ProcessingJobName": name}
        self._strictly("CreateProcessingJob", request)
        arn = str(Arn(**{**vars(own), "kind": "processing-job", "name": name}))
        self.jobs[name] = {**request, "ProcessingJobArn": arn}
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for item in request["ProcessingInputs"]:
                source = item["S3Input"]
                place = root / source["LocalPath"].lstrip("/")
                self._fetch(own, source["S3Uri"], place)
            outputs = request["ProcessingOutputConfig"]["Outputs"]
            for item in outputs:
                self._place(root, item).mkdir(parents=True, exist_ok=True)
            said = request["AppSpecification"]
            command = said["ContainerEntrypoint"] + said.get(
                "ContainerArguments", []
            )
            self._run(own, root, "CreateProcessingJob", request, command)
            for item in outputs:
                self._store(
                    own, self._place(root, item), item["S3Output"]["S3Uri"]
                )
        return {"ProcessingOutputConfig": request["ProcessingOutputConfig"]}

    def training(self, own: Arn, name: str, request: Body) -> Body:
        self._strictly(
            "CreateTrainingJob", {**request, "TrainingJobName": name}
        )
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            ml = root / "opt/ml"
            for channel in request["InputDataConfig"]:
                source = channel["DataSource"]["S3DataSource"]
                place = ml / "input/data" / channel["ChannelName"]
                self._fetch(own, source["S3Uri"], place)
            settings = ml / "input/config/hyperparameters.json"
            settings.parent.mkdir(parents=True)
            settings.write_text(json.dumps(request["HyperParameters"]))
            (ml / "model").mkdir()
            command = request["AlgorithmSpecification"]["ContainerEntrypoint"]
            self._run(own, root, "CreateTrainingJob", request, command)
            archive = root / "model.tar.gz"
            with tarfile.open(archive, "w:gz") as tar:
                for item in sorted((ml / "model").iterdir()):
                    tar.add(item, item.name)
            output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
            uri = f"{output}/{name}/output/model.tar.gz"
            self._put(own, archive, uri)
        return {"ModelArtifacts": {"S3ModelArtifacts": uri}}

    def file(self, own: Arn, request: Body, output: str, path: Path) -> Body:
        """A property file, from where the job has put it."""
        outputs = request["ProcessingOutputConfig"]["Outputs"]
        found = {item["OutputName"]: item["S3Output"] for item in outputs}
        bucket, key = _split(f"{found[output]['S3Uri']}/{path}")
        answer = self._client("s3", own.account).get_object(
            Bucket=bucket, Key=key
        )
        read: Body = json.loads(answer["Body"].read())
        return read

    # --- parts

    def _strictly(self, operation: str, request: Body) -> None:
        problems = check(service_model("sagemaker"), operation, request)
        if problems:
            raise JobFailedError("; ".join(problems))

    def _run(
        self,
        own: Arn,
        root: Path,
        operation: str,
        request: Body,
        command: list[str],
    ) -> None:
        """The container's command, its paths under `root`."""
        assert self.python, "no Python was given to run steps with"
        program, script, *arguments = command
        assert program == "python3"
        role = request["RoleArn"].rpartition("/")[2]
        done = subprocess.run(
            [self.python, str(root / script.lstrip("/")), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(root),
                "PYTHONDONTWRITEBYTECODE": "1",
                "CLARY_PIPELINE_ROOT": str(root),
                **self._environ(own.account, role),
            },
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.ran.append((operation, request, done.stdout))
        if done.returncode != 0:
            raise self._failed(root, operation, request, done.returncode)

    def _failed(
        self, root: Path, operation: str, request: Body, code: int
    ) -> JobFailedError:
        """What a training job leaves in `failure` is the reason; what a
        processing job leaves in `message` is told by its description only."""
        output = root / "opt/ml/output"
        reason = f"AlgorithmError: , exit code: {code}"
        if operation == "CreateTrainingJob" and (output / "failure").is_file():
            return JobFailedError(
                f"AlgorithmError: {(output / 'failure').read_text()}, "
                f"exit code: {code}"
            )
        if (output / "message").is_file():
            text = (output / "message").read_text()
            self.messages[request["ProcessingJobName"]] = text
        return JobFailedError(reason)

    def describe_processing(self, caller: Caller, request: Body) -> Body:
        """DescribeProcessingJob, as much of it as is asked for here."""
        name = request["ProcessingJobName"]
        if name not in self.jobs:
            raise ValidationError("Could not find requested job")
        message = self.messages.get(name)
        found = {**self.jobs[name], "CreationTime": 0}
        found["ProcessingJobStatus"] = "Failed" if message else "Completed"
        return found | ({"ExitMessage": message} if message else {})

    def _place(self, root: Path, item: Body) -> Path:
        path: str = item["S3Output"]["LocalPath"]
        return root / path.lstrip("/")

    def _fetch(self, own: Arn, uri: str, place: Path) -> None:
        """An object, or all under a prefix; the names that they have there."""
        bucket, key = _split(uri)
        s3 = self._client("s3", own.account)
        found = s3.list_objects_v2(Bucket=bucket, Prefix=key).get(
            "Contents", []
        )
        if not found:
            raise JobFailedError(
                f"ClientError: no S3 objects found under {uri}"
            )
        place.mkdir(parents=True, exist_ok=True)
        base = key if key.endswith("/") else f"{key.rpartition('/')[0]}/"
        if len(found) > 1 or found[0]["Key"] != key:
            base = f"{key.rstrip('/')}/"
        for item in found:
            path = place / item["Key"].removeprefix(base).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(path))

    def _store(self, own: Arn, folder: Path, uri: str) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._put(own, path, f"{uri}/{path.relative_to(folder)}")

    def _put(self, own: Arn, path: Path, uri: str) -> None:
        bucket, key = _split(uri)
        with path.open("rb") as file:
            self._client("s3", own.account).put_object(
                Bucket=bucket, Key=key, Body=file
            )


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
