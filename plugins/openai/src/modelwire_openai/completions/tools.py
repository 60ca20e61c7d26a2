"""Tool definitions and the tool choice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.repair import Changes, OfferedTool, ToolNames, offered_tools
from modelwire_openai.compat import Compat
from modelwire_openai.completions.structured import is_strict
from modelwire_openai.strict_tools import not_strict

__all__ = ["tool_fields"]

_MODES = {"auto": "auto", "none": "none", "any": "required"}


def tool_fields(
    context: Context,
    options: CompletionOptions,
    compat: Compat,
    names: ToolNames,
    changes: Changes,
    *,
    has_calls: bool,
) -> dict[str, Any]:
    """Write `tools` and `tool_choice`.

    Args:
        context: Holds the tools.
        options: Says which of them may or must be called.
        compat: How the service deviates from OpenAI.
        names: The names of the tools on the wire.
        changes: The record of changes.
        has_calls: Whether the conversation holds tool calls.

    Raises:
        InvalidRequest: The choice demands a tool that does not exist.
    """
    choice = options.tool_choice
    tools: dict[str, dict[str, Any]] = {}
    for tool in offered_tools(context.tools, names, changes):
        tools[tool.name] = _tool(tool, compat, changes)
    if choice is not None and choice.mode == "tool" and choice.name not in tools:
        msg = f"The tool choice demands {choice.name!r}, which is not among the tools."
        raise InvalidRequest(msg, hint=f"Choose one of {', '.join(tools) or 'no tools at all'}.")
    if not tools:
        if choice is not None and choice.mode == "any":
            raise InvalidRequest("The tool choice demands a call, and there are no tools.")
        return {"tools": []} if has_calls and compat.sends_empty_tools else {}
    if choice is None:
        return {"tools": list(tools.values())}
    if choice.mode in ("any", "tool") and not compat.supports_required_tool_choice:
        changes.rewritten("options.tool_choice", "The service cannot demand a call; it is 'auto'.")
        return {"tools": list(tools.values()), "tool_choice": "auto"}
    if choice.mode != "tool":
        return {"tools": list(tools.values()), "tool_choice": _MODES[choice.mode]}
    named = choice.name or ""
    if not compat.supports_named_tool_choice:
        changes.rewritten(
            "options.tool_choice", "The service cannot demand one tool; it is left no other."
        )
        return {"tools": [tools[named]], "tool_choice": "required"}
    function = {"name": names.wire(named)}
    return {
        "tools": list(tools.values()),
        "tool_choice": {"type": "function", "function": function},
    }


def _tool(tool: OfferedTool, compat: Compat, changes: Changes) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.wire_name}
    if tool.description is not None:
        function["description"] = tool.description
    schema = tool.parameters
    refused = compat.unsupported_tool_schema_keywords
    without = _without(schema, refused) if refused else schema
    if without != schema:
        changes.rewritten(f"{tool.path}.parameters", f"The service refuses {', '.join(refused)}.")
    function["parameters"] = {"type": "object", **without}
    # OpenAI refuses an object without them.
    function["parameters"].setdefault("properties", {})
    if compat.supports_strict_mode:
        function["strict"] = bool(tool.strict) and is_strict(function["parameters"])
    if tool.strict and not function.get("strict"):
        changes.dropped(f"{tool.path}.strict", not_strict(known=compat.supports_strict_mode))
    return {"type": "function", "function": function}


_NAMED = ("properties", "$defs", "definitions", "patternProperties")


def _without(schema: Any, keywords: Collection[str]) -> Any:
    """A schema without some keywords; names of properties are no keywords."""
    if isinstance(schema, list):
        return [_without(item, keywords) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            kept[key] = {name: _without(part, keywords) for name, part in value.items()}
        elif key not in keywords:
            kept[key] = _without(value, keywords)
    return kept
