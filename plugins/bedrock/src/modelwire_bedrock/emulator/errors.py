"""Errors as AWS answers them: a code, a message and an HTTP status."""

from __future__ import annotations

import uuid
from typing import Any

from modelwire.errors import ModelwireError

__all__ = [
    "MESSAGES",
    "STATUSES",
    "BrokenConnection",
    "EmulatorError",
    "Refusal",
    "access_denied",
    "new_request_id",
    "validation",
]

STATUSES = {
    "AccessDeniedException": 403,
    "ConflictException": 400,
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 403,
    "InternalServerException": 500,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "SerializationException": 400,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}
"""HTTP status by error code: botocore's service model, and the common errors of AWS."""

MESSAGES = {
    "AccessDeniedException": "You don't have access to the model with the specified model ID.",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InternalServerException": "The system encountered an unexpected error during processing. Try your request again.",
    "ModelErrorException": "The request failed due to an error while processing the model.",
    "ModelNotReadyException": "The model is not ready for inference. Wait and try your request again.",
    "ModelStreamErrorException": "The model stream was interrupted. Try your request again.",
    "ModelTimeoutException": "Model has timed out in processing the request. Try your request again.",
    "ResourceNotFoundException": "The specified resource ARN was not found. Check the ARN and try your request again.",
    "ServiceQuotaExceededException": "Your request exceeds the service quota for your account.",
    "ServiceUnavailableException": "Bedrock is unable to process your request.",
    "ThrottlingException": "Too many requests, please wait before trying again.",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "ValidationException": "The provided request is not valid",
}
"""AWS's message for each code, used when a scenario names none."""


class EmulatorError(ModelwireError):
    """The emulator cannot start or cannot use a file that it was given."""

    code = "emulator"


class BrokenConnection(Exception):
    """The connection was broken: on purpose, or because that to the upstream broke."""


class Refusal(Exception):
    """The answer to a request is an error.

    Args:
        code: AWS's error code, such as `ThrottlingException`.
        message: AWS's message; the usual one of the code by default.
        status: The HTTP status; by default the one that belongs to the code.
        headers: Further response headers, such as `retry-after`.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.code = code
        self.message = MESSAGES.get(code, code) if message is None else message
        self.status = status if status is not None else STATUSES.get(code, 400)
        self.headers = headers or {}
        super().__init__(f"{code}: {self.message}")

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        if self.code == "UnknownOperationException" and not self.message:
            kind = "com.amazon.coral.service#UnknownOperationException"
            return {"Output": {"__type": kind}, "Version": "1.0"}
        return {"message": self.message}


def validation(message: str) -> Refusal:
    """A `ValidationException`."""
    return Refusal("ValidationException", message)


def access_denied(message: str | None = None) -> Refusal:
    """An `AccessDeniedException`."""
    return Refusal("AccessDeniedException", message)


def new_request_id(endpoint: str = "runtime") -> str:
    """A request id, as AWS writes it at an endpoint; `mantle` as in mastra-ai/mastra#19228."""
    return f"req_{uuid.uuid4().hex}" if endpoint == "mantle" else str(uuid.uuid4())
