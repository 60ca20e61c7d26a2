"""Tool definitions and the tool choice."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.repair import OfferedTool, offered_tools
from modelwire_anthropic.messages.rendering import Rendering

__all__ = ["tool_fields"]

_MODES = {"auto": "auto", "none": "none", "any": "any"}


def tool_fields(
    context: Context,
    options: CompletionOptions,
    rendering: Rendering,
    *,
    thinks: bool,
    forced_calls: bool = True,
) -> dict[str, Any]:
    """Write `tools` and `tool_choice`.

    Args:
        context: Offers the tools.
        options: Says what is to be called.
        rendering: The names of the tools, and the record of changes.
        thinks: Whether thinking is requested.
        forced_calls: Whether the model can be made to call a tool at all.

    Raises:
        InvalidRequest: The choice demands a tool that does not exist.
    """
    tools = {
        tool.name: _tool(tool)
        for tool in offered_tools(context.tools, rendering.names, rendering.changes)
    }
    choice = options.tool_choice
    if choice is not None and choice.mode == "tool" and choice.name not in tools:
        msg = f"The tool choice demands {choice.name!r}, which is not among the tools."
        raise InvalidRequest(msg, hint=f"Choose one of {', '.join(tools) or 'no tools at all'}.")
    if not tools:
        if choice is not None and choice.mode == "any":
            msg = "The tool choice demands a call, and there are no tools."
            raise InvalidRequest(msg)
        return {}
    fields: dict[str, Any] = {"tools": list(tools.values())}
    if choice is None:
        return fields
    if choice.mode in ("any", "tool") and (thinks or not forced_calls):
        reason = "A model that thinks cannot be made to call a tool; it may."
        rendering.changes.rewritten("options.tool_choice", reason)
        fields["tool_choice"] = {"type": "auto"}
    elif choice.mode == "tool":
        fields["tool_choice"] = {"type": "tool", "name": rendering.names.wire(choice.name or "")}
    else:
        fields["tool_choice"] = {"type": _MODES[choice.mode]}
    return fields


def _tool(tool: OfferedTool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.wire_name}
    if tool.description is not None:
        written["description"] = tool.description
    written["input_schema"] = {**tool.parameters, "type": "object"}
    return written
