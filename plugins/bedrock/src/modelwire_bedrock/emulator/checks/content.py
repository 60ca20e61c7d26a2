"""Checks of messages: their content and its order."""

from __future__ import annotations

import re

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = [
    "content_present",
    "document_name",
    "document_with_text",
    "media_accepted",
    "no_prefill",
    "no_s3_media",
    "no_system",
    "starts_with_user",
    "text_present",
    "tool_result_text_present",
    "video_accepted",
    "whole_message_blank",
]

_NAME = re.compile(r"[A-Za-z0-9_\-()\[\]\s]*")


def content_present(request: CheckedRequest) -> str | None:
    """No message is empty."""
    for at, message in enumerate(request.messages):
        if not message["content"]:
            return (
                f"The content field in the Message object at messages.{at} is empty. Add a "
                "ContentBlock object to the content field and try again."
            )
    return None


def text_present(request: CheckedRequest) -> str | None:
    """No text block of a message is empty."""
    for at, position, block in request.blocks():
        if block.get("text") == "":
            return _blank("ContentBlock", f"messages.{at}.content.{position}")
    return None


def whole_message_blank(request: CheckedRequest) -> str | None:
    """No message says nothing but white space."""
    for at, message in enumerate(request.messages):
        blocks = message["content"]
        if blocks and all("text" in block and not block["text"].strip() for block in blocks):
            return _blank("ContentBlock", f"messages.{at}.content.0")
    return None


def tool_result_text_present(request: CheckedRequest) -> str | None:
    """No text of a tool result is empty."""
    for at, position, result in request.tool_results():
        for part, content in enumerate(result["content"]):
            if content.get("text") == "":
                place = f"messages.{at}.content.{position}.toolResult.content.{part}"
                return _blank("ToolResultContentBlock", place)
    return None


def _blank(kind: str, place: str) -> str:
    return (
        f"The text field in the {kind} object at {place} is blank. Add text to the text field, "
        "and try again."
    )


def starts_with_user(request: CheckedRequest) -> str | None:
    """The first message is the user's."""
    if request.messages and request.messages[0]["role"] == "user":
        return None
    return (
        "A conversation must start with a user message. Try again with a conversation that starts "
        "with a user message."
    )


def no_prefill(request: CheckedRequest) -> str | None:
    """The last message is the user's."""
    if not request.messages or request.messages[-1]["role"] == "user":
        return None
    return (
        f"{FROM_MODEL}This model does not support assistant message prefill. The conversation must "
        "end with a user message."
    )


def no_system(request: CheckedRequest) -> str | None:
    """There is no system prompt."""
    if not request.body.get("system"):
        return None
    return (
        "This model doesn't support system messages. Try again without system messages or use a "
        "model that supports system messages."
    )


def _unsupported(kind: str) -> str:
    return (
        f"This model doesn't support the {kind} content block that you provided. Update the "
        "content block and try again."
    )


def video_accepted(request: CheckedRequest) -> str | None:
    """Videos go only to models that take them."""
    if request.model is None or "video" in request.model.input:
        return None
    return _unsupported("video") if any(kind == "video" for kind, _, _ in request.media()) else None


def media_accepted(request: CheckedRequest) -> str | None:
    """Images and sounds go only to models that take them."""
    taken = request.model.input if request.model else ()
    for kind, _, _ in request.media():
        if kind == "image" and "image" not in taken:
            return _unsupported("image")
        if kind == "audio" and not {"audio", "speech"} & set(taken):
            return _unsupported("audio")
    return None


def no_s3_media(request: CheckedRequest) -> str | None:
    """Images and documents come as bytes, not from S3; but documents of tool results may."""
    for kind, place, block in request.media():
        if kind == "document" and ".tool_result." in place:
            continue
        if kind in ("image", "document") and "s3Location" in block.get("source", {}):
            return f"{FROM_MODEL}{place}.{kind}.source.type: Field required"
    return None


def document_name(request: CheckedRequest) -> str | None:
    """Names of documents hold only harmless characters."""
    for kind, _, block in request.media():
        name = block.get("name", "")
        if kind == "document" and (not _NAME.fullmatch(name) or re.search(r"\s\s", name)):
            return (
                "The document file name can only contain alphanumeric characters, whitespace "
                "characters, hyphens, parentheses, and square brackets. The name can't contain "
                "more than one consecutive whitespace character."
            )
    return None


def document_with_text(request: CheckedRequest) -> str | None:
    """A document has text beside it in its message."""
    for at, message in enumerate(request.messages):
        kinds = {kind for block in message["content"] for kind in block}
        if "document" in kinds and not kinds & {"text", "toolResult", "guardContent"}:
            return (
                f"A text block is required in the Message object at messages.{at} when it has a "
                "document block. Add a text block and try again."
            )
    return None
