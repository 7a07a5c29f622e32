"""The only door to AWS: sessions for each account and role.

Three ways in, each checked once against the configured account number:

    aws.admin("qa")              whoever sets the account up: the profile
                                 <profile_prefix>qa-admin, or access.admin_role
    aws.role("qa", ROLE)         a role, assumed from the deployment account
    aws.here("data_science")     the caller's own credentials, in that account

Base credentials of an account are the profile `<profile_prefix><account>`
(dashes, no underscores) where there is one, else what boto3 finds. Tests set
AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, which boto3 honours itself.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config as ClientConfig
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from clary_deploy.config import Config
from clary_deploy.errors import AwsError, PreconditionError
from clary_deploy.output import Output

Body = Mapping[str, Any]

# the last: a proxy's page where AWS's answer should be
FAILURES = (BotoCoreError, ClientError, ResponseParserError)

CLIENT = ClientConfig(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=10,
    read_timeout=70,  # the longest synchronous invocation is 60 s
    user_agent_extra="claryctl",
)


class Account:
    """One account through one role: sends what changes nothing, and, unless
    this is a dry run, what changes something."""

    def __init__(
        self, name: str, session: boto3.Session, out: Output, *, dry_run: bool
    ) -> None:
        self.name = name
        self.dry_run = dry_run
        self._session = session
        self._out = out
        self._clients: dict[str, Any] = {}

    def read(
        self, service: str, operation: str, body: Body | None = None
    ) -> dict[str, Any]:
        """Calls what changes nothing (describe, list, get), always."""
        return self._call(service, operation, body or {})

    def write(
        self,
        service: str,
        operation: str,
        body: Body,
        stand_in: Body | None = None,
    ) -> dict[str, Any]:
        """Calls `operation`; a dry run prints it and answers `stand_in`."""
        if self.dry_run:
            self._out.request(self.name, service, operation, body)
            return dict(stand_in or {})
        return self._call(service, operation, body)

    def pages(
        self, service: str, operation: str, key: str, body: Body | None = None
    ) -> Iterator[dict[str, Any]]:
        """The items under `key` of every page of a listing."""
        try:
            paginator = self.client(service).get_paginator(operation)
            for page in paginator.paginate(**(body or {})):
                yield from page.get(key, [])
        except FAILURES as error:
            raise self._failed(service, operation, error) from error

    def exists(
        self, service: str, operation: str, body: Body, *codes: str
    ) -> dict[str, Any] | None:
        """`read`, or None where AWS answers with one of `codes`.

        SageMaker and CloudFormation have no code for what does not exist, only
        words in the message of a validation error.
        """
        try:
            return self.read(service, operation, body)
        except AwsError as error:
            if error.code in codes:
                return None
            absent = ("could not find", "does not exist", "cannot find")
            message = str(error).lower()
            if error.code.startswith("Validation") and any(
                words in message for words in absent
            ):
                return None
            raise

    def client(self, service: str) -> Any:
        """The boto3 client, for what has no operation (uploads, paginators)."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, config=CLIENT
            )
        return self._clients[service]

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Who this is, as STS says."""
        return self.read("sts", "get_caller_identity")

    def _call(self, service: str, operation: str, body: Body) -> dict[str, Any]:
        try:
            answer = getattr(self.client(service), operation)(**body)
        except FAILURES as error:
            raise self._failed(service, operation, error) from error
        answer.pop("ResponseMetadata", None)
        return dict(answer)

    def _failed(
        self, service: str, operation: str, error: Exception
    ) -> AwsError:
        code, message = "", str(error)
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            message = error.response.get("Error", {}).get("Message", message)
        where = f"{service}:{operation} in {self.name}"
        return AwsError(
            f"{where}: {message}" + (f" ({code})" if code else ""), code
        )


class Aws:
    """Accounts by name, each opened once."""

    def __init__(self, config: Config, out: Output, *, dry_run: bool) -> None:
        self._config = config
        self._out = out
        self._dry_run = dry_run
        self._open: dict[tuple[str, str, str], Account] = {}
        self._bases: dict[str | None, boto3.Session] = {}

    def admin(self, account: str) -> Account:
        """The account as whoever administers it: the profile that says so,
        else `access.admin_role` assumed, else as the caller."""
        profile = f"{self._profile(account)}-admin"
        role = self._config.access.admin_role
        if profile in self._profiles:
            return self._opened(account, "", self._session(profile))
        if role:
            return self._opened(account, role, self._session(None))
        return self.here(account)

    def here(self, account: str) -> Account:
        """The account with the caller's own credentials."""
        return self._opened(account, "", self._base(account))

    def role(self, account: str, role: str) -> Account:
        """The account through `role`, assumed from the deployment account."""
        return self._opened(account, role, self._base("deployment"))

    def _opened(self, name: str, role: str, base: boto3.Session) -> Account:
        key = (name, role, base.profile_name)
        if key not in self._open:
            session = self._assumed(name, role, base) if role else base
            account = Account(name, session, self._out, dry_run=self._dry_run)
            self._check(account)
            self._open[key] = account
        return self._open[key]

    def _check(self, account: Account) -> None:
        wanted = self._config.accounts.number(account.name)
        found = account.identity["Account"]
        if found != wanted:
            raise PreconditionError(
                f"the credentials for {account.name} are of account {found}, "
                f"but accounts.{account.name} is {wanted} (profile "
                f"{self._profile(account.name)!r}, or a role to assume)"
            )

    def _profile(self, account: str) -> str:
        return self._config.access.profile_prefix + account.replace("_", "-")

    @cached_property
    def _profiles(self) -> list[str]:
        found: list[str] = self._session(None).available_profiles
        return found

    def _base(self, account: str) -> boto3.Session:
        profile = self._profile(account)
        return self._session(profile if profile in self._profiles else None)

    def _session(self, profile: str | None) -> boto3.Session:
        """Making one takes longer than most requests."""
        if profile not in self._bases:
            self._bases[profile] = boto3.Session(
                profile_name=profile, region_name=self._config.region
            )
        return self._bases[profile]

    def _assumed(
        self, account: str, role: str, base: boto3.Session
    ) -> boto3.Session:
        """A session that renews itself: an assumed role lasts one hour, a
        canary up to eight."""
        number = self._config.accounts.number(account)
        source = base.get_credentials()
        if source is None:
            raise PreconditionError(
                f"there are no AWS credentials to assume {role} in {account}"
            )
        inner = botocore.session.get_session()
        inner.set_config_variable("region", self._config.region)
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=inner.create_client,
            source_credentials=source,
            role_arn=f"arn:{self._config.partition}:iam::{number}:role/{role}",
            extra_args={"RoleSessionName": "claryctl"},
        )
        # botocore has no public way to hand it credentials that renew
        inner._credentials = DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return boto3.Session(
            botocore_session=inner, region_name=self._config.region
        )
