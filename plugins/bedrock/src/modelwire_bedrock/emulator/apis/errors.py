"""Errors in the shapes of OpenAI and Anthropic.

What is known: `bedrock-mantle` answers with OpenAI's shape and the code `validation_error`
(musistudio/claude-code-router#1087, mastra-ai/mastra#19228), with 401 to a wrong credential scope
(BerriAI/litellm#31476) and with 404 for a model that it does not have (aws-samples). The runtime
endpoint answers in AWS's own shape where no model is involved, as to an unknown path. Other names of
types and codes are by analogy with OpenAI and Anthropic: no recording holds them.
"""

from __future__ import annotations

from typing import Any

from modelwire_bedrock.emulator.apis.paths import Endpoint, find_api_path
from modelwire_bedrock.emulator.errors import Refusal

__all__ = ["AUTHENTICATION", "ApiRefusal", "error_body", "error_shape", "error_status"]

AUTHENTICATION = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
"""AWS's error codes about the caller."""

_KINDS = {
    "AccessDeniedException": ("permission_error", "access_denied"),
    "InternalServerException": ("api_error", "internal_error"),
    "ModelErrorException": ("api_error", "model_error"),
    "ModelNotReadyException": ("rate_limit_error", "model_not_ready"),
    "ModelStreamErrorException": ("api_error", "model_error"),
    "ModelTimeoutException": ("timeout_error", "model_timeout"),
    "ResourceNotFoundException": ("not_found_error", "not_found_error"),
    "SerializationException": ("invalid_request_error", "validation_error"),
    "ServiceUnavailableException": ("overloaded_error", "service_unavailable"),
    "ThrottlingException": ("rate_limit_error", "rate_limit_exceeded"),
    "UnknownOperationException": ("not_found_error", "not_found_error"),
    "ValidationException": ("invalid_request_error", "validation_error"),
}
"""The type of an error and OpenAI's code by AWS's code."""

_OPENAI_TYPES = {
    "api_error": "server_error",
    "not_found_error": "invalid_request_error",
    "overloaded_error": "server_error",
    "timeout_error": "server_error",
}
"""Where OpenAI's type is another than Anthropic's."""


class ApiRefusal(Refusal):
    """A refusal of the model's own service behind an OpenAI-shaped API.

    Args:
        message: What it says.
        detail: OpenAI's code, such as `unsupported_parameter`.
        param: The parameter that is at fault.
        code: AWS's code of the same.
    """

    def __init__(
        self,
        message: str,
        detail: str = "validation_error",
        param: str | None = None,
        code: str = "ValidationException",
    ) -> None:
        super().__init__(code, message)
        self.detail = detail
        self.param = param


def error_shape(endpoint: Endpoint, method: str, path: str, code: str) -> str:
    """The shape of an error: `aws`, `openai` or `anthropic`."""
    api = find_api_path(endpoint, method, path)
    if endpoint == "runtime":
        return "aws" if api is None or code in AUTHENTICATION else api.shape
    if api is not None:
        return api.shape
    return "anthropic" if path.startswith("/anthropic/") else "openai"


def error_status(refusal: Refusal, endpoint: Endpoint) -> int:
    """The HTTP status of an error."""
    return 401 if endpoint == "mantle" and refusal.code in AUTHENTICATION else refusal.status


def error_body(refusal: Refusal, shape: str, request_id: str) -> dict[str, Any]:
    """The body of an error in the shape of an API."""
    usual = ("invalid_request_error", "validation_error")
    if refusal.code in AUTHENTICATION:
        usual = ("authentication_error", "authentication_error")
    elif refusal.status >= 500:
        usual = ("api_error", "internal_error")
    kind, code = _KINDS.get(refusal.code, usual)
    message = refusal.message or "Not Found"
    if shape == "anthropic":
        error = {"type": kind, "message": message}
        return {"type": "error", "error": error, "request_id": request_id}
    param = None
    if isinstance(refusal, ApiRefusal):
        code, param = refusal.detail, refusal.param
    kind = _OPENAI_TYPES.get(kind, kind)
    return {"error": {"code": code, "message": message, "param": param, "type": kind}}
