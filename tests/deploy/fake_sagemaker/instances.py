"""Instances: the real clary program behind each variant, on loopback.

A fleet is one variant of one endpoint configuration. However many instances it
is said to have, one process serves for them all: capacity is arithmetic, and
what answers is the program from the registered artifact, fetched and unpacked
as the hosting service does it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PING_SECONDS = 20  # real ones, for a program that is ready in milliseconds


class FleetError(Exception):
    """Why a fleet did not come up: the FailureReason of its endpoint."""


@dataclass(frozen=True)
class Container:
    """What a model says about its one container."""

    image: str  # as the model names it
    resolved_image: str  # by digest
    model_data: str  # s3://bucket/key
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What a container answered."""

    status: int
    body: bytes
    content_type: str
    microseconds: float


@dataclass
class Host:
    """What instances need from the world around them."""

    program: pathlib.Path
    fetch: Callable[[str, str], bytes]  # (account, s3 uri) -> the object
    folder: pathlib.Path = field(
        default_factory=lambda: pathlib.Path(tempfile.mkdtemp(prefix="fleet-"))
    )
    running: list[Fleet] = field(default_factory=list)

    def stop_all(self) -> None:
        for fleet in list(self.running):
            fleet.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Fleet:
    """The instances of one variant."""

    def __init__(
        self,
        host: Host,
        account: str,
        variant: str,
        config: str,
        container: Container,
    ) -> None:
        self.variant = variant
        self.config = config
        self.container = container
        self._host = host
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def is_up(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Fetches, unpacks, runs, pings; FleetError when one of them fails."""
        model = self._unpacked()
        self._port = _free_port()
        with open(model.with_suffix(".log"), "wb") as log:
            self._process = subprocess.Popen(
                [self._host.program, "serve", "--model", model],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._host.running.append(self)
        if not self._comes_up():
            self.stop()
            raise FleetError(
                f"The primary container for production variant {self.variant} "
                "did not pass the ping health check. Please check CloudWatch "
                "logs for this endpoint."
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None
            self._host.running.remove(self)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST /invocations, as the platform forwards it."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=60
        )
        try:
            connection.request("POST", "/invocations", body, dict(headers))
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        return Answer(
            reply.status,
            content,
            reply.getheader("Content-Type", ""),
            (time.perf_counter() - started) * 1e6,
        )

    def _unpacked(self) -> pathlib.Path:
        """The folder that the container sees as /opt/ml/model."""
        url = self.container.model_data
        archive = self._host.fetch(self._account, url)
        folder = pathlib.Path(tempfile.mkdtemp(dir=self._host.folder))
        packed = folder / "model.tar.gz"
        packed.write_bytes(archive)
        model = folder / "model"
        try:
            with tarfile.open(packed) as tar:
                tar.extractall(model, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise FleetError(
                f"Failed to extract model data archive from URL {url!r} for "
                f"production variant {self.variant}. Please ensure that the "
                "object located at the URL is a valid tar.gz archive."
            ) from error
        return model

    def _environment(self) -> dict[str, str]:
        """What the platform sets, then what the model says."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLARY", "SAGEMAKER_", "AWS_"))
        }
        return {
            **kept,
            "CLARY_ADDRESS": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": str(self._port),
            **self.container.environment,
        }

    def _comes_up(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + PING_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._ping() == 200:
                return True
            time.sleep(0.005)
        return False

    def _ping(self) -> int:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=5
        )
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def s3_parts(uri: str) -> tuple[str, str]:
    """s3://bucket/a/key -> bucket, a/key"""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def fetcher(client: Callable[[str, str], Any]) -> Callable[[str, str], bytes]:
    """Reads objects from (moto's) S3 as an account."""

    def fetch(account: str, uri: str) -> bytes:
        bucket, key = s3_parts(uri)
        s3 = client("s3", account)
        try:
            answer = s3.get_object(Bucket=bucket, Key=key)
        except s3.exceptions.ClientError as error:
            raise FleetError(
                f"Could not find model data at {uri}. Please check that the "
                "object exists and that the execution role may read it."
            ) from error
        content: bytes = answer["Body"].read()
        return content

    return fetch
