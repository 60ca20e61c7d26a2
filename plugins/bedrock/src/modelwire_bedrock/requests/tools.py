"""The tools that a model may call, as `toolConfig`."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context, Tool
from modelwire.repair import Changes, ToolNames, clean_json, clean_text, is_blank
from modelwire_bedrock.families import Family

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
        thinks: Whether Claude thinks in this request, which does not go with a forced call.

    Raises:
        InvalidRequest: The choice demands a tool that there is not.
    """
    if not offers_tools(context, options):
        if context.tools:
            changes.dropped("tools", "The tool choice is none.")
        return None
    specs: dict[str, dict[str, Any]] = {}
    for index, tool in enumerate(context.tools):
        path = f"tools[{index}]"
        if tool.name in specs:
            changes.dropped(path, f"There is another tool {tool.name!r} before it.")
            continue
        specs[tool.name] = _spec(tool, path, names, changes)
    config: dict[str, Any] = {"tools": [{"toolSpec": specs[name]} for name in sorted(specs)]}
    choice = _choice(options.tool_choice, family, names, specs, changes, thinks=thinks)
    if choice is not None:
        config["toolChoice"] = choice
    return config


def _spec(tool: Tool, path: str, names: ToolNames, changes: Changes) -> dict[str, Any]:
    name = names.wire(tool.name)
    if name != tool.name:
        changes.rewritten(f"{path}.name", "A tool's name is letters, digits, _ and -, at most 64.")
    spec: dict[str, Any] = {"name": name}
    if not is_blank(description := clean_text(tool.description)):
        spec["description"] = description
    schema = clean_json(tool.parameters)
    if not isinstance(schema, dict):
        changes.rewritten(
            f"{path}.parameters", "The schema was not a JSON object; it says any object."
        )
        schema = {"properties": {}}
    elif schema != tool.parameters:
        changes.rewritten(f"{path}.parameters", "The schema held what JSON or UTF-8 cannot say.")
    if "type" not in schema:
        changes.added(f"{path}.parameters.type", "The arguments of a tool are an object.")
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
    if mode in ("any", "tool") and thinks:
        changes.rewritten(
            "options.tool_choice", "While Claude thinks no call can be demanded; it is auto."
        )
        mode = "auto"
    if mode == "tool" and "tool" not in family.tool_choices:
        changes.rewritten(
            "options.tool_choice", f"{family.key} cannot be made to call one tool; it is any."
        )
        mode = "any"
    if mode == "any" and "any" not in family.tool_choices:
        changes.rewritten(
            "options.tool_choice", f"{family.key} cannot be made to call a tool; it is auto."
        )
        mode = "auto"
    if mode == "tool":
        return {"tool": {"name": names.wire(choice.name or "")}}
    # What the family leaves out is what it does anyway.
    return {mode: {}} if mode in family.tool_choices else None
