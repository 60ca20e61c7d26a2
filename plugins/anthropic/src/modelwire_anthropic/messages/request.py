"""The request body, made from model, context and options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from modelwire.errors import InvalidRequest
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
)
from modelwire_anthropic.messages.caching import mark
from modelwire_anthropic.messages.history import messages_of
from modelwire_anthropic.messages.rendering import Rendering
from modelwire_anthropic.messages.structured import closed, instruction
from modelwire_anthropic.messages.thinking import ThinkingPlan, plan
from modelwire_anthropic.messages.tools import tool_fields
from modelwire_anthropic.models import Claude, claude_of
from modelwire_anthropic.vendors import Vendor, vendor_of

__all__ = ["MessagesRequest", "build_request"]

_OURS = frozenset({"messages", "model", "stream"})
_THINKING = frozenset({"thinking", "redacted_thinking"})


@frozen
class MessagesRequest:
    """A request to `/v1/messages`.

    Attributes:
        payload: The body, as JSON data.
        changes: The differences from the caller's input.
        names: Names of tools on the wire that differ from the tools' own, and those.
        betas: What the header `anthropic-beta` is to name.
    """

    payload: Mapping[str, Any]
    changes: tuple[Change, ...]
    names: Mapping[str, str]
    betas: tuple[str, ...] = ()

    @property
    def has_thinking(self) -> bool:
        """Whether earlier thinking goes back to the model."""
        return any(
            block["type"] in _THINKING
            for message in self.payload["messages"]
            if message["role"] == "assistant"
            for block in message["content"]
        )


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    vendor: Vendor | None = None,
    replay_thinking: bool = True,
) -> MessagesRequest:
    """Write the request that continues a context; nothing is sent.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        vendor: The service to call; by default Anthropic.
        replay_thinking: Whether the model's earlier thinking goes back to it.

    Raises:
        InvalidRequest: There is nothing to continue, or the options cannot be met.
        InvalidMessage: A message holds an image of a kind that the service does not take.
    """
    changes = Changes()
    claude = claude_of(model)
    vendor = vendor or vendor_of(model)
    names = ToolNames.of(names_in(context))
    rendering = Rendering(model, claude, names, changes, replay_thinking, vendor.requires_signature)
    messages = messages_of(context.messages, rendering)
    if not messages:
        msg = "There is no message to answer: the context holds nothing that can be sent."
        raise InvalidRequest(msg, provider=model.provider, model=model.id, hint="Say something.")
    planned = plan(claude, options, changes, vendor)
    payload: dict[str, Any] = {
        "model": model.id,
        "max_tokens": planned.max_tokens,
        "messages": messages,
        "stream": True,
    }
    if system := _system(context, options, claude, changes):
        payload["system"] = [{"type": "text", "text": system}]
    payload |= _sampling(claude, options, planned, changes)
    payload |= planned.fields
    payload |= tool_fields(
        context, options, rendering, thinks=planned.thinks, forced_calls=claude.forced_calls
    )
    if options.response_schema is not None and claude.schema:
        schema = closed(clean_json(options.response_schema), changes)
        form = {"type": "json_schema", "schema": schema}
        payload["output_config"] = {**payload.get("output_config", {}), "format": form}
    payload |= _metadata(options, changes)
    mark(payload, options.cache_retention)
    betas = _merge(payload, options.params, changes)
    return MessagesRequest(payload, tuple(changes.noted), names.rewritten, betas)


def _system(
    context: Context, options: CompletionOptions, claude: Claude, changes: Changes
) -> str | None:
    prompt = clean_text(context.system_prompt or "")
    if prompt and is_blank(prompt):
        changes.dropped("system_prompt", "The service refuses blank text.")
        prompt = ""
    if options.response_schema is not None and not claude.schema:
        reason = "The model takes no schema; it is put into words."
        changes.rewritten("options.response_schema", reason)
        prompt = "\n\n".join(filter(None, (prompt, instruction(options.response_schema))))
    return prompt or None


def _sampling(
    claude: Claude, options: CompletionOptions, planned: ThinkingPlan, changes: Changes
) -> dict[str, Any]:
    """Write temperature, top_p and stop texts, as far as the model takes them."""
    fields: dict[str, Any] = {}
    temperature, top_p = options.temperature, options.top_p
    if temperature is not None and temperature > 1:
        changes.rewritten("options.temperature", "The highest temperature is 1.")
        temperature = 1.0
    requested = {"temperature": temperature, "top_p": top_p}
    sent = {name: value for name, value in requested.items() if value is not None}
    if claude.sampling == "none" or planned.thinks:
        why = "while it thinks" if planned.thinks and claude.sampling != "none" else "at all"
        for name in sent:
            changes.dropped(f"options.{name}", f"The model does not take it {why}.")
        sent = {}
    elif claude.sampling == "one" and len(sent) > 1:
        changes.dropped("options.top_p", "The model takes temperature or top_p, not both.")
        del sent["top_p"]
    fields |= sent
    stops = [text for text in map(clean_text, options.stop) if not is_blank(text)]
    if len(stops) < len(options.stop):
        changes.dropped("options.stop", "The service refuses a blank text to stop at.")
    if stops:
        fields["stop_sequences"] = stops
    return fields


def _metadata(options: CompletionOptions, changes: Changes) -> dict[str, Any]:
    labels = dict(options.metadata)
    user = labels.pop("user_id", None)
    if labels:
        reason = "The service takes the label user_id only."
        changes.note("ignored", "options.metadata", reason)
    return {"metadata": {"user_id": clean_text(user)}} if user else {}


def _merge(payload: dict[str, Any], params: Mapping[str, Any], changes: Changes) -> tuple[str, ...]:
    """Put further parameters in; they win, and `null` takes a field out. `betas` is a header."""
    betas: tuple[str, ...] = ()
    for key, value in params.items():
        name = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", key)
        if name in ("betas", "anthropic_beta"):
            given = [value] if isinstance(value, str) else value
            if isinstance(given, list) and all(isinstance(item, str) for item in given):
                betas = tuple(given)
            else:
                changes.dropped(f"options.params.{key}", "It is not a list of texts.")
        elif name in _OURS:
            changes.note("ignored", f"options.params.{key}", "It is not for the caller to say.")
        elif value is None:
            payload.pop(name, None)
        elif name == "tools" and isinstance(value, list):
            payload["tools"] = [*payload.get("tools", ()), *clean_json(value)]
        else:
            payload[name] = clean_json(value)
    return betas
