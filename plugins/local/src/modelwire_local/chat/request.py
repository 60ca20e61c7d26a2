"""The request: a context and its options in the shape of the engine's chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model
from modelwire.repair import Change, Changes, clean_json, clean_text
from modelwire_local.chat.history import messages_of
from modelwire_local.chat.rendering import ChatMessage, Rendering
from modelwire_local.chat.tool_prompts import ToolPrompts, schema_format, tool_prompts
from modelwire_local.chat.tools import tool_offer
from modelwire_local.json_schema.grammar import check_schema
from modelwire_local.template import ChatTemplate

__all__ = ["DEFAULT_SYSTEM_PROMPT", "ChatRequest", "build_request"]

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer in one short sentence."
"""For the embedded model. With its template's own default prompt it loses itself."""

DEFAULT_ANSWER_TOKENS = 512
"""For the embedded model, which does not always end by itself."""

_ENGINE_SETTINGS = frozenset({"threads"})
_OURS = frozenset(
    {"messages", "stream", "stream_options", "return_progress", "tools", "tool_choice"}
)


@frozen
class ChatRequest:
    """A request of chat completions.

    Attributes:
        payload: The request, as JSON data.
        changes: The differences from the caller's input, in order.
        tool_names: Names of tools in it that differ from the tools' own, and those.
        schema: The JSON Schema that the answer has to fit.
        tools: The JSON Schemas of the tools that may be called, by the names in the request.
        prompts: What has a tool called where the chat template does not; else `None`.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: Mapping[str, str] = field(factory=dict)
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    tools: Mapping[str, Mapping[str, Any]] = field(factory=dict, repr=False)
    prompts: ToolPrompts | None = field(default=None, repr=False)


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    embedded: bool,
    template: ChatTemplate,
) -> ChatRequest:
    """Write the request that continues a context.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        embedded: Whether it is the embedded model, which has defaults of its own.
        template: What the model's chat template renders.

    Raises:
        InvalidRequest: There is nothing to continue, or the model lacks a requested feature.
    """
    rendering = Rendering.of(model, context, template)
    changes = rendering.changes
    payload = _params(model, options, changes)
    if embedded:
        payload.setdefault("temperature", 0.0)
    payload |= _sampling(model, options, changes, embedded=embedded)
    payload |= _thinking(model, options, changes)
    schema = None if options.response_schema is None else clean_json(options.response_schema)
    if schema is not None:
        check_schema(schema, "options.response_schema")
        payload["response_format"] = schema_format(schema)
    if options.metadata:
        changes.note("ignored", "options.metadata", "The engine keeps no log to label.")
    offer = tool_offer(context, options, rendering, embedded=embedded)
    payload |= offer.fields
    payload["messages"] = _messages(context, rendering, embedded=embedded)
    payload["stream"] = True
    payload["stream_options"] = {"include_usage": True}
    # While a long prompt is read, a report after each batch is the only chance to stop.
    payload["return_progress"] = True
    prompts = None
    if offer.by_prompt:
        prompts = tool_prompts(offer.tools, payload, must_call=offer.must_call, embedded=embedded)
    return ChatRequest(
        payload, tuple(changes.noted), rendering.names.rewritten, schema, offer.schemas, prompts
    )


def _params(model: Model, options: CompletionOptions, changes: Changes) -> dict[str, Any]:
    """Further parameters, without those that are not part of a request or not the caller's."""
    params: dict[str, Any] = {}
    for key, value in {**model.params, **options.params}.items():
        if key in _OURS:
            changes.note("ignored", f"options.params.{key}", "Context and options say it.")
        elif key not in _ENGINE_SETTINGS:
            params[key] = clean_json(value)
    return params


def _sampling(
    model: Model, options: CompletionOptions, changes: Changes, *, embedded: bool
) -> dict[str, Any]:
    # An empty text would end every answer before it begins.
    stops = [text for text in map(clean_text, options.stop) if text]
    if len(stops) < len(options.stop):
        changes.dropped("options.stop", "An empty text would end every answer at once.")
    fields = {
        "max_tokens": _max_tokens(model, options, embedded=embedded),
        "temperature": options.temperature,
        "top_p": options.top_p,
        "stop": stops or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _max_tokens(model: Model, options: CompletionOptions, *, embedded: bool) -> int | None:
    if options.max_tokens is not None:
        if options.max_tokens < 1:
            msg = f"An answer needs at least one token; max_tokens is {options.max_tokens}."
            raise InvalidRequest(msg)
        return options.max_tokens
    if embedded:
        return min(DEFAULT_ANSWER_TOKENS, model.max_tokens or DEFAULT_ANSWER_TOKENS)
    return model.max_tokens


def _thinking(model: Model, options: CompletionOptions, changes: Changes) -> dict[str, Any]:
    """Whether to think; templates know no levels."""
    level = options.reasoning
    if level is None:
        return {}
    if not model.reasoning:
        if level != "off":
            changes.dropped("options.reasoning", "The model is not known to think.")
        return {}
    if level != "off":
        reason = "A chat template switches thinking on or off, and knows no levels; it is on."
        changes.rewritten("options.reasoning", reason)
    return {"chat_template_kwargs": {"enable_thinking": level != "off"}}


def _messages(context: Context, rendering: Rendering, *, embedded: bool) -> list[ChatMessage]:
    messages = messages_of(context.messages, rendering)
    if not messages:
        msg = "There is no message to answer: the context holds nothing that can be sent."
        raise InvalidRequest(msg, hint="Add a user message.")
    default = DEFAULT_SYSTEM_PROMPT if embedded else None
    system = default if context.system_prompt is None else context.system_prompt
    if system is None:
        return messages
    text = clean_text(system)
    if text != system:
        rendering.changes.rewritten("system_prompt", "Unpaired surrogates are not text.")
    return [{"role": "system", "content": text}, *messages]
