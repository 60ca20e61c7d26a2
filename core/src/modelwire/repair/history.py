"""Repair of a history: every tool call has a result, every result has a call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import define, field, frozen

from modelwire.messages import (
    AssistantMessage,
    Message,
    StopReason,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)
from modelwire.repair.changes import Changes

__all__ = [
    "NO_RESULT",
    "AssistantTurn",
    "MissingToolResult",
    "Pairing",
    "SentCall",
    "ToolResult",
    "UserTurn",
    "read_history",
]

_FAILED = frozenset({StopReason.ERROR, StopReason.ABORTED})

SentCall = tuple[str, ToolCall, str]
"""A call that is sent: its id on the wire, the call itself, and its place."""


@define
class Pairing:
    """Pairs results with calls while a history is read in order.

    Every provider that takes tools refuses a call without its result and a result without its call,
    so a session that holds one would be refused on every later call.

    Args:
        changes: The record of changes.
    """

    changes: Changes
    _open: dict[str, deque[SentCall]] = field(factory=dict, init=False)
    _given_up: set[str] = field(factory=set, init=False)

    def leaves_out(self, message: AssistantMessage, path: str) -> bool:
        """Whether an answer failed or was stopped; its calls are dropped with it."""
        if message.stop_reason not in _FAILED:
            return False
        reason = "The answer failed or was stopped; it is not repeated to the model."
        self.changes.dropped(path, reason)
        self._given_up |= {call.id for call in message.tool_calls}
        return True

    def ask(self, calls: Iterable[SentCall]) -> None:
        """The assistant's turn was sent, with these calls."""
        self._given_up.clear()
        for call in calls:
            self._open.setdefault(call[1].id, deque()).append(call)

    def claim(self, message: ToolResultMessage, path: str) -> SentCall | None:
        """The call that a result answers; without one, the result is recorded as left out."""
        waiting = self._open.get(message.tool_call_id)
        if message.tool_call_id in self._given_up:
            self.changes.dropped(path, "The answer that called for this result was dropped.")
        elif not waiting:
            self.changes.dropped(path, "No call of the turn before it waits for this result.")
        else:
            return waiting.popleft()
        return None

    def unanswered(self) -> list[SentCall]:
        """The calls without a result, in order; none is repeated."""
        if not self._open:
            return []
        left = [call for waiting in self._open.values() for call in waiting]
        self._open.clear()
        return left


NO_RESULT = "No result provided"
"""The text of the result added for a call that never got one."""

C = TypeVar("C")
P = TypeVar("P")


@define
class AssistantTurn(Generic[C]):
    """An assistant message, as a plugin writes it.

    Attributes:
        path: The place of the message, such as `messages[3]`.
        content: The content to send; where it is empty, nothing is left of the message.
        calls: The tool calls in it.
    """

    path: str
    content: C
    calls: list[SentCall] = field(factory=list)


@frozen
class UserTurn(Generic[P]):
    """The user's turn, as a plugin writes it.

    Attributes:
        path: The place of the message.
        parts: The content to send; it is not empty.
    """

    path: str
    parts: P


@frozen
class ToolResult:
    """A tool's result, and the call that it answers.

    Attributes:
        path: The place of the result.
        message: The result.
        wire_id: The call's id on the wire.
    """

    path: str
    message: ToolResultMessage
    wire_id: str


@frozen
class MissingToolResult:
    """A call that never got a result; one that says `NO_RESULT` has to be added.

    Attributes:
        path: The place of the call.
        call: The call.
        wire_id: Its id on the wire.
    """

    path: str
    call: ToolCall
    wire_id: str


def read_history(
    messages: Sequence[Message],
    changes: Changes,
    *,
    render_assistant: Callable[[AssistantMessage, str], AssistantTurn[C]],
    render_user: Callable[[Sequence[UserContent], str], P],
) -> Iterator[AssistantTurn[C] | UserTurn[P] | ToolResult | MissingToolResult]:
    """Read a history, and repair it, so that the result can be sent.

    Answers that failed, results without a call and messages of which nothing is left are
    omitted. Before the next assistant turn, and at the end, come the calls that are still open.
    A result may come after a user's message; most providers require it before.

    Args:
        messages: The history.
        changes: The record of changes.
        render_assistant: Renders an assistant message; it gets the message and its place.
        render_user: Renders a user's message; it gets the content and the place of its message.
    """
    pairing = Pairing(changes)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if isinstance(message, ToolResultMessage):
            call = pairing.claim(message, path)
            if call is not None:
                yield ToolResult(path, message, call[0])
        elif isinstance(message, UserMessage):
            parts = render_user(message.content, path)
            if parts:
                yield UserTurn(path, parts)
            else:
                changes.dropped(path, "Nothing is left of this message.")
        elif not pairing.leaves_out(message, path):
            spoken = render_assistant(message, path)
            if spoken.content:
                yield from _unanswered(pairing)
                pairing.ask(spoken.calls)
                yield spoken
            else:
                changes.dropped(path, "Nothing is left of this message.")
    yield from _unanswered(pairing)


def _unanswered(pairing: Pairing) -> Iterator[MissingToolResult]:
    for wire_id, call, path in pairing.unanswered():
        reason = f"The call has no result; one that says {NO_RESULT!r} is added."
        pairing.changes.added(path, reason)
        yield MissingToolResult(path, call, wire_id)
