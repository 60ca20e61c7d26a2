"""LangChain's conversations, as contexts of modelwire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Context,
    Message,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_langchain.content import unsendable_message, user_content

__all__ = ["PROVIDER", "SIGNATURES", "context_of"]

PROVIDER = "modelwire"
"""The `model_provider` of messages that this package makes; their `model_name` has the real one."""

SIGNATURES = "tool_call_signatures"
"""The member of `additional_kwargs` with the signatures of tool calls, by their ids."""

_ROLES: dict[str, type[BaseMessage]] = {
    "assistant": AIMessage,
    "developer": SystemMessage,
    "system": SystemMessage,
    "user": HumanMessage,
}


def context_of(messages: Sequence[BaseMessage], tools: Iterable[Tool] = ()) -> Context:
    """A conversation with its tools.

    System messages join the system prompt, wherever they are.

    Raises:
        InvalidMessage: A message or a block of it cannot be sent to a model.
    """
    system: list[str] = []
    names: dict[str, str] = {}
    converted: list[Message] = []
    for at, message in enumerate(map(_with_role, messages)):
        place = f"message {at}"
        if isinstance(message, SystemMessage):
            system.append(message.text)
        elif isinstance(message, HumanMessage):
            converted.append(UserMessage(user_content(_blocks(message), place)))
        elif isinstance(message, AIMessage):
            names |= {call["id"] or "": call["name"] for call in message.tool_calls}
            converted.append(_answer(message))
        elif isinstance(message, ToolMessage):
            converted.append(_result(message, names, place))
        else:
            raise unsendable_message(f"{place}: a {type(message).__name__} is not sent to models.")
    return Context(converted, "\n\n".join(filter(None, system)) or None, tools)


def _with_role(message: BaseMessage) -> BaseMessage:
    if not isinstance(message, ChatMessage):
        return message
    kind = _ROLES.get(message.role)
    return message if kind is None else kind(content=message.content)


def _blocks(message: BaseMessage) -> list[Mapping[str, Any]]:
    return [dict(block) for block in message.content_blocks]


def _result(message: ToolMessage, names: Mapping[str, str], place: str) -> ToolResultMessage:
    name = message.name or names.get(message.tool_call_id) or "tool"
    content = user_content(_blocks(message), place)
    failed = message.status == "error"
    return ToolResultMessage(message.tool_call_id, name, content, is_error=failed)


def _answer(message: AIMessage) -> AssistantMessage:
    metadata = message.response_metadata
    signatures: Mapping[str, str] = message.additional_kwargs.get(SIGNATURES) or {}
    calls = [
        ToolCall(call["id"] or "", call["name"], call["args"], signatures.get(call["id"] or ""))
        for call in message.tool_calls
    ]
    # Signatures of thinking go back only to the model that made them.
    provider, name = _author(metadata)
    return AssistantMessage([*_content(message), *calls], provider, name, metadata.get("api"))


def _author(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """The provider and the model that an answer came from."""
    provider, name = (
        metadata.get("model_provider"),
        metadata.get("model_name") or metadata.get("model"),
    )
    if provider == PROVIDER and name:
        provider, _, name = name.partition("/")
    return provider or "langchain", name or "unknown"


def _content(message: AIMessage) -> Iterator[AssistantContent]:
    for block in _blocks(message):
        extras = block.get("extras") or {}
        if block["type"] == "text" and block["text"]:
            yield Text(block["text"])
        elif block["type"] == "reasoning":
            text, signature = block.get("reasoning") or "", extras.get("signature")
            if text or signature:
                yield Thinking(text, signature, redacted=bool(extras.get("redacted")))
