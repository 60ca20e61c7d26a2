"""The tools that a model may call, and whether it must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, ToolResultMessage
from modelwire.models import Model
from modelwire.repair import OfferedTool, names_in, offered_tools
from modelwire_local.chat.rendering import Rendering
from modelwire_local.json_schema.grammar import check_schema
from modelwire_local.template import ChatTemplate

__all__ = ["ToolOffer", "needs_template", "takes_tools", "tool_offer"]


def takes_tools(model: Model) -> bool:
    """Whether a model of the user's own may get tools: unless it is declared to call none."""
    return model.tools is not False and model.extra.get("tools") is not False


@frozen
class ToolOffer:
    """The tools that a request offers, and how.

    Attributes:
        tools: The tools.
        must_call: Whether one of them has to be called.
        by_prompt: Whether prompts of ours have them called, instead of the chat template.
        fields: The tools as a part of the request, for the chat template.
    """

    tools: tuple[OfferedTool, ...] = ()
    must_call: bool = False
    by_prompt: bool = False
    fields: Mapping[str, Any] = field(factory=dict)

    @property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schemas of the tools' arguments, by the names in the request."""
        return {tool.wire_name: tool.parameters for tool in self.tools}


def tool_offer(
    context: Context, options: CompletionOptions, rendering: Rendering, *, embedded: bool
) -> ToolOffer:
    """Decide which tools are offered, and how.

    Where the model may choose, a chat template that renders tools and calls does it, and the engine
    reads its form of calls. Prompts of ours do it otherwise: the engine lets a demanded call out, and
    holds no answer to a schema beside tools. The embedded model would call without end, so it answers
    a result in words, unless a call is demanded.

    Args:
        context: Holds the tools.
        options: Says which of them may or must be called.
        rendering: The model, and what its chat template renders.
        embedded: Whether it is the embedded model.

    Raises:
        InvalidRequest: The model is declared to call no tools, an unknown tool is demanded,
            or the schema of a tool is not supported.
    """
    choice = options.tool_choice
    mode = "auto" if choice is None else choice.mode
    _check_demand(context, options)
    if not context.tools:
        return ToolOffer()
    model, changes = rendering.model, rendering.changes
    if mode == "none":
        changes.dropped("tools", "No tool may be called, so the prompt holds none.")
        return ToolOffer()
    if not takes_tools(model):
        msg = f"The model {model.id} cannot call tools, and the context has {len(context.tools)}."
        raise InvalidRequest(msg, hint="Choose a model that can, or leave the tools out.")
    if embedded and mode == "auto" and isinstance(context.messages[-1], ToolResultMessage):
        changes.dropped("tools", "The model answers a tool's result in words.")
        return ToolOffer()
    tools = [
        evolve(tool, parameters=_of_an_object(tool.parameters))
        for tool in offered_tools(context.tools, rendering.names, changes)
    ]
    for tool in tools:
        check_schema(tool.parameters, f"{tool.path}.parameters")
    if choice is not None and mode == "tool":
        tools = [tool for tool in tools if tool.name == choice.name]
    must_call = mode != "auto"
    schema = options.response_schema
    reason = _why_by_prompt(rendering.template, must_call=must_call, structured=schema is not None)
    if reason is None:
        fields = {"tools": [_tool(tool) for tool in tools]}
        return ToolOffer(tuple(tools), fields=fields)
    if not embedded:
        changes.rewritten("tools", f"{reason} Prompts and a grammar have them called.")
    return ToolOffer(tuple(tools), must_call, by_prompt=True)


def _why_by_prompt(template: ChatTemplate, *, must_call: bool, structured: bool) -> str | None:
    """Why the chat template does not have the tools called; `None` where it does."""
    if not template.calls_tools:
        return "The chat template leaves tools out of the prompt."
    if must_call:
        return "The engine cannot demand a call in the chat template's form."
    if structured:
        return "The chat template cannot call tools where an answer follows a schema."
    return None


def _of_an_object(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that says that it is one of an object, and names its properties, if any."""
    whole = {"type": "object", **parameters}
    known = {"additionalProperties", "allOf", "anyOf", "oneOf", "$ref", "properties"}
    return whole if known & set(whole) else {**whole, "properties": {}}


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


def _tool(tool: OfferedTool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.wire_name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.parameters
    return {"type": "function", "function": function}


def needs_template(context: Context) -> bool:
    """Whether it matters what the chat template renders: there are tools, calls or results."""
    return bool(names_in(context))
