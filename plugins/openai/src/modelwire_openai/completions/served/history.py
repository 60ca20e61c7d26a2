"""Messages of Chat Completions, read into a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelwire.authoring import parse_json_or_none
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
from modelwire_openai.served.media import input_audio
from modelwire_openai.served.tools import INPUT, read_signature

__all__ = ["read_arguments", "read_history"]

_SYSTEM: Final = ("system", "developer")


def read_history(
    body: Fields, model: Model, upstream: str, call: ServedCall
) -> tuple[list[Message], list[str]]:
    """Read `messages`: the conversation, and what the system says at its beginning.

    Raises:
        BadRequest: A message is not well formed.
    """
    messages: list[Message] = []
    system: list[str] = []
    names: dict[str, str] = {}
    for given in body.objects("messages"):
        role = given.need_text("role")
        if role in _SYSTEM:
            text = "".join(_texts(given))
            if not messages:
                system.append(text)
            elif text:
                call.note(given.path, "What the system says later is passed on as the user's.")
                messages.append(UserMessage(text))
        elif role == "user":
            messages.append(UserMessage(list(_user(given))))
        elif role == "assistant":
            content = _assistant(given)
            names |= {block.id: block.name for block in content if isinstance(block, ToolCall)}
            messages.append(assistant_turn(content, model, upstream))
        elif role == "tool":
            call_id = given.need_text("tool_call_id")
            result = list(_user(given))
            messages.append(ToolResultMessage(call_id, names.get(call_id, "tool"), result))
        else:
            raise given.error("role", "one of system, developer, user, assistant, tool")
    if not messages:
        msg = "messages must hold at least one message of the user."
        raise BadRequest(msg, param="messages")
    return messages, [text for text in system if text]


def _texts(given: Fields) -> Iterator[str]:
    content = given.any("content")
    if isinstance(content, str):
        yield content
    elif content is not None:
        for part in given.objects("content"):
            yield part.text("text") or part.text("refusal") or ""


def _user(given: Fields) -> Iterator[UserContent]:
    content = given.any("content")
    if isinstance(content, str):
        yield Text(content)
        return
    for part in given.objects("content"):
        yield _part(part)


def _part(part: Fields) -> UserContent:
    kind = part.need_text("type")
    if kind == "text":
        return Text(part.need_text("text"))
    if kind == "image_url":
        image = part.object("image_url")
        if image is None:
            raise part.error("image_url", "an object")
        return media_of_url(image.need_text("url"), image.place("url"))
    if kind == "input_audio":
        audio = part.object("input_audio")
        if audio is None:
            raise part.error("input_audio", "an object")
        return input_audio(audio)
    if kind == "file":
        return _file(part)
    msg = f"{part.path} has the type {kind!r}; text, image_url, input_audio and file are supported."
    raise BadRequest(msg, param=part.place("type"))


def _file(part: Fields) -> UserContent:
    file = part.object("file")
    if file is None:
        raise part.error("file", "an object")
    data = file.text("file_data")
    if data is None:
        msg = f"{file.path} must have file_data: the gateway keeps no files."
        raise BadRequest(msg, param=file.path)
    return media_of_url(data, file.place("file_data"), name=file.text("filename"))


def _assistant(given: Fields) -> list[AssistantContent]:
    content: list[AssistantContent] = [*_thinking(given)]
    content += [Text(text) for text in _texts(given) if text]
    content += [_call(item) for item in given.objects("tool_calls")]
    return content


def _thinking(given: Fields) -> Iterator[Thinking]:
    """The thinking that an earlier answer of this door had, with its signatures."""
    details = list(given.objects("reasoning_details"))
    for detail in details:
        signature = detail.text("signature") or detail.text("data")
        if detail.text("type") == "reasoning.encrypted":
            yield Thinking(detail.text("text") or "", signature, redacted=signature is not None)
        else:
            yield Thinking(detail.text("text") or "", signature)
    if not details:
        text = given.text("reasoning_content") or given.text("reasoning")
        if text:
            yield Thinking(text)


def _call(item: Fields) -> ToolCall:
    call_id = item.need_text("id")
    signature = read_signature(item)
    if item.text("type") == "custom":
        custom = item.object("custom")
        if custom is None:
            raise item.error("custom", "an object")
        arguments = {INPUT: custom.need_text("input")}
        return ToolCall(call_id, custom.need_text("name"), arguments, signature)
    function = item.object("function")
    if function is None:
        raise item.error("function", "an object")
    return ToolCall(call_id, function.need_text("name"), read_arguments(function), signature)


def read_arguments(function: Fields) -> dict[str, Any]:
    """The arguments of an earlier call, which are JSON in a text.

    Raises:
        BadRequest: They are not a JSON object.
    """
    text = function.text("arguments") or "{}"
    value = parse_json_or_none(text)
    if not isinstance(value, dict):
        raise function.error("arguments", "a JSON object in a string")
    return value
