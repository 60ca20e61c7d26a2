"""Requests of Anthropic's Messages, read into calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from modelwire.dialects import BadRequest, Fields, ServedCall, level_of_budget
from modelwire.hookspecs import CacheRetention, CompletionOptions, ToolChoice
from modelwire.messages import Context, Tool
from modelwire.models import Model, ReasoningLevel
from modelwire_anthropic.messages.served.history import CacheMarks, read_history, read_system

__all__ = ["API", "read_call"]

API: Final = "anthropic-messages"
_CONVERSE: Final = "bedrock-converse-stream"

_CHOICES: Final = {"auto": "auto", "any": "any", "none": "none"}
_EFFORTS: Final[Mapping[str, ReasoningLevel]] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
# evidence: the plugin for Bedrock asks for effort and interleaved thinking itself; the others are
# reported to pass by the public configuration of another gateway, 2026-10.
_BEDROCK_BETAS: Final = frozenset(
    {
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "effort-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
    }
)
"""Betas that Converse takes; it refuses a request with any other."""
_MARKS_IN_SYSTEM: Final = 2
"""Of four marks for the prompt cache; one is for the tools, one for the last message."""
_HARMLESS: Final = frozenset({"anthropic_version", "metadata", "inference_geo"})


def read_call(body: Fields, headers: Mapping[str, str], model: Model, upstream: str) -> ServedCall:
    """Read a request.

    Args:
        body: Its body.
        headers: The header fields, with names in lower case.
        model: The model that it resolves to.
        upstream: The API in which that model is called.

    Raises:
        BadRequest: It cannot be served.
    """
    body.any("model")
    call = ServedCall(
        Context(),
        CompletionOptions(
            max_tokens=body.count("max_tokens"),
            temperature=body.number("temperature"),
            top_p=body.number("top_p"),
            stop=body.texts("stop_sequences"),
        ),
        stream=body.flag("stream") or False,
    )
    marks = CacheMarks()
    system = read_system(body, marks)
    messages = read_history(body, model, upstream, call, marks)
    tools = list(_tools(body, call, marks, upstream))
    call.context = Context(messages, system, tools)
    # A request without a mark requests no cache.
    retention: CacheRetention = ("long" if marks.long else "short") if marks.any else "none"
    call.options = evolve(
        call.options,
        tool_choice=_choice(body, call, upstream),
        cache_retention=retention,
    )
    betas = _betas(body, headers)
    if upstream == API:
        _unchanged(body, call, betas)
    elif upstream == _CONVERSE and _is_claude(model):
        _converse(body, call, betas)
    else:
        _translated(body, call, betas)
    return call


def _is_claude(model: Model) -> bool:
    return "claude" in f"{model.id} {model.extra.get('baseModel', '')}".lower()


def _tools(body: Fields, call: ServedCall, marks: CacheMarks, upstream: str) -> Iterator[Tool]:
    for given in body.objects("tools"):
        marks.note(given)
        kind = given.text("type")
        if kind not in (None, "custom"):
            _server_tool(given, kind or "", call, upstream)
            continue
        schema = given.object("input_schema")
        if schema is None:
            raise given.error("input_schema", "an object")
        tool = Tool(
            given.need_text("name"),
            given.text("description") or "",
            {"type": "object", "properties": {}} | dict(schema.data),
            given.flag("strict"),
        )
        for name in given.rest():
            call.note(given.place(name), "Tools are passed on without it.")
        yield tool


def _server_tool(given: Fields, kind: str, call: ServedCall, upstream: str) -> None:
    """Pass on a tool that the service runs or defines itself, to a service that has it."""
    if upstream != API:
        msg = (
            f"{given.path}: the model behind the gateway has no tool of the type {kind!r}, "
            "which only Anthropic's own service has."
        )
        raise BadRequest(msg, param=given.place("type"))
    call.add_params({"tools": [*call.options.params.get("tools", ()), dict(given.data)]})


def _choice(body: Fields, call: ServedCall, upstream: str) -> ToolChoice | None:
    given = body.object("tool_choice")
    if given is None:
        return None
    kind = given.need_text("type")
    if given.flag("disable_parallel_tool_use"):
        place = given.place("disable_parallel_tool_use")
        if upstream in {"openai-completions", "openai-responses"}:
            call.add_params({"parallel_tool_calls": False})
        else:
            call.note(place, "The model may call several tools at once.")
    if kind == "tool":
        return ToolChoice("tool", given.need_text("name"))
    if kind not in _CHOICES:
        raise given.error("type", f"one of {', '.join(_CHOICES)}, tool")
    return ToolChoice.parse(_CHOICES[kind])


def _betas(body: Fields, headers: Mapping[str, str]) -> list[str]:
    """The betas that a request names, in its header or its body."""
    named = headers.get("anthropic-beta", "").split(",")
    given = (*named, *body.texts("anthropic_beta"), *body.texts("betas"))
    return list(dict.fromkeys(name.strip() for name in given if name.strip()))


def _unchanged(body: Fields, call: ServedCall, betas: list[str]) -> None:
    """Pass on everything to a service of the same API, which knows best what it takes."""
    body.any("anthropic_version")
    call.pass_on(body.rest())
    if betas:
        call.add_params({"betas": betas})
    system = body.any("system")
    if isinstance(system, list):
        # The blocks stay apart: Anthropic reads the first one of Claude Code for itself.
        call.add_params({"system": _with_few_marks(system)})


def _with_few_marks(system: list[dict[str, Any]]) -> list[dict[str, Any]]:
    marked = [index for index, block in enumerate(system) if block.get("cache_control")]
    kept = set(marked[-_MARKS_IN_SYSTEM:])
    return [
        block
        if index in kept
        else {name: value for name, value in block.items() if name != "cache_control"}
        for index, block in enumerate(system)
        if block.get("text")
    ]


def _converse(body: Fields, call: ServedCall, betas: list[str]) -> None:
    """Pass on what Claude takes within Converse, whose plugin knows the releases of Claude."""
    for name in betas:
        if name not in _BEDROCK_BETAS:
            call.note("anthropic-beta", f"Bedrock does not take {name}.")
    params: dict[str, Any] = {}
    if taken := [name for name in betas if name in _BEDROCK_BETAS]:
        params["additionalModelRequestFields"] = {"anthropic_beta": taken}
    if (top_k := body.count("top_k")) is not None:
        params["topK"] = top_k
    level = _reasoning(body)
    thinking = body.object("thinking")
    if thinking is not None and level is not None:
        if (budget := thinking.count("budget_tokens")) is not None:
            params["thinkingBudgets"] = {level: budget}
        if display := thinking.text("display"):
            params["thinkingDisplay"] = display
    _read_schema(body, call)
    call.add_params(params)
    call.options = evolve(call.options, reasoning=level)
    _note_rest(body, call)


def _translated(body: Fields, call: ServedCall, betas: list[str]) -> None:
    """Say what another API has a word for, and record the rest."""
    call.options = evolve(call.options, reasoning=_reasoning(body))
    _read_schema(body, call)
    if body.any("top_k") is not None:
        call.note("top_k", "The model's API does not have it.")
    for name in betas:
        call.note("anthropic-beta", f"{name} is for Anthropic's own service.")
    _note_rest(body, call)


def _reasoning(body: Fields) -> ReasoningLevel | None:
    """How much to think, by `thinking` and the effort of `output_config`."""
    thinking, config = body.object("thinking"), body.object("output_config")
    level = None if thinking is None else _level(thinking)
    effort = None if config is None else config.one_of("effort", _EFFORTS)
    return level if level in (None, "off") else effort or level


def _level(thinking: Fields) -> ReasoningLevel | None:
    """How much to think, where only a budget is given."""
    match thinking.need_text("type"):
        case "disabled":
            return "off"
        case "enabled":
            budget = thinking.count("budget_tokens") or 0
            return level_of_budget(budget)
        case "adaptive":
            return "high"
        case _:
            raise thinking.error("type", "one of enabled, adaptive, disabled")


def _read_schema(body: Fields, call: ServedCall) -> None:
    """Read the schema of a structured answer, which is in `output_config`, or `output_format`."""
    config = body.object("output_config")
    given = (config.object("format") if config is not None else None) or body.object(
        "output_format"
    )
    if given is None or given.text("type") != "json_schema":
        return
    schema = given.object("schema")
    if schema is None:
        raise given.error("schema", "an object")
    call.options = evolve(call.options, response_schema=dict(schema.data))


def _note_rest(body: Fields, call: ServedCall) -> None:
    for name in body.rest():
        if name not in _HARMLESS:
            call.note(name, "The model's API does not have it.")
