"""Requests of the OpenAI Agents SDK, as requests of the Responses API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agents import (
    AgentOutputSchemaBase,
    CustomTool,
    FunctionTool,
    Handoff,
    LocalShellTool,
    ModelSettings,
    Tool,
    TResponseInputItem,
    UserError,
)
from agents.models.openai_responses import Converter
from pydantic_core import to_jsonable_python

from modelwire_openai_agents.responses import SIGNED

__all__ = ["refuse_stored", "request_body"]

_FIELDS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_tokens": "max_output_tokens",
    "parallel_tool_calls": "parallel_tool_calls",
    "truncation": "truncation",
    "reasoning": "reasoning",
    "metadata": "metadata",
    "store": "store",
    "response_include": "include",
    "top_logprobs": "top_logprobs",
    "prompt_cache_retention": "prompt_cache_retention",
    "prompt_cache_options": "prompt_cache_options",
    "context_management": "context_management",
}
"""Settings, and the fields of the Responses API that they are."""

_TOOLS: Final = (FunctionTool, CustomTool, LocalShellTool)
_MODES: Final = ("auto", "required", "none")


def refuse_stored(**given: object) -> None:
    """Refuse what refers to something that OpenAI stores.

    Args:
        given: Arguments of the model, by their names.

    Raises:
        UserError: One of them is not `None`.
    """
    for name, value in given.items():
        if value is not None:
            msg = (
                f"{name} refers to what OpenAI stores, which other services do not have. Leave it"
                " out, and give the whole conversation as input, or a session."
            )
            raise UserError(msg)


def request_body(
    instructions: str | None,
    items: str | Sequence[TResponseInputItem],
    settings: ModelSettings,
    tools: Sequence[Tool],
    output: AgentOutputSchemaBase | None,
    handoffs: Sequence[Handoff[Any, Any]],
) -> dict[str, Any]:
    """The body of a request, as JSON data, without fields that were not given.

    Raises:
        UserError: A tool, or the choice of one, is a hosted tool of OpenAI.
    """
    body: dict[str, Any] = {
        "instructions": instructions,
        "input": items if isinstance(items, str) else list(items),
        "tools": _tools(tools, handoffs) or None,
        "tool_choice": _choice(settings.tool_choice),
        "text": _text(output, settings),
        **{field: getattr(settings, name) for name, field in _FIELDS.items()},
        **(settings.extra_args or {}),
    }
    given = {name: value for name, value in body.items() if value is not None}
    written: dict[str, Any] = to_jsonable_python(given)
    for item in written["input"] if isinstance(written["input"], list) else ():
        if isinstance(item, dict) and isinstance(data := item.pop("provider_data", None), dict):
            item.update({SIGNED: data[SIGNED]} if SIGNED in data else {})
    return written


def _tools(tools: Sequence[Tool], handoffs: Sequence[Handoff[Any, Any]]) -> list[Any]:
    for tool in tools:
        if not isinstance(tool, _TOOLS):
            raise _refusal(f"The tool {tool.name!r} is a {type(tool).__name__}, which")
        if isinstance(tool, FunctionTool) and tool.defer_loading:
            raise _refusal(f"The tool {tool.name!r} is loaded by a search for tools, which")
    converted: list[Any] = Converter.convert_tools(list(tools), list(handoffs)).tools
    for each in converted:
        if each["type"] == "namespace":
            raise _refusal(f"The namespace of tools {each['name']!r} is a tool that")
    return converted


def _choice(choice: object) -> object:
    if choice is None or choice in _MODES:
        return choice
    if not isinstance(choice, str):
        raise _refusal(f"tool_choice is a {type(choice).__name__}, which")
    return {"type": "function", "name": choice}


def _text(output: AgentOutputSchemaBase | None, settings: ModelSettings) -> dict[str, Any] | None:
    text: dict[str, Any] = {}
    if settings.verbosity is not None:
        text["verbosity"] = settings.verbosity
    if output is not None and not output.is_plain_text():
        text["format"] = {
            "type": "json_schema",
            "name": "final_output",
            "schema": output.json_schema(),
            "strict": output.is_strict_json_schema(),
        }
    return text or None


def _refusal(what: str) -> UserError:
    return UserError(
        f"{what} only OpenAI's own service has. Give the agent a function_tool, a CustomTool, a"
        " LocalShellTool or an MCP server in its place."
    )
