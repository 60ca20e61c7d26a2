"""The history in turns: every call answered, every answer called for, the user first.

The service refuses a call without its result and a result without its call. A session that holds
one would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwire.messages import AssistantMessage, Message, ToolResultMessage
from modelwire.repair import Pairing
from modelwire_anthropic.requests.conversing import Conversing
from modelwire_anthropic.requests.saying import missing_result, result_of, say
from modelwire_anthropic.requests.speaking import speak

__all__ = ["PLACEHOLDER", "messages_of"]

PLACEHOLDER = "."
"""Stands where the user must say something and has not; blank text is refused."""

_Block = dict[str, Any]


def messages_of(messages: Sequence[Message], to: Conversing) -> list[dict[str, Any]]:
    """Write a history as messages in which user and assistant take turns.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    history = _History(to)
    for index, message in enumerate(messages):
        history.read(message, f"messages[{index}]")
    history.end_turn()
    written = history.written
    if written and written[0]["role"] == "assistant":
        to.changes.added("messages", "The user begins; a placeholder stands before.")
        written.insert(0, _user([{"type": "text", "text": PLACEHOLDER}]))
    if written and written[-1]["role"] == "assistant":
        _end_with_user(written, to)
    return written


class _History:
    """Reads messages in order; results stand before what the user says in the same turn."""

    def __init__(self, to: Conversing) -> None:
        self.written: list[dict[str, Any]] = []
        self._to = to
        self._pairing = Pairing(to.changes)
        self._results: list[_Block] = []
        self._said: list[_Block] = []

    def read(self, message: Message, path: str) -> None:
        if isinstance(message, AssistantMessage):
            self._assistant(message, path)
        elif isinstance(message, ToolResultMessage):
            call = self._pairing.claim(message, path)
            if call is not None:
                self._results.append(result_of(message, call[0], path, self._to))
        else:
            blocks = say(message.content, path, self._to)
            if not blocks:
                self._to.changes.dropped(path, "Nothing is left of this message.")
            self._said += blocks

    def _assistant(self, message: AssistantMessage, path: str) -> None:
        if self._pairing.leaves_out(message, path):
            return
        spoken = speak(message, path, self._to)
        if not spoken.blocks:
            self._to.changes.dropped(path, "Nothing is left of this message.")
            return
        self.end_turn()
        if self.written and self.written[-1]["role"] == "assistant":
            reason = "Two turns of the assistant in a row are one."
            self._to.changes.note("merged", path, reason)
            self.written[-1]["content"] += spoken.blocks
        else:
            self.written.append({"role": "assistant", "content": spoken.blocks})
        self._pairing.ask(spoken.calls)

    def end_turn(self) -> None:
        """End the user's turn: answer what is still open."""
        for wire_id, _, path in self._pairing.unanswered():
            self._results.append(missing_result(wire_id, path, self._to))
        if self._results or self._said:
            self.written.append(_user([*self._results, *self._said]))
        self._results, self._said = [], []


def _end_with_user(written: list[dict[str, Any]], to: Conversing) -> None:
    """Let the user have the last word, unless the model goes on with the assistant's."""
    last = written[-1]["content"][-1]
    if not to.claude.prefill or last["type"] != "text":
        reason = "The model does not continue this answer; the user ends with a placeholder."
        to.changes.added("messages", reason)
        written.append(_user([{"type": "text", "text": PLACEHOLDER}]))
    elif last["text"] != last["text"].rstrip():
        reason = "An answer to be continued does not end in white space."
        to.changes.rewritten("messages", reason)
        last["text"] = last["text"].rstrip()


def _user(content: list[_Block]) -> dict[str, Any]:
    return {"role": "user", "content": content}
