"""Histories of pydantic-ai, as contexts of modelwire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    FileUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    RetryPromptPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Context,
    File,
    Image,
    MediaUrl,
    Message,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)

__all__ = ["SIGNATURE", "context_of"]

SIGNATURE = "signature"
"""The member of `provider_details` with the signature of a tool call."""


def context_of(
    history: Sequence[ModelMessage], instructions: Iterable[str], tools: Iterable[Tool]
) -> Context:
    """A conversation with its tools; instructions and system prompts are joined.

    Raises:
        UserError: The history holds something that no model of modelwire gets.
    """
    system: list[str] = []
    messages: list[Message] = []
    for at, message in enumerate(history):
        if isinstance(message, ModelRequest):
            for part in message.parts:
                if isinstance(part, SystemPromptPart):
                    system.append(part.content)
                else:
                    messages.append(_user_message(part, f"message {at}"))
        else:
            messages += _assistant_messages(message)
    return Context(messages, "\n\n".join([*system, *instructions]) or None, tools)


def _user_message(part: Any, place: str) -> Message:
    if isinstance(part, UserPromptPart):
        content = [part.content] if isinstance(part.content, str) else part.content
        return UserMessage(list(_contents(content, place)))
    if isinstance(part, ToolReturnPart):
        items = list(_contents(part.content_items(mode="str"), place))
        failed = part.outcome in ("failed", "denied", "interrupted", "retried")
        return ToolResultMessage(part.tool_call_id, part.tool_name, items, is_error=failed)
    if isinstance(part, RetryPromptPart) and part.tool_name is not None:
        text = part.model_response()
        return ToolResultMessage(part.tool_call_id, part.tool_name, text, is_error=True)
    if isinstance(part, RetryPromptPart | RetryFeedbackPart):
        return UserMessage(part.model_response())
    msg = f"{place}: a {type(part).__name__} is not sent to models of modelwire."
    raise UserError(msg)


def _contents(content: Iterable[Any], place: str) -> Iterator[UserContent]:
    for item in content:
        if isinstance(item, str):
            yield Text(item)
        elif isinstance(item, TextContent):
            yield Text(item.content)
        elif isinstance(item, BinaryContent):
            kind = Image if item.is_image else File
            yield kind(item.data, item.media_type)
        elif isinstance(item, FileUrl):
            yield MediaUrl(item.url, item.media_type)
        elif not isinstance(item, CachePoint):  # modelwire places its own
            msg = f"{place}: a {type(item).__name__} is not sent to models of modelwire."
            raise UserError(msg)


def _assistant_messages(message: ModelResponse) -> Iterator[AssistantMessage]:
    content = [part for part in map(_answered, message.parts) if part is not None]
    if content:
        provider, name = message.provider_name or "pydantic-ai", message.model_name or "unknown"
        yield AssistantMessage(content, provider, name)


def _answered(part: Any) -> AssistantContent | None:
    if isinstance(part, TextPart):
        return Text(part.content) if part.content else None
    if isinstance(part, ThinkingPart):
        redacted = part.id == "redacted_content"
        return Thinking(part.content, part.signature, redacted=redacted)
    if isinstance(part, ToolCallPart):
        signature = (part.provider_details or {}).get(SIGNATURE)
        return ToolCall(part.tool_call_id, part.tool_name, part.args_as_dict(), signature)
    return None  # what a service did with tools of its own
