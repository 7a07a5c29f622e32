"""Models and endpoint configurations: what endpoints are made of.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .arn import Arn
from .clock import Clock
from .errors import ValidationError
from .identity import Caller
from .instances import Container
from .paging import in_order, page
from .registry import Registry
from .rules import check_config, is_serverless

Body = dict[str, Any]
Key = tuple[str, str]  # account, name

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


class Hosting:
    """Models and endpoint configurations of all accounts."""

    def __init__(
        self,
        clock: Clock,
        registry: Registry,
        client: Callable[[str, str], Any],
    ) -> None:
        self._clock = clock
        self._registry = registry
        self._client = client
        self.models: dict[Key, Body] = {}
        self.configs: dict[Key, Body] = {}
        # (account, name of a configuration) -> the endpoints that run on it
        self.in_use: Callable[[str, str], list[str]] = lambda *_: []
        self.misuse: list[str] = []  # allowed by the API, forbidden by the docs

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "CreateModel": self.create_model,
            "DescribeModel": self.describe_model,
            "ListModels": self.list_models,
            "DeleteModel": self.delete_model,
            "CreateEndpointConfig": self.create_config,
            "DescribeEndpointConfig": self.describe_config,
            "ListEndpointConfigs": self.list_configs,
            "DeleteEndpointConfig": self.delete_config,
        }

    # --- models

    def create_model(self, caller: Caller, request: Body) -> Body:
        name = request["ModelName"]
        arn = str(caller.own("model", name))
        if (caller.account, name) in self.models:
            raise ValidationError(
                f'Cannot create already existing model "{arn}".'
            )
        self._container(caller, request)
        role = request.get("ExecutionRoleArn", "")
        if role and role.split(":")[4] != caller.account:
            raise ValidationError(
                f"Cross-account pass role is not allowed: {role}"
            )
        self.models[(caller.account, name)] = {
            **_without_tags(request),
            "ModelArn": arn,
            "CreationTime": self._clock.now(),
        }
        return {"ModelArn": arn}

    def describe_model(self, caller: Caller, request: Body) -> Body:
        return dict(self._model(caller, request["ModelName"]))

    def list_models(self, caller: Caller, request: Body) -> Body:
        fields = ("ModelName", "ModelArn", "CreationTime")
        mine = _listed(self.models, caller, request, "ModelName", fields)
        return page("Models", mine, request)

    def delete_model(self, caller: Caller, request: Body) -> Body:
        name = request["ModelName"]
        self._model(caller, name)
        for (account, config), body in self.configs.items():
            used = [v["ModelName"] for v in _all_variants(body)]
            mine = account == caller.account and name in used
            if mine and self.in_use(account, config):
                self.misuse.append(f"model {name} deleted while in use")
        del self.models[(caller.account, name)]
        return {}

    def _model(self, caller: Caller, name: str) -> Body:
        found = self.models.get((caller.account, name))
        if found is None:
            arn = caller.own("model", name)
            raise ValidationError(f'Could not find model "{arn}".')
        return found

    def container(self, caller: Caller, model_name: str) -> Container:
        """What the variant's instances run."""
        return self._container(caller, self._model(caller, model_name))

    def _container(self, caller: Caller, model: Body) -> Container:
        containers = model.get("Containers") or [model.get("PrimaryContainer")]
        if len(containers) != 1 or not containers[0]:
            raise ValidationError("exactly one container is supported here")
        container = dict(containers[0])
        environment = container.get("Environment", {})
        if "ModelPackageName" in container:
            package = self._registry.package(
                caller,
                container["ModelPackageName"],
                "DescribeModelPackage",
                "CreateModel",
            )
            if package["ModelApprovalStatus"] != "Approved":
                raise ValidationError(
                    f"{package['ModelPackageArn']} is not Approved"
                )
            container = package["InferenceSpecification"]["Containers"][0]
            environment = {**container.get("Environment", {}), **environment}
        data = container.get("ModelDataUrl")
        if data is None:
            data = container["ModelDataSource"]["S3DataSource"]["S3Uri"]
        return Container(
            image=container["Image"],
            resolved_image=self._resolved(container["Image"], caller),
            model_data=data,
            environment=environment,
        )

    def _resolved(self, image: str, caller: Caller) -> str:
        """REGISTRY/NAME@DIGEST; the repository must have it, as a Docker
        manifest, and be in the same Region."""
        registry, _, rest = image.partition("/")
        account, region = registry.split(".")[0], registry.split(".")[3]
        if region != caller.region:
            raise ValidationError(f"image {image} is not in {caller.region}")
        name, at, digest = rest.partition("@")
        name, _, tag = name.partition(":")
        wanted = (
            {"imageDigest": digest} if at else {"imageTag": tag or "latest"}
        )
        ecr = self._client("ecr", account)
        try:
            found = ecr.batch_get_image(repositoryName=name, imageIds=[wanted])
        except ecr.exceptions.RepositoryNotFoundException as error:
            raise ValidationError(
                f"repository {name} does not exist"
            ) from error
        if not found["images"]:
            raise ValidationError(f"Requested image {image} not found.")
        media_type = found["images"][0].get("imageManifestMediaType", DOCKER)
        if media_type != DOCKER:
            raise ValidationError(
                f"Unsupported manifest media type {media_type} for {image}"
            )
        digest = found["images"][0]["imageId"]["imageDigest"]
        return f"{registry}/{name}@{digest}"

    # --- endpoint configurations

    def create_config(self, caller: Caller, request: Body) -> Body:
        name = request["EndpointConfigName"]
        arn = str(caller.own("endpoint-config", name))
        if (caller.account, name) in self.configs:
            raise ValidationError(
                "Cannot create already existing endpoint configuration "
                f'"{arn}".'
            )
        check_config(request)
        for variant in _all_variants(request):
            container = self.container(caller, variant["ModelName"])
            owner = container.image.split(".")[0]
            if is_serverless(request) and owner != caller.account:
                raise ValidationError(
                    f"The image {container.image} of a serverless endpoint "
                    f"must be in its own account {caller.account}"
                )
        self.configs[(caller.account, name)] = {
            **_without_tags(request),
            "EndpointConfigArn": arn,
            "CreationTime": self._clock.now(),
        }
        return {"EndpointConfigArn": arn}

    def describe_config(self, caller: Caller, request: Body) -> Body:
        return dict(self.config(caller, request["EndpointConfigName"]))

    def list_configs(self, caller: Caller, request: Body) -> Body:
        fields = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        mine = _listed(
            self.configs, caller, request, "EndpointConfigName", fields
        )
        return page("EndpointConfigs", mine, request)

    def delete_config(self, caller: Caller, request: Body) -> Body:
        """The API lets go of a configuration in use; the documentation says
        that you must not, and the endpoint can never be patched again."""
        name = request["EndpointConfigName"]
        self.config(caller, name)
        for endpoint in self.in_use(caller.account, name):
            self.misuse.append(
                f"config {name} deleted while {endpoint} uses it"
            )
        del self.configs[(caller.account, name)]
        return {}

    def config(self, caller: Caller, name: str) -> Body:
        found = self.configs.get((caller.account, name))
        if found is None:
            arn: Arn = caller.own("endpoint-config", name)
            raise ValidationError(
                f'Could not find endpoint configuration "{arn}".'
            )
        return found


def _without_tags(request: Body) -> Body:
    """Tags are no part of what Describe answers."""
    return {key: value for key, value in request.items() if key != "Tags"}


def _all_variants(config: Body) -> list[Body]:
    shadows = config.get("ShadowProductionVariants", [])
    return [*config["ProductionVariants"], *shadows]


def _listed(
    things: dict[Key, Body],
    caller: Caller,
    request: Body,
    name: str,
    fields: tuple[str, ...],
) -> list[Body]:
    mine = [
        {key: body[key] for key in fields}
        for (account, _), body in things.items()
        if account == caller.account
        and request.get("NameContains", "") in body[name]
    ]
    return in_order(mine, request, "CreationTime")
