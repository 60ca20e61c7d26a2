"""Messages of Converse, read into a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from modelwire.dialects import (
    BadRequest,
    Fields,
    ServedCall,
    assistant_turn,
    decode_base64,
    user_turns,
)
from modelwire.messages import (
    AssistantContent,
    File,
    GuardContent,
    Image,
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

__all__ = ["ConverseReader"]

_IMAGES: Final = {form: f"image/{form}" for form in ("png", "jpeg", "gif", "webp")}
_DOCUMENTS: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_VIDEOS: Final = {
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}
_AUDIO: Final = {"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg"}
_FORMATS: Final = {"image": _IMAGES, "document": _DOCUMENTS, "video": _VIDEOS, "audio": _AUDIO}


class ConverseReader:
    """Reads `system` and `messages`.

    Args:
        model: The model that is called.
        upstream: The API in which it is called.
        call: Where is recorded what is not passed on.

    Attributes:
        cached: Whether a cache point was found.
        long: Whether one requests an hour.
    """

    def __init__(self, model: Model, upstream: str, call: ServedCall) -> None:
        self._model = model
        self._upstream = upstream
        self._call = call
        self._names: dict[str, str] = {}
        self.cached = False
        self.long = False

    def system(self, body: Fields) -> str | None:
        """Read `system`, blocks of text."""
        texts = []
        for block in body.objects("system"):
            if block.any("cachePoint") is not None:
                self.cache_point(block)
            elif block.any("text") is not None:
                texts.append(block.need_text("text"))
            else:
                self._call.note(block.path, "Only text is passed on in the system prompt.")
        return "\n\n".join(text for text in texts if text) or None

    def messages(self, body: Fields) -> list[Message]:
        """Read `messages`.

        Raises:
            BadRequest: A message is not well formed, or there are none.
        """
        read: list[Message] = []
        for given in body.objects("messages"):
            role = given.need_text("role")
            if role == "assistant":
                blocks = [
                    part
                    for block in given.objects("content")
                    for part in self._assistant_parts(block)
                ]
                read.append(assistant_turn(blocks, self._model, self._upstream))
            elif role == "user":
                read += user_turns(self._user(given))
            else:
                raise given.error("role", "one of user, assistant")
        if not read:
            msg = "messages must hold at least one message."
            raise BadRequest(msg, param="messages")
        return read

    def cache_point(self, block: Fields) -> None:
        """Note a cache point."""
        point = block.object("cachePoint")
        self.cached = True
        self.long = self.long or (point is not None and point.text("ttl") == "1h")

    def _user(self, given: Fields) -> Iterator[UserContent | ToolResultMessage]:
        for block in given.objects("content"):
            result = block.object("toolResult")
            if result is None:
                yield from self._block(block)
            else:
                yield self._result(result)

    def _result(self, result: Fields) -> ToolResultMessage:
        call_id = result.need_text("toolUseId")
        content: list[UserContent] = []
        for part in result.objects("content"):
            if part.any("json") is not None:
                content.append(Text(msgspec.json.encode(part.any("json")).decode()))
            else:
                content += self._block(part)
        failed = result.text("status") == "error"
        return ToolResultMessage(call_id, self._names.get(call_id, "tool"), content, failed)

    def _block(self, block: Fields) -> Iterator[UserContent]:
        if block.any("text") is not None:
            yield Text(block.need_text("text"))
        elif block.any("cachePoint") is not None:
            self.cache_point(block)
        elif (found := block.object("searchResult")) is not None:
            pieces = tuple(part.need_text("text") for part in found.objects("content"))
            yield SearchResult(found.need_text("source"), found.need_text("title"), pieces)
        elif (found := block.object("guardContent")) is not None:
            yield _guarded(found)
        else:
            kind = next((kind for kind in _FORMATS if block.any(kind) is not None), None)
            if kind is None:
                names = ", ".join(block.data)
                self._call.note(block.path, f"A block with {names or 'nothing'} is not passed on.")
            else:
                yield _media(block, kind)

    def _assistant_parts(self, block: Fields) -> Iterator[AssistantContent]:
        if block.any("text") is not None:
            yield Text(block.need_text("text"))
        elif (used := block.object("toolUse")) is not None:
            call_id, name = used.need_text("toolUseId"), used.need_text("name")
            self._names[call_id] = name
            given = used.object("input")
            arguments: dict[str, Any] = dict(given.data) if given is not None else {}
            yield ToolCall(call_id, name, arguments)
        elif (thought := block.object("reasoningContent")) is not None:
            yield _thinking(thought)
        elif block.any("cachePoint") is not None:
            self.cache_point(block)
        elif (cited := block.object("citationsContent")) is not None:
            yield Text("".join(part.text("text") or "" for part in cited.objects("content")))
        else:
            self._call.note(block.path, "A block of this kind is not passed on.")


def _thinking(thought: Fields) -> Thinking:
    if thought.any("redactedContent") is not None:
        return Thinking.from_redacted(_blob(thought, "redactedContent"))
    text = thought.object("reasoningText")
    if text is None:
        raise thought.error("reasoningText", "an object")
    return Thinking(text.text("text") or "", text.text("signature"))


def _guarded(found: Fields) -> GuardContent:
    text = found.object("text")
    if text is None:
        raise found.error("text", "an object")
    return GuardContent(text.need_text("text"), text.texts("qualifiers"))  # type: ignore[arg-type] # checked by the provider


def _media(block: Fields, kind: str) -> Image | File | MediaUrl:
    given = block.object(kind)
    source = given.object("source") if given is not None else None
    if given is None or source is None:
        raise block.error(kind, "an object with a source")
    form = given.one_of("format", _FORMATS[kind]) or "text/plain"
    name = given.text("name")
    stored = source.object("s3Location")
    if stored is not None:
        return MediaUrl(stored.need_text("uri"), form, name, stored.text("bucketOwner"))
    text = source.text("text")
    data = _blob(source, "bytes") if text is None else text.encode()
    if kind == "image":
        return Image(data, form)
    citations = given.object("citations")
    cites = citations.flag("enabled") if citations is not None else None
    return File(data, form, name, cites, given.text("context"))


def _blob(fields: Fields, name: str) -> bytes:
    """A blob, which is base64 in JSON, and bytes in the dictionaries of Python programs."""
    given = fields.any(name)
    if isinstance(given, bytes):
        return given
    return decode_base64(fields.need_text(name), fields.place(name))
