"""A CloudFormation stack: looked at, planned as a change set, brought about.

Everything here may be stopped at any point and repeated: a change set is named
by its content, a stack that is still moving is waited for, and one that never
came to be is removed before it is made again.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from clary_deploy import names
from clary_deploy.command import Context
from clary_deploy.errors import AwsError, PreconditionError
from clary_deploy.output import Progress
from clary_deploy.requests import cloudformation
from clary_deploy.session import Account
from clary_deploy.template import Template

# A creation that failed leaves a stack that can only be deleted; a change set
# that was never executed leaves one that has nothing in it.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
EMPTY = ("", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
GOOD = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",  # as it was before an update that failed
)
REACHED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")

NO_CHANGE = ("didn't contain changes", "no updates are to be performed")

# Losing one of these loses models.
HOLDS_MODELS = (
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::ECR::Repository",
    "AWS::SageMaker::ModelPackageGroup",
)


@dataclass(frozen=True)
class Change:
    """One line of a change set."""

    action: str  # Add, Modify, Remove, Import
    resource: str
    kind: str
    replacement: str  # True, False, Conditional, or nothing

    @property
    def loses_models(self) -> bool:
        """Whether a thing that holds models would be taken away."""
        return self.kind in HOLDS_MODELS and (
            self.action == "Remove" or self.replacement == "True"
        )


@dataclass
class Stack:
    """One of names.STACKS in its account."""

    context: Context
    part: str
    key_arn: str = ""
    _status: dict[str, Any] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return names.stack(self.context.config, self.part)

    @cached_property
    def account(self) -> Account:
        return self.context.aws.admin(names.stack_account(self.part))

    @cached_property
    def template(self) -> Template:
        return Template.named(names.TEMPLATES[self.part])

    @cached_property
    def parameters(self) -> dict[str, str]:
        return cloudformation.parameters(
            self.context.config, self.part, self.key_arn
        )

    @cached_property
    def change_set(self) -> str:
        """The same content has the same name."""
        content = json.dumps([self.template.text, self.parameters])
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        return f"clary-{digest}"

    @property
    def resource_count(self) -> int:
        place = cloudformation.place(self.context.config, self.part)
        return len(self.template.resolved(self.parameters, place)["Resources"])

    # ------------------------------------------------------------ looking
    def look(self) -> dict[str, Any]:
        """The stack as AWS describes it; empty when there is none."""
        found = self.account.exists(
            "cloudformation",
            "describe_stacks",
            cloudformation.of_stack(self.context.config, self.part),
        )
        stacks = (found or {}).get("Stacks", [])
        return dict(stacks[0]) if stacks else {}

    def status(self) -> str:
        """CREATE_COMPLETE, ...; empty when there is no stack."""
        status: str = self.look().get("StackStatus", "")
        return status

    def outputs(self) -> dict[str, str]:
        return {
            item["OutputKey"]: item["OutputValue"]
            for item in self.look().get("Outputs", [])
        }

    # ------------------------------------------------------------ planning
    def plan(self) -> list[Change]:
        """Makes the change set; what it would change. Nothing: up to date."""
        status = self.settled()
        if status in STILLBORN:
            self.context.out.note(
                f"{self.name} never came to be ({status}); removing what is "
                "left of it"
            )
            self.delete()
            status = ""
        config, part = self.context.config, self.part
        request = cloudformation.create_change_set(
            config,
            part,
            body=self.template.text,
            values=self.parameters,
            new=status in EMPTY,
            name=self.change_set,
        )
        of = cloudformation.of_change_set(config, part, self.change_set)
        if status:
            # left from a run that stopped here
            self.account.write("cloudformation", "delete_change_set", of)
        self.account.write("cloudformation", "create_change_set", request)
        if self.context.args.dry_run:
            return []
        return self._described(of)

    def _described(self, of: dict[str, Any]) -> list[Change]:
        with self.context.out.progress(f"{self.name} change set") as step:
            while True:
                found = self.account.read(
                    "cloudformation", "describe_change_set", of
                )
                status = found["Status"]
                step.update(status)
                if status in ("CREATE_COMPLETE", "FAILED"):
                    break
                self.context.sleep()
        if status == "FAILED":
            reason = found.get("StatusReason", "")
            self.account.write("cloudformation", "delete_change_set", of)
            if any(words in reason.lower() for words in NO_CHANGE):
                return []
            raise AwsError(f"{self.name}: the change set failed: {reason}")
        return [_change(item) for item in self._all_changes(of, found)]

    def _all_changes(
        self, of: dict[str, Any], first: dict[str, Any]
    ) -> list[dict[str, Any]]:
        changes: list[dict[str, Any]] = list(first.get("Changes", []))
        while token := first.get("NextToken"):
            first = self.account.read(
                "cloudformation",
                "describe_change_set",
                {**of, "NextToken": token},
            )
            changes += first.get("Changes", [])
        return changes

    def forget_plan(self) -> None:
        """Removes the change set, and a stack that has nothing else."""
        of = cloudformation.of_change_set(
            self.context.config, self.part, self.change_set
        )
        self.account.write("cloudformation", "delete_change_set", of)
        if self.status() == "REVIEW_IN_PROGRESS":
            self.delete()

    # ------------------------------------------------------------ doing
    def execute(self) -> None:
        """Executes the change set and waits for the stack."""
        of = cloudformation.of_change_set(
            self.context.config, self.part, self.change_set
        )
        self.account.write("cloudformation", "execute_change_set", of)
        if self.context.args.dry_run:
            return
        status = self.settled(wait_to_begin=True)
        if status not in REACHED:
            why = self._reasons() or "no reason was given"
            raise AwsError(f"{self.name} ended as {status}: {why}")

    def protect(self, *, on: bool) -> None:
        """Termination protection."""
        self.account.write(
            "cloudformation",
            "update_termination_protection",
            cloudformation.protect(self.context.config, self.part, on=on),
        )

    def delete(self) -> None:
        """Deletes the stack and waits until it is gone."""
        self.account.write(
            "cloudformation",
            "delete_stack",
            cloudformation.of_stack(self.context.config, self.part),
        )
        if self.context.args.dry_run:
            return
        status = self.settled()
        if status not in EMPTY:
            why = self._reasons() or "no reason was given"
            raise AwsError(f"{self.name} is not deleted ({status}): {why}")

    def settled(self, *, wait_to_begin: bool = False) -> str:
        """Waits while the stack moves; the status at its end."""
        status = self.status()
        if not status.endswith("_IN_PROGRESS") and not wait_to_begin:
            return status
        with self.context.out.progress(self.name) as step:
            while status.endswith("_IN_PROGRESS") and status not in EMPTY:
                self._show(step, status)
                self.context.sleep()
                status = self.status()
            step.update(status or "deleted", 1.0)
        return status

    def _show(self, step: Progress, status: str) -> None:
        done, current = 0, ""
        for event in self.resources():
            state = event["ResourceStatus"]
            done += state.endswith("_COMPLETE")
            if state.endswith("_IN_PROGRESS"):
                current = f" {event['LogicalResourceId']}"
        step.update(f"{status}{current}", done / max(1, self.resource_count))

    def resources(self) -> list[dict[str, Any]]:
        """The resources of the stack, as they are now."""
        found = self.account.exists(
            "cloudformation",
            "describe_stack_resources",
            cloudformation.of_stack(self.context.config, self.part),
        )
        return list((found or {}).get("StackResources", []))

    def _reasons(self) -> str:
        return "; ".join(
            f"{item['LogicalResourceId']}: {item['ResourceStatusReason']}"
            for item in self.resources()
            if item["ResourceStatus"].endswith("_FAILED")
            and item.get("ResourceStatusReason")
        )


def _change(item: dict[str, Any]) -> Change:
    change = item["ResourceChange"]
    return Change(
        change["Action"],
        change["LogicalResourceId"],
        change["ResourceType"],
        change.get("Replacement", ""),
    )


def key_arn(context: Context) -> str:
    """The key of the models: an output of `shared`, which must be there."""
    shared = Stack(context, "shared")
    found = shared.outputs().get("KeyArn", "")
    if not found and context.args.dry_run:
        return cloudformation.unknown_key(context.config)
    if not found:
        raise PreconditionError(
            f"{shared.name} has no key yet: run claryctl setup shared first"
        )
    return found
