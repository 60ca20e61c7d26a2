"""Messages as dictionaries: the form of Chat Completions, which many programs hold, read as messages."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from modelwire.errors import InvalidMessage
from modelwire.messages.arguments import parse_arguments
from modelwire.messages.content import (
    AssistantContent,
    File,
    Image,
    MediaUrl,
    Text,
    ToolCall,
    UserContent,
)
from modelwire.messages.message import (
    AssistantMessage,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.usage import StopReason

__all__ = ["UNKNOWN", "read_messages"]

UNKNOWN = "unknown"
"""The provider and the model of an answer that is given as a dictionary, which does not name them."""

_SYSTEM_ROLES = ("system", "developer")
_ROLES = (*_SYSTEM_ROLES, "user", "assistant", "tool")
_TEXTS = {"text": "text", "refusal": "refusal"}


def read_messages(
    given: Iterable[Message | Mapping[str, Any]],
) -> tuple[list[Message], str | None]:
    """Read messages, of which some or all are dictionaries such as `{"role": "user", "content": "Hi"}`.

    Read are the roles `system`, `developer`, `user`, `assistant` and `tool`; in content, text, refusals,
    images and files within the message (`data:` URLs and base64), images that the service fetches, and
    the blocks of modelwire; and tool calls. Keys that say nothing of the conversation, such as `name`, are left out.

    Returns:
        The messages, and the text of the system messages at the beginning, or `None`.

    Raises:
        InvalidMessage: One of them is not a message; the error names its place, e.g.
            `messages[2].content[0]`.
    """
    messages: list[Message] = []
    system: list[str] = []
    called: dict[str, str] = {}
    for index, each in enumerate(given):
        place = f"messages[{index}]"
        if isinstance(each, Mapping) and each.get("role") in _SYSTEM_ROLES:
            if messages:
                hint = "Put it first, or give the text as `system=`."
                raise _refused(
                    f"{place} is a system message that comes after other messages.", hint
                )
            system.append(_text(each.get("content"), f"{place}.content"))
            continue
        read = _read(each, place, called) if isinstance(each, Mapping) else each
        if not isinstance(read, UserMessage | AssistantMessage | ToolResultMessage):
            raise _refused(f"{place} is {type(read).__name__}, which is not a message.")
        if isinstance(read, AssistantMessage):
            called |= {call.id: call.name for call in read.tool_calls}
        messages.append(read)
    return messages, "\n\n".join(system) if system else None


def _read(given: Mapping[str, Any], place: str, called: Mapping[str, str]) -> Message:
    role, content = given.get("role"), given.get("content")
    match role:
        case "user":
            return UserMessage(_user_content(content, f"{place}.content"))
        case "assistant":
            blocks = _assistant_content(given, place)
            calls = any(isinstance(block, ToolCall) for block in blocks)
            reason = StopReason.TOOL_USE if calls else StopReason.STOP
            return AssistantMessage(blocks, UNKNOWN, UNKNOWN, stop_reason=reason)
        case "tool":
            call = given.get("tool_call_id")
            if not isinstance(call, str) or call not in called:
                raise _refused(f"{place}.tool_call_id is {call!r}, which no earlier tool call has.")
            return ToolResultMessage(call, called[call], _user_content(content, f"{place}.content"))
        case _:
            raise _refused(f"{place}.role is {role!r}; it is one of {', '.join(_ROLES)}.")


def _assistant_content(given: Mapping[str, Any], place: str) -> list[AssistantContent]:
    content, calls = given.get("content"), given.get("tool_calls") or ()
    blocks: list[AssistantContent] = []
    if isinstance(content, str):
        blocks = [Text(content)] if content else []
    elif content is not None:
        blocks = [
            Text(_part_text(part, f"{place}.content[{index}]"))
            for index, part in enumerate(_listed(content, f"{place}.content"))
        ]
    for index, call in enumerate(_listed(calls, f"{place}.tool_calls")):
        blocks.append(_call(call, f"{place}.tool_calls[{index}]"))
    return blocks


def _call(given: object, place: str) -> ToolCall:
    function = given.get("function") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(function, Mapping):
        raise _refused(f"{place} is not a function call.")
    for at, value in ((f"{place}.id", given.get("id")), (f"{place}.name", function.get("name"))):
        if not isinstance(value, str):
            raise _refused(f"{at} is {type(value).__name__}, not text.")
    arguments = function.get("arguments") or ""
    if isinstance(arguments, str):
        try:
            arguments = parse_arguments(arguments)
        except ValueError as error:
            raise _refused(f"The arguments of {place} {error}.") from None
    if not isinstance(arguments, Mapping):
        raise _refused(f"{place}.function.arguments is {type(arguments).__name__}, not JSON text.")
    return ToolCall(given["id"], function["name"], dict(arguments))


def _user_content(content: object, place: str) -> list[UserContent]:
    if isinstance(content, str):
        return [Text(content)]
    return [_block(part, f"{place}[{index}]") for index, part in enumerate(_listed(content, place))]


def _block(part: object, place: str) -> UserContent:
    if isinstance(part, UserContent):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    inner: Any = part.get(kind) if isinstance(part, Mapping) and isinstance(kind, str) else None
    match kind:
        case "image_url":
            url = inner.get("url") if isinstance(inner, Mapping) else inner
            if isinstance(url, str) and url.startswith(("https://", "http://")):
                return MediaUrl(url, _image_type(url))
            return Image(*_data_url(url, f"{place}.image_url"))
        case "input_audio" if isinstance(inner, Mapping):
            sound = _decoded(inner.get("data"), f"{place}.input_audio.data")
            return File(sound, f"audio/{inner.get('format')}")
        case "file" if isinstance(inner, Mapping):
            data, mime_type = _data_url(inner.get("file_data"), f"{place}.file.file_data")
            return File(data, mime_type, inner.get("filename"))
        case _:
            return Text(_part_text(part, place))


def _text(content: object, place: str) -> str:
    if isinstance(content, str):
        return content
    parts = enumerate(_listed(content, place))
    return "\n\n".join(_part_text(part, f"{place}[{index}]") for index, part in parts)


def _part_text(part: object, place: str) -> str:
    if isinstance(part, Text):
        return part.text
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    key = _TEXTS.get(kind) if isinstance(kind, str) else None
    if not isinstance(part, Mapping) or key is None:
        raise _refused(f"{place} is of the type {kind!r}, which cannot be read there.")
    text = part.get(key)
    if not isinstance(text, str):
        raise _refused(f"{place}.{key} is {type(text).__name__}, not text.")
    return text


def _listed(content: object, place: str) -> Sequence[Any]:
    if isinstance(content, Sequence) and not isinstance(content, str | bytes):
        return content
    raise _refused(f"{place} is {type(content).__name__}; it is text or a list of parts.")


def _data_url(url: object, place: str) -> tuple[bytes, str]:
    head, comma, data = url.partition(",") if isinstance(url, str) else ("", "", "")
    scheme, _, described = head.partition(":")
    mime_type, *parameters = described.split(";")
    if scheme != "data" or not comma or "base64" not in parameters or not mime_type:
        hint = "Read the file, as with Image.from_path; only services fetch, and only images by https://."
        raise _refused(f"{place} is not a base64 data: URL.", hint)
    return _decoded(data, place), mime_type


def _image_type(url: str) -> str:
    """The media type of an image that the service fetches, by the name in its address."""
    import mimetypes

    guessed = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    return guessed if guessed.startswith("image/") else "image/*"


def _decoded(data: object, place: str) -> bytes:
    try:
        return base64.b64decode(data if isinstance(data, str) else "?", validate=True)
    except ValueError:
        raise _refused(f"{place} is not base64.") from None


def _refused(message: str, hint: str | None = None) -> InvalidMessage:
    hint = hint or (
        'Use UserMessage, AssistantMessage and ToolResultMessage, or {"role": ..., "content": ...}.'
    )
    return InvalidMessage(message, hint=hint)
