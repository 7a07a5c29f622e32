"""How AWS says no.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations


class ServiceError(Exception):
    """An error answer: the code that boto3 shows, the message, the status."""

    code = "ValidationException"
    status = 400

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields  # members of the error's own shape


class ValidationError(ServiceError):
    """Also what SageMaker says of a thing that does not exist."""


class NotFoundError(ServiceError):
    code = "ResourceNotFound"


class ConflictError(ServiceError):
    code = "ConflictException"


class AccessDeniedError(ServiceError):
    code = "AccessDeniedException"


class ModelError(ServiceError):
    """The container answered, with an error of its own."""

    code = "ModelError"
    status = 424


class InternalError(ServiceError):
    """The harness failed; the test that sees it must, too."""

    code = "InternalFailure"
    status = 500


class ImageError(ServiceError):
    """ECR: an image is not what it says it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
