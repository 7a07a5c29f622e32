"""Lineage: what SageMaker tracks by itself, and the queries over it.

Tracked: a context per group and per endpoint, an artifact per package, image
and model data, an action per deployment. A package is no vertex by its own ARN;
ListArtifacts by source URI finds the artifact that stands for it.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .arn import Arn
from .clock import Clock
from .endpoints import Endpoint
from .errors import NotFoundError
from .identity import Caller
from .paging import page

Body = dict[str, Any]

NAME = {"artifact": "Artifact", "context": "Context", "action": "Action"}


@dataclass(frozen=True)
class Vertex:
    """An artifact, a context or an action of one account."""

    arn: str
    lineage: str  # "artifact"
    type: str  # "ModelDeployment", "Image"
    source: str  # the URI of what it stands for
    created: float

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


class Lineage:
    """The graphs of all accounts."""

    def __init__(
        self, clock: Clock, find_model: Callable[[str, str], Body]
    ) -> None:
        self._clock = clock
        self._find_model = find_model  # (account, model name)
        self._vertices: dict[str, Vertex] = {}
        self._edges: list[tuple[str, str, str]] = []  # source, target, kind

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "ListArtifacts": self._lister("artifact"),
            "ListContexts": self._lister("context"),
            "ListActions": self._lister("action"),
            "DescribeArtifact": self._describer("artifact"),
            "DescribeContext": self._describer("context"),
            "DescribeAction": self._describer("action"),
            "ListAssociations": self.list_associations,
            "QueryLineage": self.query,
        }

    # --- what happens by itself

    def registered(self, package: Body) -> None:
        """CreateModelPackage: group <- package <- image, model data."""
        own = Arn.parse(package["ModelPackageArn"])
        version = self._add(own, "artifact", "ModelPackage", str(own))
        group = Arn(
            **{
                **vars(own),
                "kind": "model-package-group",
                "name": package["ModelPackageGroupName"],
            }
        )
        context = self._add(own, "context", "ModelGroup", str(group))
        self._link(version, context, "AssociatedWith")
        self._materials(own, package, version)

    def _materials(self, own: Arn, package: Body, version: Vertex) -> None:
        container = package["InferenceSpecification"]["Containers"][0]
        image = self._add(own, "artifact", "Image", container["Image"])
        data = self._add(own, "artifact", "Model", container["ModelDataUrl"])
        self._link(image, version, "ContributedTo")
        self._link(data, version, "ContributedTo")

    def deployed(self, endpoint: Endpoint) -> None:
        """An endpoint came to run a configuration: package -> action ->
        endpoint, in the account of the endpoint."""
        if endpoint.status != "InService":
            return
        own = endpoint.arn
        context = self._add(own, "context", "Endpoint", str(own))
        for serving in endpoint.live:
            model = self._find_model(
                endpoint.account, serving.body["ModelName"]
            )
            container = (model.get("Containers") or [{}])[0]
            if "ModelPackageName" not in container:
                continue
            package = self._add(
                own, "artifact", "ModelPackage", container["ModelPackageName"]
            )
            action = self._add(
                own, "action", "ModelDeployment",
                f"{own}/{endpoint.config_name}/{serving.variant}",
            )  # fmt: skip
            self._link(package, action, "ContributedTo")
            self._link(action, context, "AssociatedWith")

    def _add(self, near: Arn, lineage: str, kind: str, source: str) -> Vertex:
        for vertex in self._vertices.values():
            same = (vertex.account, vertex.lineage, vertex.source)
            if same == (near.account, lineage, source):
                return vertex
        name = f"{len(self._vertices):032x}"
        arn = Arn(
            near.partition,
            "sagemaker",
            near.region,
            near.account,
            lineage,
            name,
        )
        vertex = Vertex(str(arn), lineage, kind, source, self._clock.now())
        self._vertices[vertex.arn] = vertex
        return vertex

    def _link(self, source: Vertex, target: Vertex, kind: str) -> None:
        edge = (source.arn, target.arn, kind)
        if edge not in self._edges:
            self._edges.append(edge)

    # --- operations

    def _lister(self, lineage: str) -> Callable[[Caller, Body], Body]:
        def listed(caller: Caller, request: Body) -> Body:
            wanted = request.get("SourceUri")
            found = [
                {
                    f"{NAME[lineage]}Arn": vertex.arn,
                    "Source": {"SourceUri": vertex.source},
                    f"{NAME[lineage]}Type": vertex.type,
                    "CreationTime": vertex.created,
                }
                for vertex in self._vertices.values()
                if vertex.lineage == lineage
                and vertex.account == caller.account
                and wanted in (None, vertex.source)
            ]
            return page(f"{NAME[lineage]}Summaries", found, request)

        return listed

    def _describer(self, lineage: str) -> Callable[[Caller, Body], Body]:
        key = "ArtifactArn" if lineage == "artifact" else f"{NAME[lineage]}Name"

        def described(caller: Caller, request: Body) -> Body:
            """Artifacts by ARN, contexts and actions by their name."""
            wanted = request[key].rpartition("/")[2]
            for vertex in self._vertices.values():
                name = vertex.arn.rpartition("/")[2]
                mine = vertex.account == caller.account
                if mine and (name, vertex.lineage) == (wanted, lineage):
                    return {
                        f"{NAME[lineage]}Arn": vertex.arn,
                        f"{NAME[lineage]}Name": name,
                        "Source": {"SourceUri": vertex.source},
                        f"{NAME[lineage]}Type": vertex.type,
                        "CreationTime": vertex.created,
                    }
            raise NotFoundError(f"{request[key]} is not a lineage entity")

        return described

    def list_associations(self, caller: Caller, request: Body) -> Body:
        source, target = request.get("SourceArn"), request.get("DestinationArn")
        found = [
            {
                "SourceArn": edge[0],
                "DestinationArn": edge[1],
                "SourceType": self._vertices[edge[0]].type,
                "DestinationType": self._vertices[edge[1]].type,
                "AssociationType": edge[2],
            }
            for edge in self._edges
            if source in (None, edge[0])
            and target in (None, edge[1])
            and self._vertices[edge[0]].account == caller.account
        ]
        return page("AssociationSummaries", found, request)

    def query(self, caller: Caller, request: Body) -> Body:
        """Breadth first from one vertex. Only lineage ARNs are vertices."""
        start = request["StartArns"][0]
        if start not in self._vertices:
            raise NotFoundError(f"{start} is not a lineage entity")
        direction = request.get("Direction", "Both")
        reached, edges = self._reach(
            start, direction, request.get("MaxDepth", 10)
        )
        filters = request.get("Filters", {})
        vertices = [
            {
                "Arn": vertex.arn,
                "Type": vertex.type,
                "LineageType": NAME[vertex.lineage],
            }
            for arn in reached
            if (vertex := self._vertices[arn]).arn != start
            and vertex.type in filters.get("Types", [vertex.type])
            and NAME[vertex.lineage]
            in filters.get("LineageTypes", [NAME[vertex.lineage]])
        ]
        answer = page("Vertices", vertices, {"MaxResults": 50, **request})
        if request.get("IncludeEdges", True):
            answer["Edges"] = [
                {
                    "SourceArn": source,
                    "DestinationArn": target,
                    "AssociationType": kind,
                }
                for source, target, kind in edges
            ]
        return answer

    def _reach(
        self, start: str, direction: str, depth: int
    ) -> tuple[list[str], list[tuple[str, str, str]]]:
        reached, edges, front = [start], [], [start]
        for _ in range(depth):
            following = []
            for edge, other in self._steps(front, direction):
                if edge not in edges:
                    edges.append(edge)
                if other not in reached:
                    reached.append(other)
                    following.append(other)
            front = following
        return reached, edges

    def _steps(
        self, front: list[str], direction: str
    ) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Edges out of `front`; ascendants are towards the sources."""
        for edge in self._edges:
            if direction != "Ascendants" and edge[0] in front:
                yield edge, edge[1]
            if direction != "Descendants" and edge[1] in front:
                yield edge, edge[0]
