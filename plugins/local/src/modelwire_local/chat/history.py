"""The history as chat messages: calls and results paired, no two turns in a row.

Templates are strict in different ways: some want user and assistant to alternate, some refuse two
assistant messages at the end, some know no tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import define, field

from modelwire.messages import Message
from modelwire.repair import AssistantTurn, ToolResult, UserTurn, read_history
from modelwire_local.chat.assistant import render_assistant
from modelwire_local.chat.rendering import ChatMessage, Rendering
from modelwire_local.chat.user import missing_result, render_user, result_of

__all__ = ["messages_of"]


def messages_of(messages: Sequence[Message], rendering: Rendering) -> list[ChatMessage]:
    """Write a history as chat messages, and repair it.

    Raises:
        InvalidRequest: The model takes only text, and there is something else in what it has yet to
            answer.
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
    """The messages so far, and the turn of the user that is not complete.

    Attributes:
        rendering: The model that they are written for.
        written: The messages so far.
        results: Results since the assistant's last turn.
        texts: The texts of the user since then.
    """

    rendering: Rendering
    written: list[ChatMessage] = field(factory=list)
    results: list[ChatMessage] = field(factory=list)
    texts: list[str] = field(factory=list)

    def assistant(self, turn: AssistantTurn[ChatMessage | None]) -> None:
        assert turn.content is not None  # noqa: S101 - such turns do not come out of the history
        last = self.written[-1] if self.written else None
        if last is None or last["role"] != "assistant":
            self.written.append(turn.content)
            return
        reason = "Two turns of the assistant in a row are one."
        self.rendering.changes.note("merged", turn.path, reason)
        last["content"] = _joined([last["content"], turn.content["content"]])
        last |= {key: value for key, value in turn.content.items() if key not in last}

    def user(self, turn: UserTurn[str]) -> None:
        if self.texts:
            reason = "Two turns of the user in a row are one."
            self.rendering.changes.note("merged", turn.path, reason)
        self.texts.append(turn.parts)

    def result(self, result: ToolResult) -> None:
        path = result.path
        if self.texts:
            reason = "A result is sent before what the user says in the same turn."
            self.rendering.changes.note("moved", path, reason)
        self.results.append(result_of(result.message, result.wire_id, path, self.rendering))

    def close(self) -> None:
        """End the user's turn; results that are put into words are a part of it."""
        in_words = [result["content"] for result in self.results if result["role"] == "user"]
        self.written += [result for result in self.results if result["role"] != "user"]
        if in_words or self.texts:
            self.written.append({"role": "user", "content": _joined([*in_words, *self.texts])})
        self.results, self.texts = [], []


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(filter(None, texts))
