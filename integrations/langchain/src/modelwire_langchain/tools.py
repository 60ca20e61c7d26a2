"""Tools, choices of tools and schemas of answers, as LangChain's programs give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool

__all__ = ["invalid", "schema_of", "tool_choice_of", "tool_of"]

_CHOICES = {
    None: None,
    False: None,
    True: "any",
    "any": "any",
    "auto": "auto",
    "none": "none",
    "required": "any",
}
"""LangChain's and OpenAI's words for a choice, as modelwire's."""


def tool_of(described: Mapping[str, Any]) -> Tool:
    """A tool that was described as OpenAI does.

    Raises:
        InvalidRequest: It is no function.
    """
    function = described.get("function")
    if not isinstance(function, Mapping):
        kind = described.get("type")
        raise invalid(f"tools: only functions are tools here, not {kind!r}.")
    return Tool(
        function["name"],
        function.get("description") or "",
        function.get("parameters") or {"type": "object", "properties": {}},
        function.get("strict"),
    )


def tool_choice_of(given: Any) -> ToolChoice | None:
    """Which tool is called: a word, the name of a tool, or an object as OpenAI or Anthropic has it.

    Raises:
        InvalidRequest: It is none of these.
    """
    if isinstance(given, Mapping):
        named = given.get("function", given)
        name = named.get("name") if isinstance(named, Mapping) else None
        if isinstance(name, str):
            return ToolChoice("tool", name)
        given = given.get("type", given)
    if given is None or isinstance(given, bool | str):
        word = _CHOICES.get(given, given)
        return None if word is None else ToolChoice.parse(str(word))
    raise invalid(f"tool_choice is {given!r}; it is auto, any, none, or the name of a tool.")


def schema_of(form: Any) -> dict[str, Any] | None:
    """The schema in a `response_format` of OpenAI.

    Raises:
        InvalidRequest: It is not a schema.
    """
    if form is None:
        return None
    if isinstance(form, Mapping) and form.get("type") == "json_object":
        return {"type": "object"}
    described = form.get("json_schema") if isinstance(form, Mapping) else None
    if isinstance(described, Mapping) and isinstance(described.get("schema"), Mapping):
        return dict(described["schema"])
    raise invalid("response_format is json_object, or json_schema with a schema.")


def invalid(message: str) -> InvalidRequest:
    """The error of a request that cannot be made."""
    return InvalidRequest(message, retryable=False)
