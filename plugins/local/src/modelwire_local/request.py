"""The engine's request, made from a context and its options."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Tool
from modelwire.models import Model
from modelwire_local.history import render_messages

__all__ = ["DEFAULT_SYSTEM_PROMPT", "build_request"]

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer in one short sentence."
"""For the embedded model. With its template's own default prompt it loses itself."""

DEFAULT_ANSWER_TOKENS = 512
"""For the embedded model. It does not always find an end by itself."""

_ENGINE_SETTINGS = frozenset({"threads"})


def build_request(
    model: Model, context: Context, options: CompletionOptions, *, embedded: bool
) -> dict[str, Any]:
    """Write a request in the shape of the engine's chat completions.

    Raises:
        InvalidRequest: The model cannot do what is asked for.
    """
    native_tools = not embedded and takes_tools(model)
    tools = _tools(model, context, options) if native_tools else _no_tools(model, context, options)
    request: dict[str, Any] = {
        key: value
        for key, value in {**model.params, **options.params}.items()
        if key not in _ENGINE_SETTINGS
    }
    if embedded:
        request.setdefault("temperature", 0.0)
    asked = {
        "max_tokens": _max_tokens(model, options, embedded=embedded),
        "temperature": options.temperature,
        "top_p": options.top_p,
        # An empty text would end every answer before it begins.
        "stop": [text for text in options.stop if text] or None,
    }
    request |= {key: value for key, value in asked.items() if value is not None}
    if model.reasoning and options.reasoning is not None:
        thinks = options.reasoning != "off"
        request["chat_template_kwargs"] = {"enable_thinking": thinks}
    if options.response_schema is not None:
        schema = {"schema": options.response_schema}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    request |= tools
    request["messages"] = render_messages(
        context,
        native_tools=native_tools,
        default_system=DEFAULT_SYSTEM_PROMPT if embedded else None,
    )
    request["stream"] = True
    request["stream_options"] = {"include_usage": True}
    # While a long prompt is read, a report after each batch is the only chance to stop.
    request["return_progress"] = True
    return request


def _max_tokens(model: Model, options: CompletionOptions, *, embedded: bool) -> int | None:
    if options.max_tokens is not None:
        if options.max_tokens < 1:
            msg = f"An answer needs at least one token; max_tokens is {options.max_tokens}."
            raise InvalidRequest(msg)
        return options.max_tokens
    if embedded:
        return min(DEFAULT_ANSWER_TOKENS, model.max_tokens or DEFAULT_ANSWER_TOKENS)
    return model.max_tokens


def takes_tools(model: Model) -> bool:
    """Whether a model of the user's own may be given tools: unless it is declared to have none."""
    return model.tools is not False and model.extra.get("tools") is not False


def _no_tools(model: Model, context: Context, options: CompletionOptions) -> dict[str, Any]:
    if context.tools and _may_call(options):
        msg = f"The model {model.id} cannot call tools, and the context has {len(context.tools)}."
        hint = "Choose a model that can, or leave the tools out."
        raise InvalidRequest(msg, provider=model.provider, model=model.id, hint=hint)
    return {}


def _tools(model: Model, context: Context, options: CompletionOptions) -> dict[str, Any]:
    tools, choice = context.tools, options.tool_choice
    if not tools or not _may_call(options):
        return {}
    if choice is None or choice.mode == "auto":
        return {"tools": [_tool(tool) for tool in tools]}
    if choice.mode == "tool":
        # The engine knows no choice of one tool; it is left no other.
        tools = [tool for tool in tools if tool.name == choice.name]
        if not tools:
            msg = f"The tool {choice.name} is demanded but is not among the context's tools."
            raise InvalidRequest(msg, provider=model.provider, model=model.id)
    return {"tools": [_tool(tool) for tool in tools], "tool_choice": "required"}


def _may_call(options: CompletionOptions) -> bool:
    return options.tool_choice is None or options.tool_choice.mode != "none"


def _tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}
