"""The history as messages: every call answered, every answer called for, no turn without words.

Services refuse a history with an unanswered tool call or a result that nobody asked for. A session
that holds one would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import Factory, define, field

from modelwire.messages import (
    AssistantMessage,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.repair import Pairing
from modelwire_openai.completions.answering import (
    IMAGES_FOLLOW,
    Result,
    content_of,
    missing_result,
    result_of,
    say,
)
from modelwire_openai.completions.conversing import Conversing
from modelwire_openai.completions.speaking import Spoken, speak

__all__ = ["messages_of"]

PROCESSED = "I have processed the tool results."

WireMessage = dict[str, Any]


def messages_of(messages: Sequence[Message], to: Conversing) -> list[WireMessage]:
    """Write a history as messages, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    history = _History(to)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if isinstance(message, AssistantMessage):
            history.assistant(message, path)
        elif isinstance(message, ToolResultMessage):
            history.result(message, path)
        else:
            history.user(message, path)
    history.close()
    return history.written


@define
class _History:
    """Reads the messages in order.

    Attributes:
        to: The model that is spoken to.
        written: The messages so far.
        pairing: Which result answers which call.
        results: Results since the assistant's last turn.
        said: What the user said since then.
    """

    to: Conversing
    written: list[WireMessage] = field(factory=list)
    pairing: Pairing = field(
        init=False, default=Factory(lambda self: Pairing(self.to.changes), takes_self=True)
    )
    results: list[Result] = field(factory=list)
    said: list[dict[str, Any]] = field(factory=list)

    def assistant(self, message: AssistantMessage, path: str) -> None:
        if self.pairing.leaves_out(message, path):
            return
        spoken = speak(message, path, self.to)
        if spoken.message is None:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        self.close()
        self._add(spoken, path)

    def _add(self, spoken: Spoken, path: str) -> None:
        assert spoken.message is not None  # noqa: S101 - the caller has looked
        last = self.written[-1] if self.written else None
        if last is not None and last["role"] == "assistant":
            self.to.changes.note("merged", path, "Two turns of the assistant in a row are one.")
            _join(last, spoken.message)
        else:
            self.written.append(spoken.message)
        self.pairing.ask(spoken.calls)

    def user(self, message: UserMessage, path: str) -> None:
        parts = say(message.content, path, self.to)
        if not parts:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        if self.said:
            self.to.changes.note("merged", path, "Two turns of the user in a row are one.")
        self.said += parts

    def result(self, message: ToolResultMessage, path: str) -> None:
        call = self.pairing.claim(message, path)
        if call is None:
            return
        if self.said:
            self.to.changes.note("moved", path, "A result stands before what the user says.")
        self.results.append(result_of(message, call[0], path, self.to))

    def close(self) -> None:
        """End the user's turn: answer what is still open."""
        self.results += [
            missing_result(call.name, wire_id, path, self.to)
            for wire_id, call, path in self.pairing.unanswered()
        ]
        beside = [part for result in self.results for part in result.beside]
        if beside:
            beside = [{"type": "text", "text": IMAGES_FOLLOW}, *beside]
        self.written += [result.message for result in self.results]
        if beside or self.said:
            if self.results and self.to.compat.requires_assistant_after_tool_result:
                self.written.append({"role": "assistant", "content": PROCESSED})
            content = content_of([*beside, *self.said], self.to)
            self.written.append({"role": "user", "content": content})
        self.results = []
        self.said = []


def _join(first: WireMessage, second: WireMessage) -> None:
    """Put what an assistant said into its turn before."""
    texts = [message["content"] for message in (first, second) if message["content"]]
    if texts:
        first["content"] = "\n\n".join(texts)
    for key, value in second.items():
        if key in {"role", "content"}:
            continue
        first[key] = first[key] + value if key in first else value
