"""Messages of Anthropic's API, read into a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import define

from modelwire.dialects import (
    BadRequest,
    Fields,
    ServedCall,
    assistant_turn,
    decode_base64,
    media_of,
    user_turns,
)
from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    File,
    MediaUrl,
    Message,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserContent,
)
from modelwire.models import Model

__all__ = ["CacheMarks", "read_history", "read_system"]

_REDACTED: Final = "[Reasoning redacted]"


@define
class CacheMarks:
    """The marks of a request that request a prompt cache.

    Attributes:
        any: Whether there is one.
        long: Whether one requests an hour.
    """

    any: bool = False
    long: bool = False

    def note(self, block: Fields) -> None:
        """Look for a mark on a block."""
        control = block.object("cache_control")
        if control is not None:
            self.any = True
            self.long = self.long or control.text("ttl") == "1h"


def read_system(body: Fields, marks: CacheMarks) -> str | None:
    """Read `system`, a text or blocks of text.

    Raises:
        BadRequest: It is neither.
    """
    value = body.any("system")
    if value is None or isinstance(value, str):
        return value or None
    texts = []
    for block in body.objects("system"):
        marks.note(block)
        texts.append(block.need_text("text"))
    return "\n\n".join(text for text in texts if text) or None


def read_history(
    body: Fields, model: Model, upstream: str, call: ServedCall, marks: CacheMarks
) -> list[Message]:
    """Read `messages`.

    Raises:
        BadRequest: A message is not well formed.
    """
    reader = _Reader(model, upstream, call, marks)
    messages = [read for given in body.objects("messages") for read in reader.message(given)]
    if not messages:
        msg = "messages: at least one message is required."
        raise BadRequest(msg, param="messages")
    return messages


class _Reader:
    def __init__(self, model: Model, upstream: str, call: ServedCall, marks: CacheMarks) -> None:
        self._model = model
        self._upstream = upstream
        self._call = call
        self._marks = marks
        self._names: dict[str, str] = {}

    def message(self, given: Fields) -> Iterator[Message]:
        """Read a message; results of tools are messages of their own."""
        role = given.need_text("role")
        if role == "assistant":
            yield self._assistant(given)
        elif role == "user":
            yield from user_turns(self._user(given))
        elif role == "system":
            self._call.note(given.path, "What the system says later is passed on as the user's.")
            yield from user_turns(self._user(given))
        else:
            raise given.error("role", "one of user, assistant")

    def _user(self, given: Fields) -> Iterator[UserContent | ToolResultMessage]:
        content = given.any("content")
        if isinstance(content, str):
            yield Text(content)
            return
        if content is None:
            raise given.error("content", "a string or a list of blocks")
        for block in given.objects("content"):
            self._marks.note(block)
            if block.need_text("type") == "tool_result":
                yield self._result(block)
            else:
                yield from self._block(block)

    def _result(self, block: Fields) -> ToolResultMessage:
        call_id = block.need_text("tool_use_id")
        content = block.any("content")
        parts: list[UserContent] = []
        if isinstance(content, str):
            parts.append(Text(content))
        else:
            for part in block.objects("content"):
                self._marks.note(part)
                parts += self._block(part)
        name = self._names.get(call_id, "tool")
        return ToolResultMessage(call_id, name, parts, block.flag("is_error") or False)

    def _block(self, block: Fields) -> Iterator[UserContent]:
        match block.need_text("type"):
            case "text":
                yield Text(block.need_text("text"))
            case "image" | "document" as kind:
                yield _media(block, kind)
            case "search_result":
                pieces = tuple(part.need_text("text") for part in block.objects("content"))
                yield SearchResult(
                    block.need_text("source"), block.need_text("title"), pieces, _cites(block)
                )
            case "tool_reference":
                yield Text(f"The tool {block.need_text('tool_name')} is there.")
            case kind:
                self._call.note(block.path, f"A block of the type {kind!r} is not passed on.")

    def _assistant(self, given: Fields) -> AssistantMessage:
        content = given.any("content")
        blocks: list[AssistantContent] = []
        if isinstance(content, str):
            blocks.append(Text(content))
        elif content is None:
            raise given.error("content", "a string or a list of blocks")
        else:
            for block in given.objects("content"):
                self._marks.note(block)
                blocks += self._assistant_content(block)
        return assistant_turn(blocks, self._model, self._upstream)

    def _assistant_content(self, block: Fields) -> Iterator[AssistantContent]:
        match block.need_text("type"):
            case "text":
                yield Text(block.need_text("text"))
            case "thinking":
                yield Thinking(block.text("thinking") or "", block.text("signature") or None)
            case "redacted_thinking":
                yield Thinking(_REDACTED, block.need_text("data"), redacted=True)
            case "tool_use":
                call_id, name = block.need_text("id"), block.need_text("name")
                self._names[call_id] = name
                given = block.object("input")
                arguments: dict[str, Any] = dict(given.data) if given is not None else {}
                yield ToolCall(call_id, name, arguments)
            case kind:
                self._call.note(block.path, f"A block of the type {kind!r} is not passed on.")


def _cites(block: Fields) -> bool | None:
    citations = block.object("citations")
    return citations.flag("enabled") if citations is not None else None


def _media(block: Fields, kind: str) -> UserContent:
    source = block.object("source")
    if source is None:
        raise block.error("source", "an object")
    title, context, cites = block.text("title"), block.text("context"), _cites(block)
    usual = "image/jpeg" if kind == "image" else "application/pdf"
    match source.need_text("type"):
        case "base64":
            data = decode_base64(source.need_text("data"), source.place("data"))
            made = media_of(data, source.text("media_type") or usual, title)
            if isinstance(made, File):
                made.citations, made.context = cites, context
            return made
        case "url":
            return MediaUrl(source.need_text("url"), usual, title, citations=cites, context=context)
        case "text":
            text = source.need_text("data").encode()
            return File(text, source.text("media_type") or "text/plain", title, cites, context)
        case "content":
            return File(_plain(source).encode(), "text/plain", title, cites, context)
        case other:
            msg = f"{source.path} has the type {other!r}; the gateway keeps no files."
            raise BadRequest(msg, param=source.place("type"))


def _plain(source: Fields) -> str:
    content = source.any("content")
    if isinstance(content, str):
        return content
    return "\n\n".join(part.text("text") or "" for part in source.objects("content"))
