"""Model package groups and their versions, across accounts.

Checked: group ARNs and names; lower-case names in version ARNs; the group's
resource policy for every call from another account, with the condition keys of
the request; the client token; that an update keeps what it does not name.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import policy
from .arn import Arn, is_arn
from .clock import Clock
from .errors import (
    AccessDeniedError,
    ConflictError,
    ValidationError,
)
from .events import Events
from .identity import Caller
from .paging import in_order, page

Body = dict[str, Any]

# what CreateModelPackage takes and DescribeModelPackage gives back
KEPT = (
    "ModelPackageDescription",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "SkipModelValidation",
    "SourceUri",
    "SecurityConfig",
    "ModelCard",
    "ModelLifeCycle",
)
# what UpdateModelPackage changes, and its name in UpdatedModelPackageFields
CHANGED = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "InferenceSpecification": "InferenceSpecification",
    "SourceUri": "sourceUri",
    "ModelCard": "ModelCard",
    "ModelLifeCycle": "ModelLifeCycle",
}


@dataclass
class Group:
    """A group, its policy and its versions by number."""

    arn: Arn
    description: str
    created: float
    policy: str | None = None
    versions: dict[int, Body] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    last_version: int = 0  # a number is never used again

    @property
    def name(self) -> str:
        return self.arn.name


class Registry:
    """The registries of all accounts."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self._clock = clock
        self._events = events
        self._groups: dict[tuple[str, str], Group] = {}  # account, lower name
        # Whether an update of CustomerMetadataProperties adds to what is there
        # or takes its place is not documented: tests run with both.
        self.metadata_update = "merge"
        self.on_registered: list[Callable[[Body], None]] = []

    def operations(self) -> dict[str, Callable[[Caller, Body], Body]]:
        return {
            "CreateModelPackageGroup": self.create_group,
            "DescribeModelPackageGroup": self.describe_group,
            "ListModelPackageGroups": self.list_groups,
            "PutModelPackageGroupPolicy": self.put_policy,
            "GetModelPackageGroupPolicy": self.get_policy,
            "DeleteModelPackageGroupPolicy": self.delete_policy,
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "ListModelPackages": self.listing,
            "UpdateModelPackage": self.update,
        }

    # --- groups

    def create_group(self, caller: Caller, request: Body) -> Body:
        name = request["ModelPackageGroupName"]
        key = (caller.account, name.lower())
        if key in self._groups:
            raise ValidationError(
                f"Model Package Group already exists: {self._groups[key].arn}"
            )
        self._groups[key] = Group(
            arn=caller.own("model-package-group", name),
            description=request.get("ModelPackageGroupDescription", ""),
            created=self._clock.now(),
        )
        return {"ModelPackageGroupArn": str(self._groups[key].arn)}

    def describe_group(self, caller: Caller, request: Body) -> Body:
        group = self._group(
            caller,
            request["ModelPackageGroupName"],
            "DescribeModelPackageGroup",
        )
        return {
            "ModelPackageGroupName": group.name,
            "ModelPackageGroupArn": str(group.arn),
            "ModelPackageGroupDescription": group.description or "-",
            "CreationTime": group.created,
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        }

    def list_groups(self, caller: Caller, request: Body) -> Body:
        """Groups of other accounts are listed only when shared through RAM,
        which nothing here does."""
        mine = [
            {
                "ModelPackageGroupName": group.name,
                "ModelPackageGroupArn": str(group.arn),
                "CreationTime": group.created,
                "ModelPackageGroupStatus": "Completed",
            }
            for (account, _), group in self._groups.items()
            if account == caller.account
        ]
        return page(
            "ModelPackageGroupSummaryList",
            in_order(mine, request, "CreationTime"),
            request,
        )

    def put_policy(self, caller: Caller, request: Body) -> Body:
        group = self._own_group(caller, request)
        try:
            json.loads(request["ResourcePolicy"])
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"Invalid resource policy: {error}"
            ) from error
        group.policy = request["ResourcePolicy"]
        return {"ModelPackageGroupArn": str(group.arn)}

    def get_policy(self, caller: Caller, request: Body) -> Body:
        group = self._own_group(caller, request)
        if group.policy is None:
            raise ValidationError(
                f"Cannot find Resource Policy for {group.arn}"
            )
        return {"ResourcePolicy": group.policy}

    def delete_policy(self, caller: Caller, request: Body) -> Body:
        self._own_group(caller, request).policy = None
        return {}

    def _own_group(self, caller: Caller, request: Body) -> Group:
        return self._find(caller.account, request["ModelPackageGroupName"])

    def _find(self, account: str, name: str) -> Group:
        group = self._groups.get((account, name.lower()))
        if group is None:
            raise ValidationError(f"Model Package Group {name} does not exist.")
        return group

    def _group(
        self,
        caller: Caller,
        name_or_arn: str,
        action: str,
        context: policy.Context | None = None,
        resource: str = "",
    ) -> Group:
        """The group, if the caller may do `action` in it."""
        account, name = caller.account, name_or_arn
        if is_arn(name_or_arn):
            arn = Arn.parse(name_or_arn)
            if arn.kind != "model-package-group":
                raise ValidationError(f"{arn} is not a model package group")
            account, name = arn.account, arn.name
        group = self._groups.get((account, name.lower()))
        target = resource or (str(group.arn) if group else name_or_arn)
        self._authorise(caller, account, group, action, target, context or {})
        return group or self._find(account, name)

    def _authorise(
        self,
        caller: Caller,
        account: str,
        group: Group | None,
        action: str,
        resource: str,
        context: policy.Context,
    ) -> None:
        if caller.account == account:
            return
        question = policy.Question(
            caller.arn, caller.account, f"sagemaker:{action}", resource, context
        )
        if group and group.policy and policy.allows(group.policy, question):
            return
        raise AccessDeniedError(
            f"User: {caller.arn} is not authorized to perform: "
            f"sagemaker:{action} on resource: {resource} because no "
            "resource-based policy allows the action"
        )

    # --- versions

    def create(self, caller: Caller, request: Body) -> Body:
        if "ModelPackageGroupName" not in request:
            raise ValidationError("only versions of a group are supported here")
        if request.get("Tags"):
            raise ValidationError("Tags cannot be added to a versioned package")
        name = request["ModelPackageGroupName"]
        group_name = Arn.parse(name).name if is_arn(name) else name
        wildcard = caller.own("model-package", f"{group_name.lower()}/1")
        if is_arn(name):
            wildcard = Arn(
                **{**vars(wildcard), "account": Arn.parse(name).account}
            )
        group = self._group(
            caller, name, "CreateModelPackage", _context(request), str(wildcard)
        )
        token = request.get("ClientToken")
        if token in group.tokens:
            return {"ModelPackageArn": group.tokens[token]}
        package = self._registered(group, caller, request)
        if token:
            group.tokens[token] = package["ModelPackageArn"]
        self._events.package(group.arn.account, package, [])
        for listener in self.on_registered:
            listener(package)
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def _registered(self, group: Group, caller: Caller, request: Body) -> Body:
        group.last_version += 1
        number, now = group.last_version, self._clock.now()
        arn = Arn(
            **{
                **vars(group.arn),
                "kind": "model-package",
                "name": f"{group.name.lower()}/{number}",
            }
        )
        package = {
            "ModelPackageName": group.name.lower(),
            "ModelPackageGroupName": group.name,
            "ModelPackageVersion": number,
            "ModelPackageArn": str(arn),
            "CreationTime": now,
            "LastModifiedTime": now,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {
                "ValidationStatuses": [],
                "ImageScanStatuses": [],
            },
            "CertifyForMarketplace": False,
            "ModelApprovalStatus": request.get(
                "ModelApprovalStatus", "PendingManualApproval"
            ),
            "CreatedBy": {"IamIdentity": {"Arn": caller.arn}},
        }
        package |= {key: request[key] for key in KEPT if key in request}
        group.versions[number] = package
        return package

    def package(self, caller: Caller, arn: str, *actions: str) -> Body:
        """The version, if the caller may do all of `actions` to it."""
        group, package = self._version(arn)
        for action in actions:
            self._authorise(
                caller, Arn.parse(arn).account, group, action, arn, {}
            )
        if package is None:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return package

    def _version(self, arn: str) -> tuple[Group | None, Body | None]:
        parsed = Arn.parse(arn)
        name, _, number = parsed.name.partition("/")
        if parsed.kind != "model-package" or not number.isdigit():
            raise ValidationError(f"{arn} is not the ARN of a model version")
        group = self._groups.get((parsed.account, name))
        package = group.versions.get(int(number)) if group else None
        return group, package

    def describe(self, caller: Caller, request: Body) -> Body:
        arn = request["ModelPackageName"]
        if not is_arn(arn):
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return dict(self.package(caller, arn, "DescribeModelPackage"))

    def listing(self, caller: Caller, request: Body) -> Body:
        name = request["ModelPackageGroupName"]
        own = caller.own("model-package", "")
        account = Arn.parse(name).account if is_arn(name) else caller.account
        plain = Arn.parse(name).name if is_arn(name) else name
        every = Arn(
            **{**vars(own), "account": account, "name": f"{plain.lower()}/*"}
        )
        group = self._group(caller, name, "ListModelPackages", {}, str(every))
        wanted = request.get("ModelApprovalStatus")
        fields = (
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "ModelPackageDescription",
            "CreationTime",
            "ModelPackageStatus",
            "ModelApprovalStatus",
        )
        summaries = [
            {key: version[key] for key in fields if key in version}
            for version in group.versions.values()
            if wanted in (None, version["ModelApprovalStatus"])
        ]
        by = "ModelPackageVersion"  # as the time of creation, but never equal
        return page(
            "ModelPackageSummaryList", in_order(summaries, request, by), request
        )

    def update(self, caller: Caller, request: Body) -> Body:
        arn = request["ModelPackageArn"]
        group, package = self._version(arn)
        self._authorise(
            caller,
            Arn.parse(arn).account,
            group,
            "UpdateModelPackage",
            arn,
            _context(request),
        )
        if package is None:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        updated = [CHANGED[key] for key in CHANGED if key in request]
        package |= {key: request[key] for key in CHANGED if key in request}
        if self._changed_metadata(package, request):
            updated.append("CustomerMetadataProperties")
        package["LastModifiedTime"] = self._clock.now()
        package["LastModifiedBy"] = {"IamIdentity": {"Arn": caller.arn}}
        self._events.package(Arn.parse(arn).account, package, updated)
        return {"ModelPackageArn": arn}

    def _changed_metadata(self, package: Body, request: Body) -> bool:
        added = request.get("CustomerMetadataProperties", {})
        removed = request.get("CustomerMetadataPropertiesToRemove", [])
        if not added and not removed:
            return False
        before = package.get("CustomerMetadataProperties", {})
        if added and self.metadata_update == "replace":
            before = {}
        after = {**before, **added}
        package["CustomerMetadataProperties"] = {
            key: value for key, value in after.items() if key not in removed
        }
        if len(after) > 50:
            raise ConflictError("more than 50 CustomerMetadataProperties")
        return True


def _context(request: Body) -> dict[str, str]:
    """The condition keys of Create- and UpdateModelPackage."""
    context: dict[str, str] = {}
    if "ModelApprovalStatus" in request:
        context["sagemaker:ModelApprovalStatus"] = request[
            "ModelApprovalStatus"
        ]
    cycle = request.get("ModelLifeCycle", {})
    for key in ("Stage", "StageStatus"):
        if key in cycle:
            context[f"sagemaker:ModelLifeCycle:{key}"] = cycle[key]
    for key, value in request.get("CustomerMetadataProperties", {}).items():
        context[f"sagemaker:CustomerMetadataProperties/{key}"] = value
    return context
