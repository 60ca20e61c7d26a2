"""Tool definitions and the tool choice, as `toolConfig`."""

from __future__ import annotations

from typing import Any, Literal

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context
from modelwire.repair import Changes, OfferedTool, ToolNames, offered_tools
from modelwire_bedrock.models.families import Family

__all__ = ["offers_tools", "tool_config"]


def offers_tools(context: Context, options: CompletionOptions) -> bool:
    """Whether the request has a list of tools."""
    forbidden = options.tool_choice is not None and options.tool_choice.mode == "none"
    return bool(context.tools) and not forbidden


def tool_config(
    context: Context,
    options: CompletionOptions,
    family: Family,
    names: ToolNames,
    changes: Changes,
    *,
    thinks: bool,
) -> dict[str, Any] | None:
    """Write the tools, sorted by name so that a cached prompt stays valid.

    Args:
        context: Holds the tools.
        options: Says which of them may or must be called.
        family: Knows which choices the model accepts.
        names: The names of the tools on the wire.
        changes: Where changes are recorded.
        thinks: Whether the model thinks in this answer; some cannot be made to call a tool then.

    Raises:
        InvalidRequest: The choice demands a tool that there is not.
    """
    if not offers_tools(context, options):
        if context.tools:
            changes.dropped("tools", "The tool choice is none.")
        return None
    specs = {
        tool.name: _spec(tool, changes) for tool in offered_tools(context.tools, names, changes)
    }
    config: dict[str, Any] = {"tools": [{"toolSpec": specs[name]} for name in sorted(specs)]}
    choice = _choice(options.tool_choice, family, names, specs, changes, thinks=thinks)
    if choice is not None:
        config["toolChoice"] = choice
    return config


def _spec(tool: OfferedTool, changes: Changes) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.wire_name}
    if tool.description is not None:
        spec["description"] = tool.description
    schema = tool.parameters
    if "type" not in schema:
        changes.added(f"{tool.path}.parameters.type", "The arguments of a tool are an object.")
        schema = {"type": "object", **schema}
    return {**spec, "inputSchema": {"json": schema}}


def _choice(
    choice: ToolChoice | None,
    family: Family,
    names: ToolNames,
    specs: dict[str, dict[str, Any]],
    changes: Changes,
    *,
    thinks: bool,
) -> dict[str, Any] | None:
    if choice is None:
        return None
    mode = choice.mode
    if mode == "tool" and choice.name not in specs:
        msg = f"The tool choice demands {choice.name!r}, which is not among the tools."
        raise InvalidRequest(msg, hint=f"Choose one of {', '.join(sorted(specs))}.")
    allowed = family.forced_with_thinking if thinks else family.forced
    if mode in ("any", "tool") and mode not in allowed:
        less: Literal["any", "auto"] = "any" if mode == "tool" and "any" in allowed else "auto"
        when = " while it thinks" if mode in family.forced else ""
        what = "one tool" if mode == "tool" else "a tool"
        changes.rewritten(
            "options.tool_choice",
            f"{family.key} is not made to call {what}{when}; the choice is {less}.",
        )
        mode = less
    if mode == "tool":
        return {"tool": {"name": names.wire(choice.name or "")}}
    # Without a choice the model does what auto says.
    return {mode: {}} if family.choice else None
