"""The history as messages: every call has a result, every result has a call, no turn without words.

Services refuse a history with an unanswered tool call or a result without a call. A session
that holds one would be refused on every call, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import define, field

from modelwire.messages import Message
from modelwire.repair import AssistantTurn, ToolResult, UserTurn, read_history
from modelwire_openai.completions.assistant import render_assistant
from modelwire_openai.completions.rendering import Rendering
from modelwire_openai.completions.user import (
    IMAGES_FOLLOW,
    ToolResultParts,
    content_of,
    missing_result,
    render_user,
    result_of,
)

__all__ = ["messages_of"]

PROCESSED = "I have processed the tool results."

WireMessage = dict[str, Any]


def messages_of(messages: Sequence[Message], rendering: Rendering) -> list[WireMessage]:
    """Write a history as messages, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    history = _History(rendering)
    steps = read_history(
        messages,
        rendering.changes,
        render_assistant=partial(render_assistant, rendering=rendering),
        render_user=partial(render_user, rendering=rendering),
    )
    for step in steps:
        if isinstance(step, AssistantTurn):
            history.close()
            history.assistant(step)
        elif isinstance(step, UserTurn):
            history.user(step)
        elif isinstance(step, ToolResult):
            history.result(step)
        else:
            history.results.append(missing_result(step.call.name, step.wire_id, rendering))
    history.close()
    return history.written


@define
class _History:
    """The messages written so far, and the pending user turn.

    Attributes:
        to: The model that is called.
        written: The messages so far.
        results: Results since the assistant's last turn.
        parts: The parts of the user's messages since then.
    """

    rendering: Rendering
    written: list[WireMessage] = field(factory=list)
    results: list[ToolResultParts] = field(factory=list)
    parts: list[dict[str, Any]] = field(factory=list)

    def assistant(self, turn: AssistantTurn[WireMessage | None]) -> None:
        assert turn.content is not None  # noqa: S101 - such messages are left out
        last = self.written[-1] if self.written else None
        if last is not None and last["role"] == "assistant":
            reason = "Two turns of the assistant in a row are one."
            self.rendering.changes.note("merged", turn.path, reason)
            _join(last, turn.content)
        else:
            self.written.append(turn.content)

    def user(self, turn: UserTurn[list[dict[str, Any]]]) -> None:
        if self.parts:
            reason = "Two turns of the user in a row are one."
            self.rendering.changes.note("merged", turn.path, reason)
        self.parts += turn.parts

    def result(self, result: ToolResult) -> None:
        path = result.path
        if self.parts:
            self.rendering.changes.note(
                "moved", path, "Tool results are sent before the user's text."
            )
        self.results.append(result_of(result.message, result.wire_id, path, self.rendering))

    def close(self) -> None:
        """End the user's turn."""
        beside = [part for result in self.results for part in result.beside]
        if beside:
            beside = [{"type": "text", "text": IMAGES_FOLLOW}, *beside]
        self.written += [result.message for result in self.results]
        if beside or self.parts:
            if self.results and self.rendering.compat.requires_assistant_after_tool_result:
                self.written.append({"role": "assistant", "content": PROCESSED})
            content = content_of([*beside, *self.parts], self.rendering)
            self.written.append({"role": "user", "content": content})
        self.results = []
        self.parts = []


def _join(first: WireMessage, second: WireMessage) -> None:
    """Put an assistant's message into its turn before."""
    texts = [message["content"] for message in (first, second) if message["content"]]
    if texts:
        first["content"] = "\n\n".join(texts)
    for key, value in second.items():
        if key in {"role", "content"}:
            continue
        first[key] = first[key] + value if key in first else value
