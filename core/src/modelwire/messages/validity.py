"""The check of a context that a caller passes: the kinds of its blocks, and the types of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages.content import (
    File,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
)
from modelwire.messages.message import (
    AssistantMessage,
    Context,
    Tool,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.tool_memory import ToolMemory
from modelwire.structuring import TOO_DEEP, is_deep, not_json

__all__ = ["check_context", "check_tools"]

_Fields = tuple[tuple[str, type | tuple[type, ...], str], ...]

_TEXT = ("text", str, "a string")
_MEDIA = (("data", (bytes, bytearray, memoryview), "bytes"), ("mime_type", str, "a string"))
_FIELDS: Mapping[type, _Fields] = {
    Text: (_TEXT,),
    Thinking: (_TEXT,),
    Image: _MEDIA,
    File: _MEDIA,
    MediaUrl: (("url", str, "a string"), ("mime_type", str, "a string")),
    SearchResult: (("source", str, "a string"), ("title", str, "a string")),
    GuardContent: (("content", (Text, Image), "a Text or an Image"),),
    ToolCall: (
        ("id", str, "a string"),
        ("name", str, "a string"),
        ("arguments", Mapping, "an object"),
    ),
    ToolResultMessage: (("tool_call_id", str, "a string"), ("tool_name", str, "a string")),
}
_OF_TOOL: _Fields = (
    ("name", str, "a string"),
    ("description", str, "a string"),
    ("parameters", dict, "a JSON Schema as a dict"),
    ("strict", (bool, type(None)), "True, False or None"),
)
_SAID = (Text, Image, File, MediaUrl, SearchResult, GuardContent)
_BLOCKS: Mapping[type, tuple[type, ...]] = {
    UserMessage: _SAID,
    ToolResultMessage: _SAID,
    AssistantMessage: (Text, Thinking, ToolCall),
}


def check_context(context: Context) -> None:
    """Refuse a context that holds anything but messages and content blocks, or a wrong type.

    Types are not checked when messages are made, and no plugin should fail at a caller's mistake.

    Raises:
        InvalidMessage: There is such a thing; `problems` names each place, as
            `messages[0].content[1].text`.
    """
    problems = list(_problems(context))
    if problems:
        msg = "This is not a valid prompt."
        raise InvalidMessage(msg, problems=problems)


def check_tools(tools: Iterable[Any]) -> None:
    """Refuse tools of which one is not a tool, or holds a wrong type.

    Raises:
        InvalidMessage: There is such a thing; `problems` names each place, such as `tools[0].name`.
    """
    problems = [
        problem
        for index, tool in enumerate(tools)
        for problem in _problems_of_tool(tool, f"tools[{index}]")
    ]
    if len(problems) == 1:
        msg = f"{problems[0].path} {problems[0].message}."
        raise InvalidMessage(msg)
    if problems:
        msg = "The tools are not valid."
        raise InvalidMessage(msg, problems=problems)


_sound: ToolMemory[bool] = ToolMemory()


def _problems_of_tool(tool: Any, path: str) -> Iterator[Problem]:
    if isinstance(tool, Tool) and _sound.get(tool):
        return
    found = False
    for problem in _new_problems_of_tool(tool, path):
        found = True
        yield problem
    if not found:
        _sound.keep(tool, found=True)


def _new_problems_of_tool(tool: Any, path: str) -> Iterator[Problem]:
    if not isinstance(tool, Tool):
        yield Problem(path, f"must be a Tool, not {_kind(tool)}; give functions as tools=[...]")
        return
    wrong = list(_wrong_fields(tool, _OF_TOOL, path))
    if wrong:
        yield from wrong
    elif not tool.name:
        yield Problem(f"{path}.name", "must not be empty")
    elif is_deep(tool.parameters):
        yield Problem(f"{path}.parameters", f"is {TOO_DEEP}")
    else:
        foreign = not_json(tool.parameters, f"{path}.parameters")
        if foreign is not None:
            yield Problem(foreign[0], f"must be JSON, not {_kind(foreign[1])}")


def _problems(context: Context) -> Iterator[Problem]:
    # What is declared is not believed here.
    system: Any = context.system_prompt
    if system is not None and not isinstance(system, str):
        yield Problem("system_prompt", f"must be a string, not {_kind(system)}")
    for index, message in enumerate(context.messages):
        if not _is_sound(message):
            yield from _problems_of(message, f"messages[{index}]")


def _is_sound(message: Any) -> bool:
    """Whether a message is as nearly all are: a quick look, since histories are long."""
    kind = type(message)
    by_model = kind is AssistantMessage
    if kind is ToolResultMessage:
        named = type(message.tool_call_id) is str and type(message.tool_name) is str
    else:
        named = by_model or kind is UserMessage
    if not named or type(message.content) is not list:
        return False
    for block in message.content:
        of = type(block)
        if of is Text or (of is Thinking and by_model):
            sound = type(block.text) is str
        else:
            sound = of is ToolCall and by_model and type(block.arguments) is dict
            sound = sound and type(block.id) is str and type(block.name) is str
        if not sound:
            return False
    return True


def _problems_of(message: Any, path: str) -> Iterator[Problem]:
    yield from _wrong_fields(message, _FIELDS.get(type(message), ()), path)
    allowed = _BLOCKS.get(type(message)) or next(
        (blocks for kind, blocks in _BLOCKS.items() if isinstance(message, kind)), ()
    )
    for index, block in enumerate(message.content):
        place = f"{path}.content[{index}]"
        if isinstance(block, allowed):
            yield from _wrong_fields(block, _FIELDS.get(type(block), ()), place)
        elif isinstance(block, str):
            yield Problem(place, "is a string; wrap it in Text")
        else:
            names = ", ".join(kind.__name__ for kind in allowed)
            yield Problem(place, f"must be one of {names}, not {_kind(block)}")


def _wrong_fields(value: Any, fields: _Fields, path: str) -> Iterator[Problem]:
    for name, types, what in fields:
        found = getattr(value, name)
        if not isinstance(found, types):
            yield Problem(f"{path}.{name}", f"must be {what}, not {_kind(found)}")


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__
