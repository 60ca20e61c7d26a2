"""The history as messages: every call answered, every answer called for, no turn without words.

Services refuse a history with an unanswered tool call or a result that nobody asked for. A session
that holds one would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import define, field

from modelwire.messages import Message
from modelwire.repair import Answered, Said, Spoken, read_history
from modelwire_openai.completions.assistant import speak
from modelwire_openai.completions.rendering import Conversing
from modelwire_openai.completions.user import (
    IMAGES_FOLLOW,
    Result,
    content_of,
    missing_result,
    result_of,
    say,
)

__all__ = ["messages_of"]

PROCESSED = "I have processed the tool results."

WireMessage = dict[str, Any]


def messages_of(messages: Sequence[Message], to: Conversing) -> list[WireMessage]:
    """Write a history as messages, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    history = _History(to)
    steps = read_history(messages, to.changes, speak=partial(speak, to=to), say=partial(say, to=to))
    for step in steps:
        if isinstance(step, Spoken):
            history.close()
            history.assistant(step)
        elif isinstance(step, Said):
            history.user(step)
        elif isinstance(step, Answered):
            history.result(step)
        else:
            history.results.append(missing_result(step.call.name, step.wire_id, to))
    history.close()
    return history.written


@define
class _History:
    """What was said so far.

    Attributes:
        to: The model that is spoken to.
        written: The messages so far.
        results: Results since the assistant's last turn.
        said: What the user said since then.
    """

    to: Conversing
    written: list[WireMessage] = field(factory=list)
    results: list[Result] = field(factory=list)
    said: list[dict[str, Any]] = field(factory=list)

    def assistant(self, spoken: Spoken[WireMessage | None]) -> None:
        assert spoken.content is not None  # noqa: S101 - such messages are left out
        last = self.written[-1] if self.written else None
        if last is not None and last["role"] == "assistant":
            reason = "Two turns of the assistant in a row are one."
            self.to.changes.note("merged", spoken.path, reason)
            _join(last, spoken.content)
        else:
            self.written.append(spoken.content)

    def user(self, said: Said[list[dict[str, Any]]]) -> None:
        if self.said:
            reason = "Two turns of the user in a row are one."
            self.to.changes.note("merged", said.path, reason)
        self.said += said.parts

    def result(self, answered: Answered) -> None:
        path = answered.path
        if self.said:
            self.to.changes.note("moved", path, "A result stands before what the user says.")
        self.results.append(result_of(answered.message, answered.wire_id, path, self.to))

    def close(self) -> None:
        """End the user's turn."""
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
