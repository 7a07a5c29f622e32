"""PutImage as the real registry checks it; everything else of ECR is moto's.

moto takes any manifest and makes a digest up when none is given. Here every
layer must have been uploaded, and the digest is the manifest's.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from .errors import ImageError
from .identity import Caller

Body = dict[str, Any]


class Images:
    """Stands before moto's PutImage."""

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client

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
