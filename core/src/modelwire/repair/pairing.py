"""Tool calls and their results: which result answers which call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define, field

from modelwire.messages import AssistantMessage, StopReason, ToolCall, ToolResultMessage
from modelwire.repair.changes import Changes

__all__ = ["Pairing", "SentCall"]

_FAILED = frozenset({StopReason.ERROR, StopReason.ABORTED})

SentCall = tuple[str, ToolCall, str]
"""A call that is sent: its id on the wire, the call itself, and its place."""


@define
class Pairing:
    """Pairs results with calls while a history is read in order.

    Every provider that takes tools refuses a call without its result and a result without its call,
    and a session that holds one would be refused for ever.

    Args:
        changes: Where it is recorded what is left out.
    """

    changes: Changes
    _open: dict[str, deque[SentCall]] = field(factory=dict, init=False)
    _given_up: set[str] = field(factory=set, init=False)

    def leaves_out(self, message: AssistantMessage, path: str) -> bool:
        """Whether an answer failed or was stopped; its calls are given up with it."""
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
        """The calls that nobody answered, in order; they are not asked for again."""
        left = [call for waiting in self._open.values() for call in waiting]
        self._open.clear()
        return left
