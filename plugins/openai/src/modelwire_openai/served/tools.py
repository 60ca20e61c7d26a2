"""Tools and tool choices of OpenAI's APIs, which differ only in how deep they are nested."""

from __future__ import annotations

from typing import Any, Final

from modelwire.dialects import BadRequest, Fields
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool, ToolCall

__all__ = [
    "INPUT",
    "custom_input",
    "read_custom",
    "read_function",
    "read_signature",
    "read_tool_choice",
    "signature_of",
]

INPUT: Final = "input"
"""The one argument of the function that a free-form tool becomes."""

_MODES: Final = {"auto": "auto", "none": "none", "required": "any"}


def read_function(given: Fields) -> Tool:
    """Read the name, the description and the schema of a function."""
    parameters = given.object("parameters")
    schema = dict(parameters.data) if parameters is not None else {}
    return Tool(
        given.need_text("name"),
        given.text("description") or "",
        {"type": "object", "properties": {}} | schema,
        given.flag("strict"),
    )


def read_custom(given: Fields) -> Tool:
    """Read a free-form tool as a function with one text, which every model can call."""
    description = given.text("description") or ""
    form = given.object("format")
    if form is not None and form.text("type") == "grammar":
        grammar = form.object("grammar") or form
        syntax, definition = grammar.text("syntax"), grammar.text("definition")
        description = f"{description}\n\nThe input follows this {syntax} grammar:\n{definition}"
    schema = {
        "type": "object",
        "properties": {INPUT: {"type": "string", "description": "The input, as plain text."}},
        "required": [INPUT],
        "additionalProperties": False,
    }
    return Tool(given.need_text("name"), description.strip(), schema)


def custom_input(arguments: dict[str, Any]) -> str:
    """The text that a call of a free-form tool has as its argument."""
    value = arguments.get(INPUT)
    return value if isinstance(value, str) else ""


def signature_of(call: ToolCall) -> dict[str, Any]:
    """What a provider signed, in the field in which Google's APIs have it; nothing without a signature."""
    if not call.signature:
        return {}
    return {"extra_content": {"google": {"thought_signature": call.signature}}}


def read_signature(call: Fields) -> str | None:
    """Read the signature of an earlier call."""
    extra = call.object("extra_content")
    google = extra.object("google") if extra is not None else None
    return google.text("thought_signature") if google is not None else None


def read_tool_choice(body: Fields) -> tuple[ToolChoice | None, frozenset[str] | None]:
    """Read `tool_choice`.

    Returns:
        The choice, and the names of the tools that may be called where the choice limits them.

    Raises:
        BadRequest: It is not a tool choice.
    """
    value = body.any("tool_choice")
    if value is None:
        return None, None
    if isinstance(value, str):
        if value not in _MODES:
            raise body.error("tool_choice", f"one of {', '.join(_MODES)}, or an object")
        return ToolChoice.parse(_MODES[value]), None
    if not isinstance(value, dict):
        raise body.error("tool_choice", f"one of {', '.join(_MODES)}, or an object")
    choice = Fields(value, "tool_choice")
    kind = choice.need_text("type")
    if kind == "allowed_tools":
        inner = choice.object("allowed_tools") or choice
        mode = inner.one_of("mode", {"auto": "auto", "required": "any"}) or "auto"
        names = frozenset(_name(tool) for tool in inner.objects("tools"))
        return ToolChoice.parse(mode), names
    if kind in ("function", "custom"):
        return ToolChoice("tool", _name(choice)), None
    msg = f"tool_choice of the type {kind!r} is not supported."
    raise BadRequest(msg, param="tool_choice")


def _name(choice: Fields) -> str:
    """The name of a tool, which Chat Completions nests under its type."""
    nested = choice.object(choice.text("type") or "function")
    return (nested or choice).need_text("name")
