"""The tools that a model may call, and whether it must."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model
from modelwire.repair import OfferedTool, names_in, offered_tools
from modelwire_local.chat.rendering import Rendering

__all__ = ["needs_template", "takes_tools", "tool_fields"]


def takes_tools(model: Model) -> bool:
    """Whether a model of the user's own may get tools: unless it is declared to call none."""
    return model.tools is not False and model.extra.get("tools") is not False


def tool_fields(
    context: Context, options: CompletionOptions, rendering: Rendering, *, may_call: bool
) -> dict[str, Any]:
    """Write `tools` and `tool_choice`.

    Args:
        context: Holds the tools.
        options: Says which of them may or must be called.
        rendering: The model, and what its chat template renders.
        may_call: Whether the model may get tools at all.

    Raises:
        InvalidRequest: The model may get no tools, or a call is demanded that it could not make.
    """
    choice = options.tool_choice
    mode = "auto" if choice is None else choice.mode
    _check_demand(context, options)
    if not context.tools:
        return {}
    if mode == "none":
        reason = "No tool may be called, so the prompt holds none."
        rendering.changes.dropped("tools", reason)
        return {}
    model = rendering.model
    if not may_call:
        msg = f"The model {model.id} cannot call tools, and the context has {len(context.tools)}."
        raise InvalidRequest(msg, hint="Choose a model that can, or leave the tools out.")
    if obstacle := _obstacle(options, rendering):
        if mode != "auto":
            msg = f"The tool choice demands a call, and {model.id} cannot make one. {obstacle}"
            hint = "Leave the tool choice out, or choose another model."
            raise InvalidRequest(msg, hint=hint)
        rendering.changes.dropped("tools", obstacle)
        return {}
    tools = list(offered_tools(context.tools, rendering.names, rendering.changes))
    if choice is not None and mode == "tool":
        reason = "The engine cannot demand one tool; it gets no other."
        rendering.changes.rewritten("options.tool_choice", reason)
        tools = [tool for tool in tools if tool.name == choice.name]
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    return fields if mode == "auto" else {**fields, "tool_choice": "required"}


def _check_demand(context: Context, options: CompletionOptions) -> None:
    """Check that a demanded tool is there.

    Raises:
        InvalidRequest: It is not.
    """
    choice = options.tool_choice
    if choice is None:
        return
    if choice.mode == "any" and not context.tools:
        raise InvalidRequest("The tool choice demands a call, and there are no tools.")
    names = [tool.name for tool in context.tools]
    if choice.mode == "tool" and choice.name not in names:
        msg = f"The tool {choice.name} is demanded but is not among the context's tools."
        raise InvalidRequest(msg, hint=f"Choose one of {', '.join(names) or 'no tools at all'}.")


def _obstacle(options: CompletionOptions, rendering: Rendering) -> str | None:
    """Why the model could not call a tool, in one sentence."""
    if not rendering.template.tools:
        return "Its chat template leaves tools out of the prompt."
    if options.response_schema is not None:
        return "An answer that follows a schema holds no tool calls."
    return None


def _tool(tool: OfferedTool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.wire_name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", **tool.parameters}
    return {"type": "function", "function": function}


def needs_template(context: Context) -> bool:
    """Whether it matters what the chat template renders: there are tools, calls or results."""
    return bool(names_in(context))
