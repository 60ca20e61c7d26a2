"""The request for embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelwire.errors import InvalidRequest
from modelwire_openai.embeddings.services import EmbeddingService

if TYPE_CHECKING:
    from modelwire.hookspecs import EmbeddingOptions
    from modelwire.models import Model

__all__ = ["build_request"]

_OF_THE_ACCOUNT = frozenset({"organization", "project", "apiVersion", "api_version"})
"""Parameters that say where a request goes, and are no part of it."""


def build_request(
    model: Model, texts: Sequence[str], options: EmbeddingOptions, service: EmbeddingService
) -> dict[str, Any]:
    """The payload of a request; further parameters win over what is set here.

    Args:
        model: The model.
        texts: The texts.
        options: The options.
        service: What is known of the service.

    Raises:
        InvalidRequest: The service has no word for the `input_type`.
    """
    payload: dict[str, Any] = {"model": model.id, "input": list(texts)}
    if service.base64:
        payload["encoding_format"] = "base64"
    if options.dimensions is not None:
        payload["dimensions"] = options.dimensions
    word = _input_type(model, options, service)
    if word is not None:
        payload["input_type"] = word
    further = {key: value for key, value in options.params.items() if key not in _OF_THE_ACCOUNT}
    return {**payload, **further}


def _input_type(model: Model, options: EmbeddingOptions, service: EmbeddingService) -> str | None:
    if options.input_type is None or not service.input_types:
        return service.default_input_type
    word = service.input_types.get(options.input_type)
    if word is None:
        known = " or ".join(service.input_types)
        raise InvalidRequest(
            f"{model.ref} takes the input_type {known}, not {options.input_type}.",
            provider=model.provider,
            model=model.id,
            retryable=False,
        )
    return word
