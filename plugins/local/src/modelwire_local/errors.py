"""Error messages of the engine, as typed errors."""

from __future__ import annotations

from typing import Any

from modelwire.authoring import error_of_failure, read_failure
from modelwire.errors import (
    ContextOverflow,
    InvalidRequest,
    MalformedToolCall,
    ProviderError,
    ServerError,
)

__all__ = ["error_from_exception", "error_from_payload"]

_NOT_PARSED = "does not match the expected"
"""In the message of the engine (2026.10) for an answer that its parser of tool calls cannot read."""


def error_from_payload(payload: Any, *, provider: str, model: str) -> ProviderError:
    """Read the `error` of a chunk: `{"code": 400, "message": ..., "type": ...}`."""
    if not isinstance(payload, dict):
        return ServerError(f"The engine failed: {payload}", provider=provider, model=model)
    details: dict[str, Any] = {"provider": provider, "model": model}
    if payload.get("type") == "exceed_context_size_error":
        return ContextOverflow(
            f"The prompt has {payload.get('n_prompt_tokens', 'too many')} tokens, and the context "
            f"of {model} holds {payload.get('n_ctx', 'fewer')}.",
            hint="Shorten the conversation, or configure a larger `contextWindow`.",
            **details,
        )
    if _NOT_PARSED in str(payload.get("message")):
        msg = "The model began a tool call, and what followed is not in the form of its template."
        return MalformedToolCall(msg, **details)
    failure = read_failure(payload)
    failure.message = failure.message or "The engine failed without saying why."
    return error_of_failure(failure, **details)


def error_from_exception(error: Exception, *, provider: str, model: str) -> ProviderError:
    """Read what the engine raised instead of answering.

    It raises `ValueError` and `RuntimeError` while it reads a request, for a wrong JSON Schema or
    for messages that the model's template refuses; once it answers, failures come as chunks.
    """
    if isinstance(error, (ValueError, RuntimeError)):
        msg = f"The engine refuses the request: {error}"
        return InvalidRequest(msg, provider=provider, model=model)
    msg = f"The engine failed: {type(error).__name__}: {error}"
    return ServerError(msg, provider=provider, model=model, retryable=False)
