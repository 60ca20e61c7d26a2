"""Repair of tools: each once, under a legal name, with a schema that is JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from modelwire.messages import Tool, ToolCall
from modelwire.messages.tool_memory import ToolMemory
from modelwire.repair.changes import Changes
from modelwire.repair.names import ToolNames
from modelwire.repair.text import clean_json, clean_text, is_blank
from modelwire.structuring import TOO_DEEP, is_deep

__all__ = ["OfferedTool", "clean_arguments", "offered_tools"]


@frozen
class OfferedTool:
    """A tool, in the form for a request.

    Attributes:
        path: Its place, such as `tools[1]`.
        name: Its own name.
        wire_name: Its name on the wire.
        description: What it does, or `None` where there is no description.
        parameters: The JSON Schema of its arguments; it may lack a `type`.
        strict: Whether the schema is to be enforced, or `None` where the tool does not say.
    """

    path: str
    name: str
    wire_name: str
    description: str | None
    parameters: dict[str, Any]
    strict: bool | None = None


def offered_tools(
    tools: Iterable[Tool], names: ToolNames, changes: Changes
) -> Iterator[OfferedTool]:
    """Iterate the tools in order; of those that share a name the first one counts.

    Args:
        tools: The tools.
        names: Their names on the wire.
        changes: The record of changes.
    """
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        path = f"tools[{index}]"
        if tool.name in seen:
            changes.dropped(path, f"There is another tool {tool.name!r} before it.")
            continue
        seen.add(tool.name)
        wire_name = names.sent(tool.name, path, changes)
        description = clean_text(tool.description)
        yield OfferedTool(
            path=path,
            name=tool.name,
            wire_name=wire_name,
            description=None if is_blank(description) else description,
            parameters=_schema(tool, path, changes),
            strict=tool.strict,
        )


_clean: ToolMemory[dict[str, Any]] = ToolMemory()
"""Schemas in which nothing had to be changed, copied."""


def _schema(tool: Tool, path: str, changes: Changes) -> dict[str, Any]:
    kept = _clean.get(tool)
    if kept is not None:
        return kept
    schema = clean_json(tool.parameters)
    if not isinstance(schema, dict):
        wrong = TOO_DEEP if is_deep(tool.parameters) else "not a JSON object"
        reason = f"The schema was {wrong}; it says any object."
        changes.rewritten(f"{path}.parameters", reason)
        return {"properties": {}}
    if schema != tool.parameters:
        changes.rewritten(f"{path}.parameters", "The schema held what JSON or UTF-8 cannot say.")
    else:
        _clean.keep(tool, schema)
    return schema


def clean_arguments(call: ToolCall, path: str, changes: Changes) -> dict[str, Any]:
    """The arguments as a JSON object, which every provider requires; old sessions may have others.

    Args:
        call: The call; arguments that are JSON text are read.
        path: Its place, such as `messages[3].content[0]`.
        changes: The record of changes.
    """
    given: object = call.arguments
    value = given
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    cleaned = clean_json(value)
    if not isinstance(cleaned, dict):
        wrong = TOO_DEEP if is_deep(value) else "not a JSON object"
        reason = f"The arguments were {wrong}; an empty object is sent."
        changes.rewritten(f"{path}.arguments", reason)
        return {}
    if cleaned != given:
        reason = "The arguments held what JSON or UTF-8 cannot say."
        changes.rewritten(f"{path}.arguments", reason)
    return cleaned
