"""A history in the order of a request: every call answered, every answer called for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import define, field, frozen

from modelwire.messages import (
    AssistantMessage,
    Message,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)
from modelwire.repair.changes import Changes
from modelwire.repair.pairing import Pairing, SentCall

__all__ = ["NO_RESULT", "Answered", "Said", "Spoken", "Unanswered", "read_history"]

NO_RESULT = "No result provided"
"""What the result says that is added for a call that never got one."""

C = TypeVar("C")
P = TypeVar("P")


@define
class Spoken(Generic[C]):
    """An assistant message, as a plugin writes it.

    Attributes:
        path: The place of the message, as `messages[3]`.
        content: What is sent of it; where that is empty, nothing is left of the message.
        calls: The tool calls in it.
    """

    path: str
    content: C
    calls: list[SentCall] = field(factory=list)


@frozen
class Said(Generic[P]):
    """What the user said, as a plugin writes it.

    Attributes:
        path: The place of the message.
        parts: What is sent of it; it is not empty.
    """

    path: str
    parts: P


@frozen
class Answered:
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
class Unanswered:
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
    speak: Callable[[AssistantMessage, str], Spoken[C]],
    say: Callable[[Sequence[UserContent], str], P],
) -> Iterator[Spoken[C] | Said[P] | Answered | Unanswered]:
    """Read a history, and repair it: what comes out of it can be sent.

    Answers that failed, results that nobody called for and messages of which nothing is left do not
    come out. Before the assistant speaks again, and at the end, come the calls that are still open.
    A result may come after something that the user said; most providers want it before that.

    Args:
        messages: The history.
        changes: Where the repairs are recorded.
        speak: Writes what an assistant said; it gets the message and its place.
        say: Writes what a user said; it gets the content and the place of its message.
    """
    pairing = Pairing(changes)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if isinstance(message, ToolResultMessage):
            call = pairing.claim(message, path)
            if call is not None:
                yield Answered(path, message, call[0])
        elif isinstance(message, UserMessage):
            parts = say(message.content, path)
            if parts:
                yield Said(path, parts)
            else:
                changes.dropped(path, "Nothing is left of this message.")
        elif not pairing.leaves_out(message, path):
            spoken = speak(message, path)
            if spoken.content:
                yield from _unanswered(pairing)
                pairing.ask(spoken.calls)
                yield spoken
            else:
                changes.dropped(path, "Nothing is left of this message.")
    yield from _unanswered(pairing)


def _unanswered(pairing: Pairing) -> Iterator[Unanswered]:
    for wire_id, call, path in pairing.unanswered():
        reason = f"The call has no result; one that says {NO_RESULT!r} is added."
        pairing.changes.added(path, reason)
        yield Unanswered(path, call, wire_id)
