"""The request body, made from model, context and options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, ToolCall
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
from modelwire_openai.compat import Compat
from modelwire_openai.completions.history import messages_of
from modelwire_openai.completions.rendering import CallIds, Rendering
from modelwire_openai.completions.sampling import sampling
from modelwire_openai.completions.structured import response_format, schema_instruction
from modelwire_openai.completions.thinking import thinking, thinks
from modelwire_openai.completions.tools import tool_fields

__all__ = ["ChatRequest", "build_request", "merge_params"]


@frozen
class ChatRequest:
    """A request of Chat Completions.

    Attributes:
        payload: The body, as JSON data.
        changes: The differences from the caller's input, in order.
        tool_names: Names of tools on the wire that differ from the tools' own, and those.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: Mapping[str, str] = field(factory=dict)


_READ_ELSEWHERE = frozenset({
    # Where to send the request, and with which credentials.
    "organization", "project", "apiVersion", "api_version", "baseUrl",
    # What the agent around the model reads.
    "transport", "fastMode",
})  # fmt: skip
_OURS = frozenset({"messages", "model", "n", "stream", "stream_options"})
_EXTRA = ("extra_body", "extraBody")
# Where the API itself has a name in camel case, or a service behind a gateway might.
_KEPT = frozenset({"providerOptions"})


def merge_params(
    payload: dict[str, Any], params: Mapping[str, Any], changes: Changes, *, is_openai: bool
) -> None:
    """Put parameters into a payload; they win over what the options say.

    A name in camel case, as the configuration has them, is converted to the API's spelling; the
    contents of `extra_body` are added unchanged. Tools, such as those that a service runs, join the
    others. `null` removes a field.
    """
    given = {key: value for key, value in params.items() if key not in _EXTRA}
    named = {(key if key in _KEPT else _snake(key)): (key, value) for key, value in given.items()}
    for key in _EXTRA:
        extra = params.get(key)
        if isinstance(extra, Mapping):
            named |= {str(name): (f"{key}.{name}", value) for name, value in extra.items()}
        elif extra is not None:
            changes.dropped(f"options.params.{key}", "It is not an object.")
    if is_openai and params.get("fastMode") is True:
        payload["service_tier"] = "priority"
    for name, (key, value) in named.items():
        if key in _READ_ELSEWHERE:
            continue
        if name in _OURS:
            changes.note("ignored", f"options.params.{key}", "It is not for the caller to say.")
        elif value is None:
            payload.pop(name, None)
        elif name == "tools" and isinstance(value, list):
            payload["tools"] = [*payload.get("tools", ()), *clean_json(value)]
        else:
            payload[name] = clean_json(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    compat: Compat | None = None,
    is_openai: bool = False,
) -> ChatRequest:
    """Write the request that continues a context; nothing is sent.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        compat: How the service deviates from OpenAI; by default not at all.
        is_openai: Whether it is OpenAI itself, whose own limits are known then.

    Raises:
        InvalidRequest: There is nothing to continue, or the options cannot be met.
        InvalidMessage: A message holds an image of a kind that OpenAI does not take.
    """
    compat = compat or Compat()
    changes = Changes()
    names = ToolNames.of(names_in(context))
    rendering = Rendering(
        model=model,
        compat=compat,
        names=names,
        changes=changes,
        is_openai=is_openai,
        ids=CallIds(compat.requires_mistral_tool_ids),
    )
    messages = messages_of(context.messages, rendering)
    system = _system(context, options, rendering)
    if not messages and system is None:
        msg = "There is no message to answer: the context holds nothing that can be sent."
        raise InvalidRequest(msg, provider=model.provider, model=model.id, hint="Say something.")
    payload: dict[str, Any] = {
        "model": model.id,
        "messages": [*([system] if system else []), *messages],
        "stream": True,
    }
    if compat.supports_usage_in_streaming:
        payload["stream_options"] = {"include_usage": True}
    if compat.supports_store:
        payload["store"] = False
    payload |= sampling(model, options, compat, changes, is_openai=is_openai)
    payload |= thinking(model, options, compat, changes, is_openai=is_openai)
    payload |= tool_fields(context, options, compat, names, changes, has_calls=_has_calls(context))
    if options.response_schema is not None:
        payload["response_format"] = response_format(options.response_schema, compat)
    payload |= _cache(options, compat)
    if compat.open_router_routing:
        payload["provider"] = clean_json(compat.open_router_routing)
    if compat.vercel_gateway_routing:
        payload["providerOptions"] = {"gateway": clean_json(compat.vercel_gateway_routing)}
    merge_params(payload, options.params, changes, is_openai=is_openai)
    _add_metadata(payload, options, compat, changes, is_openai=is_openai)
    return ChatRequest(payload, tuple(changes.noted), names.rewritten)


def _system(
    context: Context, options: CompletionOptions, rendering: Rendering
) -> dict[str, Any] | None:
    prompt = clean_text(context.system_prompt or "")
    if prompt and is_blank(prompt):
        rendering.changes.dropped("system_prompt", "Blank text says nothing.")
        prompt = ""
    schema = options.response_schema
    if schema is not None and not rendering.compat.supports_json_schema_response_format:
        rendering.changes.rewritten(
            "options.response_schema", "The service takes no schema; it is put into words."
        )
        prompt = "\n\n".join(filter(None, (prompt, schema_instruction(schema))))
    if not prompt:
        return None
    developer = rendering.compat.supports_developer_role and thinks(
        rendering.model, is_openai=rendering.is_openai
    )
    return {"role": "developer" if developer else "system", "content": prompt}


def _has_calls(context: Context) -> bool:
    return any(
        isinstance(block, ToolCall)
        for message in context.messages
        if isinstance(message, AssistantMessage)
        for block in message.content
    )


def _cache(options: CompletionOptions, compat: Compat) -> dict[str, Any]:
    if options.cache_retention == "none":
        return {}
    fields: dict[str, Any] = {}
    if options.session_id and compat.supports_prompt_cache_key:
        fields["prompt_cache_key"] = shortened(clean_text(options.session_id))
    if options.cache_retention == "long" and compat.supports_long_cache_retention:
        fields["prompt_cache_retention"] = "24h"
    return fields


def _add_metadata(
    payload: dict[str, Any],
    options: CompletionOptions,
    compat: Compat,
    changes: Changes,
    *,
    is_openai: bool,
) -> None:
    if not options.metadata:
        return
    # OpenAI refuses labels on what it does not store.
    if (is_openai or compat.supports_store) and payload.get("store") is not True:
        changes.dropped("options.metadata", "Only stored answers have labels; set params.store.")
        return
    payload.setdefault("metadata", clean_json(options.metadata))
