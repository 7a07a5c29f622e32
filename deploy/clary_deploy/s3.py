"""Objects in S3.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from clary_deploy.errors import AwsError, PreconditionError
from clary_deploy.session import Account

CHUNK = 1 << 20
ABSENT = ("NoSuchKey", "NoSuchBucket", "404", "NotFound")


def split(uri: str) -> tuple[str, str]:
    """s3://bucket/a/key -> bucket, a/key (no slash at the end)"""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.rstrip("/")


def read_object(account: Account, uri: str) -> bytes | None:
    """The content; None when there is no such object."""
    bucket, key = split(uri)
    try:
        answer = account.client("s3").get_object(Bucket=bucket, Key=key)
        content: bytes = answer["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return None
        raise AwsError(f"s3: {uri}: {error}") from error
    except BotoCoreError as error:
        raise AwsError(f"s3: {uri}: {error}") from error
    return content


def read_text(account: Account, place: str) -> str:
    """A local file, or an object; it must be there."""
    if not place.startswith("s3://"):
        try:
            return Path(place).read_text("utf-8")
        except OSError as error:
            raise PreconditionError(f"{place}: {error.strerror}") from error
    content = read_object(account, place)
    if content is None:
        raise PreconditionError(f"there is no object {place}")
    return content.decode()


def sha256_of_object(account: Account, uri: str) -> str:
    """From the checksum that S3 keeps, else by reading all of it; empty when
    there is no such object."""
    bucket, key = split(uri)
    client = account.client("s3")
    try:
        head = client.head_object(
            Bucket=bucket, Key=key, ChecksumMode="ENABLED"
        )
        kept = head.get("ChecksumSHA256", "")
        if kept and "-" not in kept:  # with a dash: a checksum of parts
            return base64.b64decode(kept).hex()
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return ""
        raise AwsError(f"s3: {uri}: {error}") from error
    except BotoCoreError as error:
        raise AwsError(f"s3: {uri}: {error}") from error
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def put_once(account: Account, path: Path, uri: str) -> str:
    """Uploads a file unless that very content is there; its SHA-256."""
    sha256 = sha256_of_file(path)
    if account.dry_run or sha256_of_object(account, uri) != sha256:
        put(account, path, uri)
    return sha256


def put(account: Account, path: Path, uri: str) -> str:
    """Uploads a file; its SHA-256."""
    bucket, key = split(uri)
    body = {"Bucket": bucket, "Key": key}
    if account.dry_run:
        account.write("s3", "put_object", {**body, "Body": str(path)})
    else:
        with open(path, "rb") as file:
            checked = {"Body": file, "ChecksumAlgorithm": "SHA256"}
            account.write("s3", "put_object", body | checked)
    return sha256_of_file(path)


def keys_under(account: Account, uri: str) -> Iterator[str]:
    """The keys that begin with the URI's."""
    bucket, prefix = split(uri)
    for item in account.pages(
        "s3",
        "list_objects_v2",
        "Contents",
        {"Bucket": bucket, "Prefix": prefix},
    ):
        yield item["Key"]
