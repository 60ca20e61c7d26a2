"""Checks of the model and the operation."""

from __future__ import annotations

import re

from modelwire_bedrock.emulator.catalogue import FoundationModel, InferenceProfile
from modelwire_bedrock.emulator.checks.request import CheckedRequest

__all__ = [
    "converses",
    "counts_tokens",
    "is_known",
    "on_demand",
    "streams",
    "streams_tools",
    "version_accepted",
]

_VERSIONED = re.compile(r".*-v\d+(:\d+)?")
_OLDER = "bedrock-2023-05-31"


def is_known(request: CheckedRequest) -> str | None:
    """The id names a model or a profile that this region has."""
    return "The provided model identifier is invalid." if request.target is None else None


def on_demand(request: CheckedRequest) -> str | None:
    """A bare foundation model can be called on demand."""
    target = request.target
    if not isinstance(target, FoundationModel) or target.on_demand:
        return None
    return (
        f"Invocation of model ID {request.model_id} with on-demand throughput isn\N{RIGHT SINGLE QUOTATION MARK}t "
        "supported. Retry your request with the ID or ARN of an inference profile that contains "
        "this model."
    )


def counts_tokens(request: CheckedRequest) -> str | None:
    """CountTokens takes the bare id of a model of a family that can count."""
    target = request.target
    claude = isinstance(target, FoundationModel) and target.id.startswith("anthropic.claude-")
    if claude and not isinstance(target, InferenceProfile):
        return None
    return "The provided model doesn't support counting tokens."


def converses(request: CheckedRequest) -> str | None:
    """The model answers with text."""
    model = request.model
    if model is None or "text" in model.output:
        return None
    return f"The model {request.model_id} doesn't support the Converse operation."


def version_accepted(request: CheckedRequest) -> str | None:
    """A model whose id has a version takes the older version of Anthropic's body."""
    model = request.model
    version = request.body.get("anthropicVersion", _OLDER)
    if model is None or version == _OLDER or not _VERSIONED.fullmatch(model.id):
        return None
    return f"anthropic_version: Input should be '{_OLDER}'"


def streams(request: CheckedRequest) -> str | None:
    """The model can stream."""
    model = request.model
    return "The model is unsupported for streaming." if model and not model.streaming else None


def streams_tools(request: CheckedRequest) -> str | None:
    """The model can stream while it has tools."""
    return "This model doesn't support tool use in streaming mode." if request.tools else None
