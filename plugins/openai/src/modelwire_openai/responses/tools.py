"""Tool definitions and the tool choice."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context
from modelwire.repair import Changes, OfferedTool, ToolNames, offered_tools
from modelwire_openai.responses.structured import is_strict
from modelwire_openai.strict_tools import not_strict

__all__ = ["tool_fields"]

_MODES = {"auto": "auto", "none": "none", "any": "required"}


def tool_fields(
    context: Context,
    options: CompletionOptions,
    names: ToolNames,
    changes: Changes,
    *,
    strict: bool,
) -> dict[str, Any]:
    """Write `tools` and `tool_choice`.

    Args:
        context: Holds the tools, which are sent in their order.
        options: Says which of them may or must be called.
        names: The names of the tools on the wire.
        changes: The record of changes.
        strict: Whether the service knows `strict`. Where a tool does not request it, it is sent as
            false, since without a word OpenAI makes a schema strict and refuses those that cannot be.

    Raises:
        InvalidRequest: The choice demands a tool that does not exist.
    """
    tools: dict[str, dict[str, Any]] = {}
    for tool in offered_tools(context.tools, names, changes):
        written = tools[tool.name] = _tool(tool)
        if strict:
            written["strict"] = bool(tool.strict) and is_strict(written["parameters"])
        if tool.strict and not written.get("strict"):
            changes.dropped(f"{tool.path}.strict", not_strict(known=strict))
    fields: dict[str, Any] = {"tools": list(tools.values())} if tools else {}
    choice = options.tool_choice
    if choice is not None and (tools or choice.mode == "tool"):
        fields["tool_choice"] = _choice(choice, names, tools)
    elif choice is not None and choice.mode == "any":
        # Tools of the service itself may be in the parameters.
        fields["tool_choice"] = "required"
    return fields


def _tool(tool: OfferedTool) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "function", "name": tool.wire_name}
    if tool.description is not None:
        written["description"] = tool.description
    schema = tool.parameters
    if "type" not in schema:
        schema = {"type": "object", **schema}
    if schema["type"] == "object" and "properties" not in schema:
        # OpenAI refuses it otherwise: "object schema missing properties" (reported).
        schema = {**schema, "properties": {}}
    return {**written, "parameters": schema}


def _choice(choice: ToolChoice, names: ToolNames, tools: dict[str, dict[str, Any]]) -> Any:
    if choice.mode != "tool":
        return _MODES[choice.mode]
    if choice.name not in tools:
        msg = f"The tool choice demands {choice.name!r}, which is not among the tools."
        hint = f"Choose one of {', '.join(tools)}." if tools else "Give it with the context."
        raise InvalidRequest(msg, hint=hint)
    return {"type": "function", "name": names.wire(choice.name or "")}
