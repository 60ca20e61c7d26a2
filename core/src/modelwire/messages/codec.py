"""The JSON codec of messages, contexts and tools, in pi-ai's camelCase form.

Writing is strict. Reading forgives what old sessions and other programs leave out or write another
way: content as a plain string, tool arguments as JSON text, images as `{source: {...}}`, missing
usage or timestamps, and keys that are not known here. Invalid data is an
`InvalidMessage` that lists every place.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, TypeVar, cast

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages.arguments import parse_arguments
from modelwire.messages.content import (
    AssistantContent,
    File,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    UserContent,
)
from modelwire.messages.depth import deep_parts, deep_parts_of_context
from modelwire.messages.message import (
    AssistantMessage,
    Context,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.usage import Cost, Usage
from modelwire.structuring import (
    TOO_DEEP,
    Converter,
    ValueMistake,
    describe,
    finite_numbers,
    make_converter,
    problems_of,
)

__all__ = [
    "check_depth",
    "context_from_json",
    "context_to_json",
    "converter",
    "message_from_json",
    "message_to_json",
    "read_through",
    "read_union",
    "write_tags",
]

_T = TypeVar("_T")
_Json = dict[str, Any]

_GUARDED: dict[str, type] = {"text": Text, "image": Image}
_USER_BLOCKS: dict[str, type] = {
    **_GUARDED,
    "file": File,
    "mediaUrl": MediaUrl,
    "searchResult": SearchResult,
    "guardContent": GuardContent,
}
_ASSISTANT_BLOCKS: dict[str, type] = {"text": Text, "thinking": Thinking, "toolCall": ToolCall}
_ROLES: dict[str, type] = {
    "user": UserMessage,
    "assistant": AssistantMessage,
    "toolResult": ToolResultMessage,
}


def message_to_json(message: Message) -> _Json:
    """Write a message as plain JSON data.

    Raises:
        InvalidMessage: Data in it is nested too deep; `problems` names each place.
    """
    check_depth(deep_parts(message), "message")
    return cast("_Json", converter().unstructure(message))


def message_from_json(data: object) -> Message:
    """Read a message from plain JSON data.

    Raises:
        InvalidMessage: It is not well formed; every problem is listed.
    """
    message = _read(data, cast("type[Message]", Message), "message")
    check_depth(deep_parts(message), "message")
    return message


def context_to_json(context: Context) -> _Json:
    """Write a context as plain JSON data.

    Raises:
        InvalidMessage: Data in it is nested too deep; `problems` names each place.
    """
    check_depth(deep_parts_of_context(context), "context")
    return cast("_Json", converter().unstructure(context))


def context_from_json(data: object) -> Context:
    """Read a context from plain JSON data; a bare list is taken for its messages.

    Raises:
        InvalidMessage: It is not well formed; every problem is listed.
    """
    context = _read({"messages": data} if isinstance(data, list) else data, Context, "context")
    check_depth(deep_parts_of_context(context), "context")
    return context


def check_depth(places: Iterable[str], what: str) -> None:
    """Refuse data that is nested too deep.

    Args:
        places: The places of such data.
        what: The thing that holds it, such as `message`.

    Raises:
        InvalidMessage: There is such data; `problems` names each place.
    """
    problems = [Problem(place, TOO_DEEP) for place in places]
    if problems:
        msg = f"This is not a valid {what}."
        raise InvalidMessage(msg, problems=problems)


def _read(data: object, kind: type[_T], what: str) -> _T:
    try:
        return converter().structure(data, kind)
    except Exception as error:
        message = f"This is not a valid {what}."
        raise InvalidMessage(message, problems=problems_of(error)) from error


@cache
def converter() -> Converter:
    """The converter that knows every message, block and tool."""
    made = make_converter()
    made.register_structure_hook(bytes, _bytes_from_base64)
    made.register_unstructure_hook(bytes, lambda data: base64.b64encode(data).decode("ascii"))
    read_through(made, Image, _modern_image)
    read_through(made, ToolCall, _modern_tool_call)
    read_through(made, Usage, _modern_usage)
    _write_through(made, Text, _without_no_citations)
    _write_through(made, Thinking, _without_not_redacted)
    _write_through(made, ToolCall, lambda _, data: {**data, **_finite_arguments(data)})
    _write_through(made, Cost, lambda cost, data: {**data, "total": cost.total})
    _write_through(made, Usage, lambda usage, data: {**data, **_totals(usage)})
    write_tags(made, "type", _USER_BLOCKS | _ASSISTANT_BLOCKS)
    read_union(made, Text | Image, "type", _GUARDED)
    read_union(made, UserContent, "type", _USER_BLOCKS)
    read_union(made, AssistantContent, "type", _ASSISTANT_BLOCKS)
    read_through(made, UserMessage, _modern_content)
    read_through(made, ToolResultMessage, _modern_content)
    read_through(made, AssistantMessage, _modern_assistant)
    write_tags(made, "role", _ROLES)
    read_union(made, Message, "role", _ROLES)
    return made


def write_tags(made: Converter, key: str, kinds: Mapping[str, type]) -> None:
    """Let a converter write the kind of each object under `key`."""
    for tag, kind in kinds.items():
        _write_through(made, kind, partial(_tagged, key, tag))


def read_union(made: Converter, union: Any, key: str, kinds: Mapping[str, type]) -> None:
    """Let a converter read a union whose members state their kind under `key`."""

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            msg = f"expected an object, found {describe(value)}"
            raise ValueMistake(msg)
        kind = kinds.get(value.get(key, ""))
        if kind is None:
            found = f"found {describe(value[key])}" if key in value else "it is missing"
            msg = f'"{key}" must be one of {", ".join(kinds)}; {found}'
            raise ValueMistake(msg)
        return made.structure(value, kind)

    made.register_structure_hook_func(lambda candidate: candidate == union, structure)


def read_through(made: Converter, kind: type, modernise: Callable[[_Json], _Json]) -> None:
    """Let a converter bring an object into its current form before it reads it."""
    inner = made.get_structure_hook(kind, cache_result=False)

    def structure(value: Any, target: Any) -> Any:
        return inner(modernise(dict(value)) if isinstance(value, Mapping) else value, target)

    made.register_structure_hook(kind, structure)


def _write_through(made: Converter, kind: type, finish: Callable[[Any, _Json], _Json]) -> None:
    inner = made.get_unstructure_hook(kind, cache_result=False)
    made.register_unstructure_hook(kind, lambda value: finish(value, inner(value)))


def _tagged(key: str, tag: str, _: object, data: _Json) -> _Json:
    return {key: tag, **data}


def _bytes_from_base64(value: Any, _: type) -> bytes:
    if not isinstance(value, str):
        msg = f"expected base64 text, found {describe(value)}"
        raise ValueMistake(msg)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        msg = "this is not valid base64"
        raise ValueMistake(msg) from None


def _modern_image(data: _Json) -> _Json:
    source = data.get("source")
    if "data" not in data and isinstance(source, Mapping):
        media_type = source.get("mediaType") or source.get("media_type")
        data = {**data, "data": source.get("data"), "mimeType": media_type}
    return data


def _modern_tool_call(data: _Json) -> _Json:
    arguments = data.get("arguments")
    if isinstance(arguments, str):
        try:
            data["arguments"] = parse_arguments(arguments)
        except ValueError as error:
            msg = f"the arguments {error}: {describe(arguments)}"
            raise ValueMistake(msg) from None
    return data


def _without_no_citations(text: Text, data: _Json) -> _Json:
    if not text.citations:
        data.pop("citations")
    return data


def _without_not_redacted(thinking: Thinking, data: _Json) -> _Json:
    if not thinking.redacted:
        data.pop("redacted")
    return data


def _finite_arguments(data: _Json) -> _Json:
    return {"arguments": finite_numbers(data["arguments"])}


def _modern_content(data: _Json) -> _Json:
    if isinstance(data.get("content"), str):
        data["content"] = [{"type": "text", "text": data["content"]}]
    return data


def _modern_assistant(data: _Json) -> _Json:
    return {"provider": "", "model": "", **_modern_content(data)}


def _modern_usage(data: _Json) -> _Json:
    if data.get("cost") is None:
        data.pop("cost", None)
    return data


def _totals(usage: Usage) -> _Json:
    totals: _Json = {"totalTokens": usage.total_tokens}
    if usage.cost is None:
        totals["cost"] = None
    return totals
