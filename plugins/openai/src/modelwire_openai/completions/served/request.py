"""Requests of Chat Completions, read into calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelwire.dialects import BadRequest, Fields, ServedCall
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Tool
from modelwire.models import Model, ReasoningLevel
from modelwire_openai.completions.served.history import read_history
from modelwire_openai.served.tools import read_custom, read_function, read_tool_choice

__all__ = ["API", "EFFORTS", "JSON_ONLY", "read_call", "read_schema"]

API: Final = "openai-completions"

EFFORTS: Final[Mapping[str, ReasoningLevel]] = {
    "none": "off",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}

JSON_ONLY: Final = "Answer with one JSON object and nothing else."
"""The instruction added to the system prompt where `json_object` is requested of another API."""

_NOT_SUPPORTED: Final[Mapping[str, str]] = {
    "audio": "The gateway returns no audio.",
    "functions": "Use tools.",
    "function_call": "Use tool_choice.",
    "logprobs": "The gateway returns no log probabilities.",
    "top_logprobs": "The gateway returns no log probabilities.",
    "web_search_options": "The gateway runs no web search.",
}
_NO_OPTIONS: Final = CompletionOptions()
_HARMLESS: Final = frozenset({"store", "user", "safety_identifier", "stream_options"})
"""Fields of the service's own that change nothing in an answer."""


def read_call(body: Fields, model: Model, upstream: str) -> ServedCall:
    """Read a request.

    Args:
        body: Its body.
        model: The model that it resolves to.
        upstream: The API in which that model is called.

    Raises:
        BadRequest: It cannot be served.
    """
    body.any("model")
    _refuse_unsupported(body)
    streaming = body.object("stream_options")
    call = ServedCall(
        Context(),
        _NO_OPTIONS,
        stream=body.flag("stream") or False,
        include_usage=streaming is not None and streaming.flag("include_usage") is True,
    )
    messages, system = read_history(body, model, upstream, call)
    tools, choice = _tools(body, call)
    schema, only_json = read_schema(body.object("response_format"))
    limit = body.count("max_tokens")
    call.options = CompletionOptions(
        max_tokens=body.count("max_completion_tokens") or limit,
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        stop=body.texts("stop"),
        reasoning=body.one_of("reasoning_effort", EFFORTS),
        tool_choice=choice,
        response_schema=schema,
        metadata=_labels(body),
        session_id=body.text("prompt_cache_key"),
    )
    if only_json:
        _ask_for_json(call, system, upstream)
    call.context = Context(messages, "\n\n".join(system) or None, tools)
    _pass_on(body, call, upstream)
    return call


def _refuse_unsupported(body: Fields) -> None:
    for name, reason in _NOT_SUPPORTED.items():
        if name not in body.data:
            continue
        value = body.any(name)
        if value not in (None, False, [], {}, 0):
            msg = f"{name} is not supported. {reason}"
            raise BadRequest(msg, param=name)
    if body.any("n") not in (None, 1):
        msg = "n must be 1: the gateway returns one answer for a request."
        raise BadRequest(msg, param="n")
    modalities = body.any("modalities")
    if modalities not in (None, ["text"]):
        msg = 'modalities must be ["text"].'
        raise BadRequest(msg, param="modalities")


def _labels(body: Fields) -> dict[str, str]:
    given = body.object("metadata")
    return {} if given is None else {str(name): given.need_text(name) for name in given.data}


def _tools(body: Fields, call: ServedCall) -> tuple[list[Tool], Any]:
    choice, allowed = read_tool_choice(body)
    tools, custom = [], set()
    for given in body.objects("tools"):
        kind = given.need_text("type")
        inner = given.object(kind) or given
        if kind == "function":
            tools.append(read_function(inner))
        elif kind == "custom":
            tools.append(read_custom(inner))
            custom.add(tools[-1].name)
        else:
            call.note(given.path, f"A tool of the type {kind!r} is not passed on.")
    if allowed is not None:
        tools = [tool for tool in tools if tool.name in allowed]
    call.custom_tools = frozenset(custom)
    return tools, choice


def read_schema(given: Fields | None) -> tuple[dict[str, Any] | None, bool]:
    """Read the format of an answer.

    Returns:
        The JSON Schema, and whether any JSON object will do.

    Raises:
        BadRequest: It is not a known one.
    """
    if given is None:
        return None, False
    kind = given.need_text("type")
    if kind == "json_schema":
        holder = given.object("json_schema") or given
        schema = holder.object("schema")
        if schema is None:
            raise holder.error("schema", "an object")
        return dict(schema.data), False
    if kind not in ("text", "json_object"):
        raise given.error("type", "one of text, json_object, json_schema")
    return None, kind == "json_object"


def _ask_for_json(call: ServedCall, system: list[str], upstream: str) -> None:
    if upstream == API:
        call.add_params({"response_format": {"type": "json_object"}})
        return
    system.append(JSON_ONLY)
    call.note("response_format", "The system prompt requests JSON instead.")


def _pass_on(body: Fields, call: ServedCall, upstream: str) -> None:
    """Pass on what only an upstream of the same API understands, or record that it is not."""
    rest = body.rest()
    if upstream == API:
        call.pass_on({name: value for name, value in rest.items() if name != "store"})
        return
    for name in rest:
        if name not in _HARMLESS:
            call.note(name, "The model's API does not have it.")
