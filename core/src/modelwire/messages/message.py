"""Messages, tools, and the context that a model continues."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from attrs import Factory, define, field

from modelwire.errors import Attempt, InvalidMessage
from modelwire.messages.citations import Citation
from modelwire.messages.content import AssistantContent, Text, Thinking, ToolCall, UserContent
from modelwire.messages.usage import StopReason, Usage
from modelwire.text import short_repr

__all__ = [
    "AssistantMessage",
    "Context",
    "Message",
    "Tool",
    "ToolResultMessage",
    "UserMessage",
]


_B = TypeVar("_B")


def now_ms() -> int:
    """The current time in milliseconds since 1970, for timestamps of messages."""
    return time.time_ns() // 1_000_000


# One generic converter would do, but type checkers cannot solve its type variable for a list of a
# union.
def _user_content(content: str | Iterable[UserContent]) -> list[UserContent]:
    return [Text(content)] if isinstance(content, str) else _blocks(content)


def _assistant_content(content: str | Iterable[AssistantContent]) -> list[AssistantContent]:
    return [Text(content)] if isinstance(content, str) else _blocks(content)


def _blocks(content: Iterable[_B]) -> list[_B]:
    if type(content) is list:
        return content.copy()
    given: object = content
    if isinstance(given, bytes | Mapping) or not isinstance(given, Iterable):
        msg = (
            f"The content of a message is a string or a list of blocks, not {type(given).__name__}."
        )
        raise InvalidMessage(msg)
    return list(content)


@define
class UserMessage:
    """A message of the user. `content` may be given as a string.

    Attributes:
        content: Text and images, in order.
        timestamp: Milliseconds since 1970.
    """

    content: list[UserContent] = field(converter=_user_content)
    timestamp: int = field(factory=now_ms, repr=False)

    __repr__ = short_repr


@define
class AssistantMessage:
    """An answer of a model.

    Attributes:
        content: Text, thinking and tool calls, in order.
        provider: The id of the provider that answered.
        model: The id of the model that was called.
        api: The wire API that was used, or `None` if it is not known.
        usage: The tokens used.
        stop_reason: Why it ended.
        raw_stop_reason: The provider's own term for it.
        response_id: The provider's id of this answer.
        response_model: The model that the service names, where it differs from `model`.
        error_message: What went wrong, when `stop_reason` is `error` or `aborted`.
        error_code: The code of that error.
        diagnostics: What was rewritten, dropped or noticed on the way, as plain JSON objects.
        attempts: The tries that failed before this answer came, oldest first.
        timestamp: Milliseconds since 1970.
    """

    content: list[AssistantContent] = field(converter=_assistant_content)
    provider: str
    model: str
    api: str | None = None
    usage: Usage = Factory(Usage)
    stop_reason: StopReason = StopReason.STOP
    raw_stop_reason: str | None = None
    response_id: str | None = None
    response_model: str | None = None
    error_message: str | None = None
    error_code: str | None = None
    diagnostics: list[dict[str, Any]] = Factory(list)
    attempts: list[Attempt] = Factory(list)
    timestamp: int = field(factory=now_ms, repr=False)

    __repr__ = short_repr

    @property
    def text(self) -> str:
        """The text of the answer, without thinking and tool calls."""
        return "".join(block.text for block in self.content if isinstance(block, Text))

    @property
    def citations(self) -> list[Citation]:
        """The citations of the answer, in order."""
        return [
            citation
            for block in self.content
            if isinstance(block, Text)
            for citation in block.citations
        ]

    @property
    def thinking(self) -> str:
        """The thoughts that may be shown."""
        return "".join(
            block.text
            for block in self.content
            if isinstance(block, Thinking) and not block.redacted
        )

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls, in order."""
        return [block for block in self.content if isinstance(block, ToolCall)]

    def _repr_markdown_(self) -> str:
        """The notebook display: the text, and the names of the tools called."""
        from modelwire.messages.notebook import markdown_for_notebook

        called = [f"*calls the tool* `{call.name}`" for call in self.tool_calls]
        return markdown_for_notebook("\n\n".join(filter(None, [self.text, *called])))


@define
class ToolResultMessage:
    """The result of a tool. `content` may be given as a string.

    Attributes:
        tool_call_id: The id of the call that this answers.
        tool_name: The tool's name.
        content: Text and images, in order.
        is_error: Whether the tool failed.
        details: Anything more about the result, for programs; never sent to a model.
        timestamp: Milliseconds since 1970.
    """

    tool_call_id: str
    tool_name: str
    content: list[UserContent] = field(converter=_user_content)
    is_error: bool = False
    details: Any = None
    timestamp: int = field(factory=now_ms, repr=False)

    __repr__ = short_repr


Message = UserMessage | AssistantMessage | ToolResultMessage


@define
class Tool:
    """A tool that the model may call.

    Attributes:
        name: The name that the model calls it by.
        description: What it does, for the model.
        parameters: JSON Schema of its arguments; its `type` is `object`.
        strict: Whether the provider should enforce the schema; `None` leaves it to the
            provider. Providers without such a mode ignore it.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = Factory(lambda: {"type": "object", "properties": {}})
    strict: bool | None = None

    __repr__ = short_repr


def _messages(messages: Iterable[Message]) -> list[Message]:
    return list(messages)


def _tools(tools: Iterable[Tool]) -> list[Tool]:
    return list(tools)


@define
class Context:
    """The conversation that a model continues, with its instructions and tools.

    Attributes:
        messages: The conversation so far, oldest first.
        system_prompt: Instructions for the whole conversation.
        tools: The tools that the model may call.
    """

    messages: list[Message] = field(factory=list, converter=_messages)
    system_prompt: str | None = None
    tools: list[Tool] = field(factory=list, converter=_tools)

    __repr__ = short_repr
