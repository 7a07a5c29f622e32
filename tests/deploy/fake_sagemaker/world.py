"""Five AWS accounts on loopback: moto, the fake SageMaker, real servers.

    world = World(program)
    ...        # run anything with world.environ() in its environment
    world.close()

One test session shares a World (moto takes seconds to start); `reset` empties
it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import logging
import pathlib
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler

from .clock import Clock
from .endpoints import Endpoint, Endpoints
from .events import Events
from .hosting import Hosting
from .identity import Identities
from .images import Images
from .inside import shortened
from .instances import Host, fetcher
from .jobs import Jobs
from .lineage import Lineage
from .metrics import Metrics
from .pipelines import Pipelines
from .registry import Registry
from .runtime import Runtime
from .server import Router, serve
from .transform import Transforms

FRONTED = ("SAGEMAKER", "SAGEMAKER_RUNTIME", "ECR", "CLOUDWATCH")


class World:
    """Everything, wired together."""

    def __init__(self, program: pathlib.Path, region: str) -> None:
        self.region = region
        self._program = program
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        WSGIRequestHandler.disable_nagle_algorithm = True  # 40 ms an answer
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = ThreadedMotoServer(
            ip_address="127.0.0.1", port=0, verbose=False
        )
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.moto_url = f"http://{host}:{port}"
        self._identities = Identities(self.moto_url)
        self.generation = 0  # of the keys that were given out
        self._server = serve()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._build()

    def _build(self) -> None:
        self.clock = Clock()
        self.events = Events(self.client, self.clock)
        self.metrics = Metrics(self.clock, self.client)
        self.registry = Registry(self.clock, self.events)
        self.hosting = Hosting(self.clock, self.registry, self.client)
        self.host = Host(self._program, fetcher(self.client))
        self.endpoints = Endpoints(
            self.clock,
            self.hosting,
            self.metrics,
            self.events,
            self.host,
            self.client,
        )
        self.lineage = Lineage(
            self.clock,
            lambda account, name: self.hosting.models[(account, name)],
        )
        self.registry.on_registered.append(self.lineage.registered)
        self.transforms = Transforms(
            self.clock, self.hosting, self.host, self.client
        )
        self.jobs = Jobs(self.client, self.environ)
        self.pipelines = Pipelines(self.clock, self.sagemaker, self.jobs)
        self.pipelines.on_end.append(self.events.execution)
        self.endpoints.on_change.append(self.lineage.deployed)
        self.router = Router(
            identities=self._identities,
            moto_url=self.moto_url,
            runtime=Runtime(
                self.clock, self.endpoints, self.metrics, self.client
            ),
            metrics=self.metrics,
            images=Images(self.client),
            sagemaker={
                **self.registry.operations(),
                **self.hosting.operations(),
                **self.endpoints.operations(),
                **self.lineage.operations(),
                **self.pipelines.operations(),
                **self.transforms.operations(),
            },
        )
        self._server.RequestHandlerClass.router = self.router

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.host.stop_all()
        self._moto.stop()

    def reset(self) -> None:
        """No account has anything any more. Keys stay good, and so do clients:
        making them anew would take longer than most tests."""
        self.pipelines.wait()
        self.host.stop_all()
        for backend in BackendDict._instances:  # type: ignore[misc]
            for account in backend.values():
                _empty(backend.service_name, account)
        if not self._keys_are_good():
            self._keys.clear()
            self._clients.clear()
            self._identities = Identities(self.moto_url)
            self.generation += 1
        self._build()

    def _keys_are_good(self) -> bool:
        """Other tests reset moto as a whole, which forgets them."""
        for account, role in self._keys:
            sts = self._client("sts", account, role, self.moto_url)
            return bool(sts.get_caller_identity()["Account"] == account)
        return True

    # --- for tests

    def environ(self, account: str, role: str = "tester") -> dict[str, str]:
        """The environment of a program that runs as `role` of `account`."""
        fronted = {f"AWS_ENDPOINT_URL_{name}": self.url for name in FRONTED}
        return {
            "AWS_ENDPOINT_URL": self.moto_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **fronted,
            **{
                f"AWS_{name}": value
                for name, value in self.credentials(account, role).items()
            },
        }

    def credentials(self, account: str, role: str) -> dict[str, str]:
        """Keys of a role in an account; moto lets anybody assume anything."""
        if (account, role) in self._keys:
            return self._keys[account, role]
        sts = boto3.client("sts", **self._plain())
        keys = sts.assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}",
            RoleSessionName="test",
        )["Credentials"]
        self._keys[account, role] = {
            "ACCESS_KEY_ID": keys["AccessKeyId"],
            "SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "SESSION_TOKEN": keys["SessionToken"],
        }
        return self._keys[account, role]

    def client(self, service: str, account: str, role: str = "harness") -> Any:
        """A client of moto in an account."""
        key = (service, account, role)
        if key not in self._clients:
            made = self._client(service, account, role, self.moto_url)
            self._clients[key] = shortened(made)
        return self._clients[key]

    def sagemaker(
        self, account: str, role: str = "tester", service: str = "sagemaker"
    ) -> Any:
        """A client of the fake in an account."""
        key = (service, account, f"{role} of the fake")
        if key not in self._clients:
            self._clients[key] = self._client(service, account, role, self.url)
        return self._clients[key]

    def _client(self, service: str, account: str, role: str, url: str) -> Any:
        keys = self.credentials(account, role)
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=url,
            aws_access_key_id=keys["ACCESS_KEY_ID"],
            aws_secret_access_key=keys["SECRET_ACCESS_KEY"],
            aws_session_token=keys["SESSION_TOKEN"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def _plain(self) -> dict[str, str]:
        return {
            "region_name": self.region,
            "endpoint_url": self.moto_url,
            "aws_access_key_id": "any",
            "aws_secret_access_key": "any",
        }

    def endpoint(self, account: str, name: str) -> Endpoint:
        """The endpoint as it is, without time going by."""
        return self.endpoints.all[(account, name)]


def _empty(service: str, account: Any) -> None:
    """What moto keeps of a service in an account, but for the keys that were
    given out: STS keeps whose they are, and IAM the keys."""
    if service == "sts":
        return
    kept = {
        region: backend.access_keys
        for region, backend in account.items()
        if service == "iam"
    }
    account.reset()
    for region, keys in kept.items():
        account[region].access_keys = keys
