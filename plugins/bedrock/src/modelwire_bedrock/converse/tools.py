"""Tool definitions and the tool choice, as `toolConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context
from modelwire.repair import Changes, OfferedTool, ToolNames, offered_tools
from modelwire_bedrock.converse.schemas import inline_references, tool_schema, unusable
from modelwire_bedrock.converse.strict import StrictBudget
from modelwire_bedrock.converse.structured import strict_schema
from modelwire_bedrock.models.families import Family

__all__ = ["choice_fields", "offers_tools", "tool_config"]

_UNTYPED = ("type", "The arguments of a tool are an object.")


def offers_tools(context: Context, options: CompletionOptions, family: Family) -> bool:
    """Whether the request has a list of tools."""
    if _forbidden(options) and not family.forbids_calls:
        return False
    return any(unusable(tool.parameters) is None for tool in context.tools)


def choice_fields(
    context: Context, options: CompletionOptions, family: Family
) -> Mapping[str, Any]:
    """The model's own field that forbids calls, where tools are offered beside it.

    Without the tools the service would refuse the calls of the history.
    """
    if not (_forbidden(options) and offers_tools(context, options, family)):
        return {}
    return {"tool_choice": {"type": "none"}}


def _forbidden(options: CompletionOptions) -> bool:
    return options.tool_choice is not None and options.tool_choice.mode == "none"


def tool_config(
    context: Context,
    options: CompletionOptions,
    family: Family,
    names: ToolNames,
    changes: Changes,
    *,
    thinks: bool,
    budget: StrictBudget | None = None,
) -> dict[str, Any] | None:
    """Write the tools, sorted by name so that a cached prompt stays valid.

    Args:
        context: Holds the tools.
        options: Says which of them may or must be called.
        family: Knows which choices the model accepts.
        names: The names of the tools on the wire.
        changes: The record of changes.
        thinks: Whether the model thinks in this answer; some cannot be made to call a tool then.
        budget: Counts the strict schemas of the request.

    Raises:
        InvalidRequest: The choice demands a tool that does not exist.
    """
    offered = offers_tools(context, options, family)
    if context.tools and _forbidden(options) and not family.forbids_calls:
        changes.dropped("tools", "The tool choice is none.")
        return None
    budget = budget or StrictBudget(family)
    specs: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for tool in offered_tools(context.tools, names, changes):
        reason = unusable(tool.parameters)
        if reason is not None:
            changes.dropped(tool.path, f"The tool {tool.name!r} is left out. {reason}")
            left_out[tool.name] = reason
            continue
        specs[tool.wire_name] = _spec(tool, family, changes, budget)
    chosen = options.tool_choice.name if options.tool_choice is not None else None
    if chosen in left_out:
        msg = f"The tool choice demands {chosen!r}, which cannot be offered. {left_out[chosen]}"
        raise InvalidRequest(msg, hint="Make the root of its schema an object.")
    if not offered:
        return None
    config: dict[str, Any] = {"tools": [{"toolSpec": specs[name]} for name in sorted(specs)]}
    choice = _choice(options.tool_choice, family, names, specs, changes, thinks=thinks)
    if choice is not None:
        config["toolChoice"] = choice
    return config


def _spec(
    tool: OfferedTool, family: Family, changes: Changes, budget: StrictBudget
) -> dict[str, Any]:
    path = f"{tool.path}.parameters"
    parameters: dict[str, Any] = tool.parameters
    if family.inline_references:
        parameters, changed = inline_references(parameters)
        if changed:
            changes.rewritten(path, f"{family.key} does not follow references; they are inlined.")
    normal = tool_schema(parameters)
    schema = normal.schema
    if normal.notes == (_UNTYPED,):
        changes.added(f"{path}.type", _UNTYPED[1])
    elif normal.notes:
        reasons = " ".join(dict.fromkeys(reason for _, reason in normal.notes))
        changes.rewritten(path, f"Tool {tool.name!r}: {reasons}")
    spec: dict[str, Any] = {"name": tool.wire_name}
    description_parts = [text for text in (tool.description, normal.forms) if text]
    if description_parts:
        spec["description"] = "\n\n".join(description_parts)
    if tool.strict:
        reason = budget.add_tool(schema)
        if reason is not None:
            changes.dropped(f"{tool.path}.strict", reason)
        else:
            spec["strict"] = True
            schema = strict_schema(schema, path, changes)
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
    if choice is None or choice.mode == "none":
        return None
    mode: Literal["auto", "any", "tool"] = choice.mode
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
