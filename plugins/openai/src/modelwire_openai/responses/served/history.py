"""Input items of Responses, read into a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from modelwire.dialects import (
    BadRequest,
    Fields,
    ServedCall,
    assistant_turn,
    media_of_url,
)
from modelwire.messages import (
    AssistantContent,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)
from modelwire.models import Model
from modelwire_openai.completions.served.history import read_arguments
from modelwire_openai.served.media import input_audio
from modelwire_openai.served.tools import INPUT, read_signature

__all__ = ["REDACTED", "read_history"]

REDACTED: Final = "redacted:"
"""The prefix of `encrypted_content` where the thinking itself is hidden."""

_SYSTEM: Final = ("system", "developer")


def read_history(
    body: Fields, model: Model, upstream: str, call: ServedCall
) -> tuple[list[Message], list[str]]:
    """Read `input`: the conversation, and what the system says at its beginning.

    Raises:
        BadRequest: An item is not well formed.
    """
    given = body.any("input")
    if isinstance(given, str):
        return [UserMessage(given)], []
    if not isinstance(given, list) or not given:
        raise body.error("input", "a string or a list of items")
    reader = _Reader(model, upstream, call)
    for item in body.objects("input"):
        reader.item(item)
    reader.flush()
    if not reader.messages:
        msg = "input must hold at least one message of the user."
        raise BadRequest(msg, param="input")
    return reader.messages, [text for text in reader.system if text]


class _Reader:
    """Joins the items of one answer, which are separate in the input."""

    def __init__(self, model: Model, upstream: str, call: ServedCall) -> None:
        self.messages: list[Message] = []
        self.system: list[str] = []
        self._model = model
        self._upstream = upstream
        self._call = call
        self._content: list[AssistantContent] = []
        self._names: dict[str, str] = {}
        self._assistant_items: Mapping[str, Callable[[Fields], AssistantContent | None]] = {
            "reasoning": _reasoning,
            "function_call": self._function_call,
            "custom_tool_call": self._custom_call,
            "local_shell_call": self._shell_call,
        }

    def item(self, item: Fields) -> None:
        """Read an item."""
        kind = item.text("type") or "message"
        if kind == "message":
            self._message(item)
        elif kind in self._assistant_items:
            block = self._assistant_items[kind](item)
            if block is not None:
                self._content.append(block)
        elif kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
            self.flush()
            self.messages.append(self._result(item))
        elif kind == "item_reference":
            msg = f"{item.path} refers to a stored item, and none are stored; send the item itself."
            raise BadRequest(msg, param=item.path)
        else:
            self._call.note(item.path, f"An item of the type {kind!r} is not passed on.")

    def flush(self) -> None:
        """End the answer whose items came last."""
        if self._content:
            self.messages.append(assistant_turn(self._content, self._model, self._upstream))
            self._content = []

    def _message(self, item: Fields) -> None:
        role = item.need_text("role")
        if role == "assistant":
            self._content += [Text(text) for text in _texts(item) if text]
            return
        self.flush()
        if role in _SYSTEM:
            text = "\n\n".join(_texts(item))
            if not self.messages:
                self.system.append(text)
                return
            self._call.note(item.path, "What the system says later is passed on as the user's.")
            self.messages.append(UserMessage(text))
        elif role == "user":
            self.messages.append(UserMessage(list(_content(item, "content"))))
        else:
            raise item.error("role", "one of user, assistant, system, developer")

    def _function_call(self, item: Fields) -> ToolCall:
        call_id, name = self._named(item)
        return ToolCall(call_id, name, read_arguments(item), read_signature(item))

    def _custom_call(self, item: Fields) -> ToolCall:
        call_id, name = self._named(item)
        given = {INPUT: item.text("input") or ""}
        return ToolCall(call_id, name, given, read_signature(item))

    def _shell_call(self, item: Fields) -> ToolCall:
        call_id = item.text("call_id") or item.need_text("id")
        self._names[call_id] = "local_shell"
        action = item.object("action")
        given = {} if action is None else dict(action.data)
        given.pop("type", None)
        return ToolCall(call_id, "local_shell", given, read_signature(item))

    def _named(self, item: Fields) -> tuple[str, str]:
        call_id, name = item.need_text("call_id"), item.need_text("name")
        self._names[call_id] = name
        return call_id, name

    def _result(self, item: Fields) -> ToolResultMessage:
        call_id = item.text("call_id") or item.need_text("id")
        content = list(_content(item, "output"))
        return ToolResultMessage(call_id, self._names.get(call_id, "tool"), content)


def _texts(item: Fields) -> Iterator[str]:
    content = item.any("content")
    if isinstance(content, str):
        yield content
    elif content is not None:
        for part in item.objects("content"):
            yield part.text("text") or part.text("refusal") or ""


def _reasoning(item: Fields) -> Thinking | None:
    parts = [*item.objects("summary"), *item.objects("content")]
    text = "\n\n".join(part.text("text") or "" for part in parts)
    sealed = item.text("encrypted_content")
    if sealed is not None and sealed.startswith(REDACTED):
        return Thinking("[Reasoning redacted]", sealed.removeprefix(REDACTED), redacted=True)
    return Thinking(text, sealed) if text or sealed else None


def _content(item: Fields, name: str) -> Iterator[UserContent]:
    value = item.any(name)
    if isinstance(value, str):
        yield Text(value)
        return
    if value is None:
        raise item.error(name, "a string or a list of parts")
    for part in item.objects(name):
        yield _part(part)


def _part(part: Fields) -> UserContent:
    match part.need_text("type"):
        case "input_text" | "output_text" | "text":
            return Text(part.need_text("text"))
        case "input_image":
            return _stored_or(part, "image_url", None)
        case "input_file":
            field = "file_url" if part.any("file_url") is not None else "file_data"
            return _stored_or(part, field, part.text("filename"))
        case "input_audio":
            return input_audio(part.object("input_audio") or part)
        case kind:
            msg = f"{part.path} has the type {kind!r}, which is not supported."
            raise BadRequest(msg, param=part.place("type"))


def _stored_or(part: Fields, field: str, name: str | None) -> UserContent:
    url: Any = part.text(field)
    if url is None:
        msg = f"{part.path} must have {field}: no files are stored."
        raise BadRequest(msg, param=part.path)
    usual = "application/pdf" if field == "file_url" else None
    return media_of_url(url, part.place(field), name=name, mime_type=usual)
