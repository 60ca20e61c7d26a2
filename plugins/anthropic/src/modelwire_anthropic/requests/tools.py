"""The tools that a model may call, and whether it must."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Tool
from modelwire.repair import clean_json, clean_text, is_blank
from modelwire_anthropic.requests.conversing import Conversing

__all__ = ["tool_fields"]

_MODES = {"auto": "auto", "none": "none", "any": "any"}


def tool_fields(
    context: Context, options: CompletionOptions, to: Conversing, *, thinks: bool
) -> dict[str, Any]:
    """Write `tools` and `tool_choice`.

    Raises:
        InvalidRequest: The choice demands a tool that there is not.
    """
    tools: dict[str, dict[str, Any]] = {}
    for index, tool in enumerate(context.tools):
        path = f"tools[{index}]"
        if tool.name in tools:
            to.changes.dropped(path, f"There is another tool {tool.name!r} before it.")
        else:
            tools[tool.name] = _tool(tool, path, to)
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
    if thinks and choice.mode in ("any", "tool"):
        reason = "A model that thinks cannot be made to call a tool; it may."
        to.changes.rewritten("options.tool_choice", reason)
        fields["tool_choice"] = {"type": "auto"}
    elif choice.mode == "tool":
        fields["tool_choice"] = {"type": "tool", "name": to.names.wire(choice.name or "")}
    else:
        fields["tool_choice"] = {"type": _MODES[choice.mode]}
    return fields


def _tool(tool: Tool, path: str, to: Conversing) -> dict[str, Any]:
    name = to.names.wire(tool.name)
    if name != tool.name:
        reason = "A tool's name is letters, digits, _ and -, at most 64."
        to.changes.rewritten(f"{path}.name", reason)
    written: dict[str, Any] = {"name": name}
    if not is_blank(description := clean_text(tool.description)):
        written["description"] = description
    schema = clean_json(tool.parameters)
    if not isinstance(schema, dict):
        reason = "The schema was not a JSON object; it says any object."
        to.changes.rewritten(f"{path}.parameters", reason)
        schema = {}
    elif schema != tool.parameters:
        to.changes.rewritten(f"{path}.parameters", "The schema held what JSON or UTF-8 cannot say.")
    written["input_schema"] = {**schema, "type": "object"}
    return written
