"""Requests of Responses, read into calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from modelwire.dialects import BadRequest, Fields, ServedCall
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Tool
from modelwire.models import Model
from modelwire_openai.completions.served.request import EFFORTS, JSON_ONLY, read_schema
from modelwire_openai.responses.served.history import read_history
from modelwire_openai.served.tools import read_custom, read_function, read_tool_choice

__all__ = ["API", "read_call"]

API: Final = "openai-responses"

_NOT_STORED: Final[Mapping[str, str]] = {
    "previous_response_id": "The gateway stores no answers; send the whole conversation as input.",
    "conversation": "The gateway stores no conversations; send the whole conversation as input.",
    "prompt": "The gateway stores no prompts; send instructions and input.",
    "background": "The gateway answers at once; leave background out.",
}
_HARMLESS: Final = frozenset({
    "store", "include", "user", "safety_identifier", "truncation", "client_metadata",
})  # fmt: skip
"""Fields that change nothing in an answer, or whose default is what the gateway does."""
_ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
}
"""Fields that an answer repeats, with what they are where the request does not say."""

_SHELL: Final = Tool(
    "local_shell",
    "Runs a command on the user's machine, and returns its output.",
    {
        "type": "object",
        "properties": {
            "command": {"type": "array", "items": {"type": "string"}},
            "working_directory": {"type": "string"},
            "timeout_ms": {"type": "integer"},
            "env": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["command"],
    },
)


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
    for name, reason in _NOT_STORED.items():
        if body.any(name) not in (None, False):
            msg = f"{name} is not supported. {reason}"
            raise BadRequest(msg, param=name)
    if body.any("store") is True:
        body.used.discard("store")
    call = ServedCall(
        Context(),
        CompletionOptions(
            max_tokens=body.count("max_output_tokens"),
            temperature=body.number("temperature"),
            top_p=body.number("top_p"),
            metadata=_labels(body),
            session_id=body.text("prompt_cache_key"),
        ),
        stream=body.flag("stream") or False,
        echo={name: _or(body.data.get(name), usual) for name, usual in _ECHOED.items()},
    )
    messages, system = read_history(body, model, upstream, call)
    instructions = body.text("instructions")
    system = [*([instructions] if instructions else []), *system]
    _read_reasoning(body, call, upstream)
    tools, choice = _tools(body, call, upstream)
    call.options = evolve(call.options, tool_choice=choice)
    _read_format(body, call, system, upstream)
    call.context = Context(messages, "\n\n".join(system) or None, tools)
    _pass_on(body, call, upstream)
    return call


def _or(value: Any, usual: Any) -> Any:
    return usual if value is None else value


def _labels(body: Fields) -> dict[str, str]:
    given = body.object("metadata")
    return {} if given is None else {str(name): given.need_text(name) for name in given.data}


def _read_reasoning(body: Fields, call: ServedCall, upstream: str) -> None:
    given = body.object("reasoning")
    if given is None:
        return
    call.options = evolve(call.options, reasoning=given.one_of("effort", EFFORTS))
    if upstream == API:
        kept = {name: value for name, value in given.data.items() if name != "effort"}
        call.add_params({"reasoning": {n: v for n, v in kept.items() if v is not None}})


def _tools(body: Fields, call: ServedCall, upstream: str) -> tuple[list[Tool], Any]:
    choice, allowed = read_tool_choice(body)
    tools: list[Tool] = []
    custom, hosted = set(), []
    for given in body.objects("tools"):
        kind = given.need_text("type")
        if kind == "function":
            tools.append(read_function(given))
        elif kind == "custom":
            tools.append(read_custom(given))
            custom.add(tools[-1].name)
        elif kind == "local_shell":
            tools.append(_SHELL)
            call.shell_tools = frozenset({_SHELL.name})
        elif upstream == API:
            hosted.append(dict(given.data))
        else:
            call.note(given.path, f"Only OpenAI's own service has tools of the type {kind!r}.")
    if hosted:
        call.add_params({"tools": hosted})
    if allowed is not None:
        tools = [tool for tool in tools if tool.name in allowed]
    call.custom_tools = frozenset(custom)
    return tools, choice


def _read_format(body: Fields, call: ServedCall, system: list[str], upstream: str) -> None:
    text = body.object("text")
    if text is None:
        return
    schema, only_json = read_schema(text.object("format"))
    call.options = evolve(call.options, response_schema=schema)
    if upstream == API:
        fields = {name: value for name, value in text.data.items() if name != "format"}
        if only_json:
            fields["format"] = {"type": "json_object"}
        call.add_params({"text": fields})
        return
    if only_json:
        system.append(JSON_ONLY)
        call.note("text.format", "The system prompt requests JSON instead.")
    if text.any("verbosity") not in (None, "medium"):
        call.note("text.verbosity", "The model's API does not have it.")


def _pass_on(body: Fields, call: ServedCall, upstream: str) -> None:
    """Pass on what only an upstream of the same API understands, or record that it is not."""
    rest = body.rest()
    if upstream == API:
        call.pass_on({n: v for n, v in rest.items() if n not in ("store", "client_metadata")})
        return
    if rest.get("parallel_tool_calls") is True:
        del rest["parallel_tool_calls"]
    for name in rest:
        if name not in _HARMLESS:
            call.note(name, "The model's API does not have it.")
