"""The recorder: what is kept of a one-shot answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from modelwire.cli.errors import show_note
from modelwire.errors import ModelwireError
from modelwire.messages import AssistantMessage, Context, Message, Text, Usage, UserMessage
from modelwire.messages.codec import message_from_json, message_to_json
from modelwire.redaction import HIDDEN, looks_secret

__all__ = ["LoggedConversation", "Recorder", "last_conversation"]

_OPTIONS = (
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "reasoning",
    "tool_choice",
    "cache_retention",
    "response_schema",
    "params",
)


@frozen
class LoggedConversation:
    """A conversation from the log, to be continued.

    Attributes:
        id: The newest answer of it.
        messages: All of its messages.
        system: Its system prompt, or `None`.
        model: The model that was named for it, or `None`.
    """

    id: int
    messages: Sequence[Message]
    system: str | None
    model: str | None


def last_conversation() -> LoggedConversation | None:
    """Read the newest conversation; `None` if no answer was kept.

    Raises:
        LogUnusable: The log cannot be read.
        InvalidMessage: What is in it are no messages.
    """
    from modelwire.cli.logs.database import LogDatabase

    rows = LogDatabase().last_conversation()
    if not rows:
        return None
    texts = [row[name] for row in rows for name in ("sent", "received")]
    messages = [message_from_json(each) for text in texts for each in json.loads(text)]
    last = rows[-1]
    return LoggedConversation(last["id"], messages, last["system"], last["asked_for"])


@define
class Recorder:
    """Collects an answer while it arrives, and keeps it when all is done.

    Headers and keys are not among what it gets. Of the options, those whose names say that they hold
    a secret are hidden.

    Attributes:
        context: What is sent, with the messages of a conversation that is continued.
        continued: That conversation, or `None`.
        settings: The options of the command.
        enabled: Whether anything is kept.
    """

    context: Context
    continued: LoggedConversation | None
    settings: Mapping[str, Any]
    enabled: bool
    _began: float = field(factory=time.time, init=False)
    _sent: list[Message] = field(init=False)
    _received: list[Message] = field(factory=list, init=False)
    _error: ModelwireError | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        before = 0 if self.continued is None else len(self.continued.messages)
        self._sent = self.context.messages[before:]

    def received(self, message: Message) -> None:
        """Record a complete answer, or the result of a tool."""
        self._received.append(message)

    def failed(self, error: ModelwireError) -> None:
        """Record a failure, with its partial message."""
        self._error = error
        if error.partial is not None:
            self._received.append(error.partial)

    def write(self) -> None:
        """Keep what was received, if anything was; a note says why that was not possible."""
        answers = [each for each in self._received if isinstance(each, AssistantMessage)]
        if not self.enabled or not answers:
            return
        from modelwire.cli.logs.database import LogDatabase, LogUnusable

        try:
            LogDatabase().add(self._row(answers))
        except LogUnusable as error:
            show_note(f"The answer was not stored: {error} (--no-log stores none.)")

    def _row(self, answers: Sequence[AssistantMessage]) -> dict[str, Any]:
        last, usage = answers[-1], _sum(each.usage for each in answers)
        error = self._error
        return {
            "previous": None if self.continued is None else self.continued.id,
            "at": int(self._began * 1000),
            "seconds": round(time.time() - self._began, 3),
            "asked_for": self.settings.get("model"),
            "provider": last.provider,
            "model": last.model,
            "stop_reason": last.stop_reason.value,
            "error_code": None if error is None else error.code,
            "error_message": None if error is None else _storable(str(error)),
            "system": _storable(self.settings.get("system") or self.context.system_prompt),
            "prompt": _storable(_prompt(self._sent)),
            "answer": _storable(last.text),
            "options": json.dumps(_shown_options(self.settings)),
            "sent": json.dumps([message_to_json(each) for each in self._sent]),
            "received": json.dumps([message_to_json(each) for each in self._received]),
            "input": usage.input,
            "output": usage.output,
            "cache_read": usage.cache_read,
            "cache_write": usage.cache_write,
            "cost": None if usage.cost is None else usage.cost.total,
        }


def _sum(usages: Iterable[Usage]) -> Usage:
    first, *others = usages
    for other in others:
        first = first + other
    return first


def _prompt(sent: Sequence[Message]) -> str:
    """The text of the last message of the user."""
    mine = [each for each in sent if isinstance(each, UserMessage)]
    return "\n".join(b.text for b in mine[-1].content if isinstance(b, Text)) if mine else ""


def _storable(text: str | None) -> Any:
    """A text that can be written as UTF-8."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _shown_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: settings.get(name) for name in _OPTIONS}
    return {
        name: _without_secrets(value)
        for name, value in given.items()
        if value not in (None, (), {})
    }


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if looks_secret(name) and isinstance(item, str) else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value
