"""The parameters of a request that the conversation has no part in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.hookspecs import CompletionOptions
from modelwire.repair import Changes, clean_json, shortened
from modelwire_openai.responses.dialect import Dialect
from modelwire_openai.responses.reasoning import ReasoningPlan

__all__ = ["add_params", "parameters"]

_LEAST_OUTPUT = 16
_LABELS, _LABEL_NAME, _LABEL = 16, 64, 512

_RESERVED = frozenset({"model", "input", "stream"})
_READ_ELSEWHERE = frozenset({
    # Where to send the request, and as whom.
    "organization", "project", "apiVersion", "api_version", "baseUrl",
    # What the agent around the model reads.
    "transport", "openaiWsWarmup", "fastMode",
})  # fmt: skip
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "maxOutputTokens": ("max_output_tokens",),
    "maxToolCalls": ("max_tool_calls",),
    "parallelToolCalls": ("parallel_tool_calls",),
    "previousResponseId": ("previous_response_id",),
    "promptCacheKey": ("prompt_cache_key",),
    "promptCacheRetention": ("prompt_cache_retention",),
    "reasoningEffort": ("reasoning", "effort"),
    "reasoning_effort": ("reasoning", "effort"),
    "reasoningSummary": ("reasoning", "summary"),
    "reasoning_summary": ("reasoning", "summary"),
    "responsesServerCompaction": (),
    "safetyIdentifier": ("safety_identifier",),
    "serviceTier": ("service_tier",),
    "textVerbosity": ("text", "verbosity"),
    "verbosity": ("text", "verbosity"),
    "topLogprobs": ("top_logprobs",),
}
"""Other spellings that configurations use, and where the value goes; nowhere for an empty place."""


def parameters(
    options: CompletionOptions, plan: ReasoningPlan, dialect: Dialect, changes: Changes
) -> dict[str, Any]:
    """Write what the options of the call say, but for tools, reasoning and format."""
    fields: dict[str, Any] = {}
    if options.max_tokens is not None:
        fields["max_output_tokens"] = options.max_tokens
        if dialect.native and options.max_tokens < _LEAST_OUTPUT:
            changes.rewritten(
                "options.max_tokens", f"OpenAI takes no limit below {_LEAST_OUTPUT} tokens."
            )
            fields["max_output_tokens"] = _LEAST_OUTPUT
    for name in ("temperature", "top_p"):
        value = getattr(options, name)
        if value is None:
            continue
        if plan.samples:
            fields[name] = value
        else:
            changes.dropped(f"options.{name}", "A model that reasons refuses it.")
    if options.stop:
        changes.dropped("options.stop", "The Responses API knows no stop sequences.")
    fields |= _caching(options, dialect)
    if labels := _labels(options.metadata, changes):
        fields["metadata"] = labels
    if options.params.get("fastMode") is True and dialect.native:
        fields["service_tier"] = "priority"
    return fields


def add_params(
    payload: dict[str, Any], params: Mapping[str, Any], changes: Changes
) -> dict[str, Any]:
    """Put the user's own request parameters into a payload, over what it says.

    Objects are merged and the lists `tools` and `include` go on; `None` takes a field out. What is
    not known here is passed on: the service knows best what it takes.
    """
    merged = dict(payload)
    for key, given in params.items():
        if key in _READ_ELSEWHERE:
            continue
        if key in _RESERVED:
            changes.note("ignored", f"options.params.{key}", "It is not for parameters to say.")
            continue
        place = _SPELLINGS.get(key, (key,))
        if not place:
            changes.note("ignored", f"options.params.{key}", "Nothing here does that.")
            continue
        value = clean_json(given)
        if len(place) > 1:
            value = {place[1]: value}
        _put(merged, place[0], value)
    return merged


def _put(payload: dict[str, Any], name: str, value: Any) -> None:
    known = payload.get(name)
    if value is None:
        payload.pop(name, None)
    elif isinstance(known, dict) and isinstance(value, dict):
        payload[name] = {**known, **value}
    elif name in ("tools", "include") and isinstance(known, list) and isinstance(value, list):
        payload[name] = [*known, *(item for item in value if item not in known)]
    else:
        payload[name] = value


def _caching(options: CompletionOptions, dialect: Dialect) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if options.cache_retention == "none":
        return fields
    if options.session_id and dialect.compat.supports_prompt_cache_key:
        fields["prompt_cache_key"] = shortened(options.session_id)
    if options.cache_retention == "long" and dialect.compat.supports_long_cache_retention:
        fields["prompt_cache_retention"] = "24h"
    return fields


def _labels(metadata: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """The labels that the service takes: 16, of 64 and 512 characters, by its documentation."""
    kept: dict[str, str] = {}
    for name, value in metadata.items():
        if len(kept) == _LABELS or len(name) > _LABEL_NAME or len(value) > _LABEL:
            reason = f"A request has at most {_LABELS} labels, of {_LABEL} characters."
            changes.dropped(f"options.metadata.{name}", reason)
        else:
            kept[name] = value
    return dict(clean_json(kept))
