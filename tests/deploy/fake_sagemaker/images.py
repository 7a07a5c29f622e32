"""Where the real registry is stricter or wider than moto's ECR.

moto takes any manifest and makes a digest up when none is given. Here every
layer must have been uploaded, and the digest is the manifest's. And a caller of
another account may pull what the repository's policy allows.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from . import policy
from .errors import AccessDeniedError, ImageError
from .identity import Caller

Body = dict[str, Any]


class Images:
    """Stands before moto's PutImage."""

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client

    def pulled(self, caller: Caller, request: Body) -> Body | None:
        """BatchGetImage from another account's registry; None: its own."""
        owner = request.get("registryId", caller.account)
        if owner == caller.account:
            return None
        name = request["repositoryName"]
        ecr = self._client("ecr", owner)
        arn = (
            f"arn:{caller.partition}:ecr:{caller.region}:{owner}:repository/"
            f"{name}"
        )
        question = policy.Question(
            caller.arn, caller.account, "ecr:BatchGetImage", arn, {}
        )
        try:
            text = ecr.get_repository_policy(repositoryName=name)["policyText"]
        except ecr.exceptions.RepositoryPolicyNotFoundException:
            text = '{"Statement": []}'
        if not policy.allows(text, question, resource=arn):
            raise AccessDeniedError(
                f"User: {caller.arn} is not authorized to perform: "
                f"ecr:BatchGetImage on resource: {arn} because no "
                "resource-based policy allows the action"
            )
        answer: Body = ecr.batch_get_image(
            repositoryName=name, imageIds=request["imageIds"]
        )
        return {key: answer[key] for key in ("images", "failures")}

    def checked(self, caller: Caller, request: Body) -> Body:
        """The request with its digest, when the registry would take it."""
        text = request["imageManifest"]
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        if request.get("imageDigest", digest) != digest:
            raise ImageError(
                "ImageDigestDoesNotMatchException",
                f"the manifest's digest is {digest}",
            )
        manifest = json.loads(text)
        wanted = [manifest["config"], *manifest["layers"]]
        found = self._client(
            "ecr", caller.account
        ).batch_check_layer_availability(
            repositoryName=request["repositoryName"],
            layerDigests=[blob["digest"] for blob in wanted],
        )
        if found["failures"]:
            missing = [failure["layerDigest"] for failure in found["failures"]]
            raise ImageError(
                "LayersNotFoundException", f"not uploaded: {missing}"
            )
        return {**request, "imageDigest": digest}
