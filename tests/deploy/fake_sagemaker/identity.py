"""Who is calling: moto's STS knows every access key that it gave out.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import boto3

from .arn import Arn
from .errors import AccessDeniedError

CREDENTIAL = re.compile(
    r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request"
)


@dataclass(frozen=True)
class Caller:
    """One principal, in one account and region."""

    account: str
    region: str
    partition: str
    arn: str  # of the role or user, not of its session

    def own(self, kind: str, name: str) -> Arn:
        """The ARN of a SageMaker resource of the caller's account."""
        return Arn(
            self.partition, "sagemaker", self.region, self.account, kind, name
        )


@dataclass
class Identities:
    """Access keys to callers; asked of STS once each."""

    sts_url: str
    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def caller(self, authorization: str) -> Caller:
        """Of a request's Authorization header."""
        found = CREDENTIAL.search(authorization)
        if not found:
            raise AccessDeniedError("the request is not signed")
        key, region, _ = found.groups()
        if key not in self._known:
            self._known[key] = self._ask(key, region)
        answer = self._known[key]
        return Caller(
            account=answer["Account"],
            region=region,
            partition=answer["Arn"].split(":")[1],
            arn=_principal(answer["Arn"]),
        )

    def _ask(self, key: str, region: str) -> dict[str, str]:
        client = boto3.client(
            "sts",
            region_name=region,
            endpoint_url=self.sts_url,
            aws_access_key_id=key,
            aws_secret_access_key="any",
            aws_session_token="any",
        )
        answer = client.get_caller_identity()
        return {"Account": answer["Account"], "Arn": answer["Arn"]}


def _principal(arn: str) -> str:
    """arn:aws:sts::1:assumed-role/R/session -> arn:aws:iam::1:role/R."""
    head, _, name = arn.partition(":assumed-role/")
    if not name:
        return arn
    role = name.split("/")[0]
    return f"{head.replace(':sts:', ':iam:')}:role/{role}"
