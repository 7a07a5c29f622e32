"""SageMaker's lineage, as far as it tells something.

Its vertices are artifacts, contexts and actions. A version or an endpoint is
none itself: the vertex that stands for it is found by its source URI.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clary_deploy.session import Account

DEPTH = 5


@dataclass(frozen=True)
class Vertex:
    """One thing that lineage knows."""

    kind: str  # "Image", "Model", "Endpoint", "ModelDeployment", ...
    source: str  # the URI or ARN of what it stands for


ORIGINS, USES = "Ascendants", "Descendants"


def of_version(account: Account, arn: str, *directions: str) -> list[Vertex]:
    """What a version came from or went to, in one account. Both at once would
    reach its siblings, too, by what they share."""
    found = account.read("sagemaker", "list_artifacts", {"SourceUri": arn})
    return [
        vertex
        for item in found["ArtifactSummaries"]
        for direction in directions
        for vertex in _reached(account, item["ArtifactArn"], direction)
    ]


def of_endpoint(account: Account, arn: str) -> list[Vertex]:
    """What an endpoint came from."""
    found = account.read("sagemaker", "list_contexts", {"SourceUri": arn})
    return [
        vertex
        for item in found["ContextSummaries"]
        for vertex in _reached(account, item["ContextArn"], ORIGINS)
    ]


def _reached(account: Account, start: str, direction: str) -> Iterator[Vertex]:
    body: dict[str, Any] = {
        "StartArns": [start],
        "Direction": direction,
        "IncludeEdges": False,
        "MaxDepth": DEPTH,
    }
    while True:
        answer = account.read("sagemaker", "query_lineage", body)
        for vertex in answer["Vertices"]:
            yield Vertex(vertex["Type"], _source(account, vertex))
        if not answer.get("NextToken"):
            return
        body["NextToken"] = answer["NextToken"]


def _source(account: Account, vertex: dict[str, Any]) -> str:
    """What a vertex stands for; its own ARN where nothing tells."""
    arn: str = vertex["Arn"]
    name = arn.rpartition("/")[2]
    how = {
        "Artifact": ("describe_artifact", {"ArtifactArn": arn}),
        "Context": ("describe_context", {"ContextName": name}),
        "Action": ("describe_action", {"ActionName": name}),
    }.get(vertex["LineageType"])
    if how is None:
        return arn
    answer = account.read("sagemaker", how[0], how[1])
    source: str = answer.get("Source", {}).get("SourceUri", arn)
    return source
