"""The request body, made from model, context and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model
from modelwire.repair import (
    Change,
    Changes,
    ToolNames,
    clean_json,
    clean_text,
    is_blank,
    names_in,
    shortened,
)
from modelwire_openai.responses.dialect import Dialect
from modelwire_openai.responses.history import items_of
from modelwire_openai.responses.rendering import Rendering
from modelwire_openai.responses.structured import text_format
from modelwire_openai.responses.thinking import ENCRYPTED, ReasoningPlan, plan_reasoning
from modelwire_openai.responses.tools import tool_fields
from modelwire_openai.responses.user import user_item

__all__ = ["ResponsesRequest", "add_params", "build_request", "parameters"]


@frozen
class ResponsesRequest:
    """A request for the Responses API.

    Attributes:
        payload: The body, as JSON data.
        changes: What is sent otherwise than requested, and why.
        tool_names: Names of tools on the wire that had to change, and the tools' own.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: dict[str, str] = field(factory=dict)

    @property
    def has_item_ids(self) -> bool:
        """Whether anything goes back under an id of the service, or as its reasoning."""
        return any(
            "id" in item or item.get("type") == "reasoning" for item in self.payload["input"]
        )


_LEAST_OUTPUT = 16
_LABELS, _LABEL_NAME, _LABEL = 16, 64, 512

_RESERVED = frozenset({"model", "input", "stream"})
_READ_ELSEWHERE = frozenset({
    # Where to send the request, and with which credentials.
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
    """Write the options of the call, except for tools, reasoning and format."""
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


PLACEHOLDER = "."
"""The text of a required user turn that would be empty; white space is refused."""

_CONTINUE_ELSEWHERE = ("previous_response_id", "prompt", "conversation")
"""Parameters that bring a conversation of their own."""


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    dialect: Dialect | None = None,
    reasoning: bool = True,
) -> ResponsesRequest:
    """Write the request that continues a context; nothing is sent.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        dialect: What the service takes; by default what OpenAI itself does.
        reasoning: Whether the model's own reasoning goes back, with the ids of its items.

    Raises:
        InvalidMessage: A message holds an image of a kind that the API does not take.
        InvalidRequest: The options cannot be met.
    """
    dialect = dialect or Dialect()
    changes = Changes()
    names = ToolNames.of(names_in(context))
    plan = plan_reasoning(model, options, dialect, changes)
    stored = options.params.get("store") is True
    rendering = Rendering(model, names, changes, reasoning=reasoning, stored=stored)
    payload: dict[str, Any] = {"model": model.id, "input": items_of(context.messages, rendering)}
    if instructions := _instructions(context, changes):
        payload["instructions"] = instructions
    payload["stream"] = True
    if dialect.compat.supports_store:
        payload["store"] = False
    strict = dialect.compat.supports_strict_mode
    payload |= tool_fields(context, options, names, changes, strict=strict)
    if plan.fields:
        payload["reasoning"] = plan.fields
    if plan.reasons:
        payload["include"] = [ENCRYPTED]
    if options.response_schema is not None:
        payload["text"] = {"format": text_format(options.response_schema)}
    payload |= parameters(options, plan, dialect, changes)
    payload = add_params(payload, options.params, changes)
    if not payload["input"] and not any(payload.get(key) for key in _CONTINUE_ELSEWHERE):
        changes.added("messages", f"No message says anything; the user says {PLACEHOLDER!r}.")
        payload["input"] = [user_item([{"type": "input_text", "text": PLACEHOLDER}])]
    return ResponsesRequest(payload, tuple(changes.noted), names.rewritten)


def _instructions(context: Context, changes: Changes) -> str:
    given = context.system_prompt or ""
    text = clean_text(given)
    if text != given:
        changes.rewritten("system_prompt", "Unpaired surrogates are not text.")
    if not is_blank(text):
        return text
    if given:
        changes.dropped("system_prompt", "It is blank.")
    return ""
