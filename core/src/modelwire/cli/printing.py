"""The forms in which `modelwire complete` prints an answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Protocol

import click

from modelwire.cli.documents import json_text
from modelwire.cli.failures import show_failure, show_note
from modelwire.errors import Attempt, Cancelled, ModelwireError
from modelwire.events import (
    ErrorEvent,
    Event,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallEndEvent,
)
from modelwire.events.codec import event_to_json
from modelwire.messages import AssistantMessage, StopReason
from modelwire.messages.codec import message_to_json

__all__ = ["INTERRUPTED", "PRINTERS", "Printer"]

INTERRUPTED = 130


def _status(error: ModelwireError) -> int:
    return INTERRUPTED if isinstance(error, Cancelled) else 1


class Printer(Protocol):
    """Prints an answer in one of its forms."""

    def event(self, event: Event) -> None:
        """Print an event."""

    def done(self, message: AssistantMessage) -> None:
        """Print the end of a complete answer."""

    def failed(self, error: ModelwireError) -> int:
        """Print why it failed; return the exit status."""


class _Text:
    """The text on standard output as it comes; everything else on standard error."""

    def __init__(self) -> None:
        self._at_line_start = True
        self._show_thinking = sys.stderr.isatty()

    def event(self, event: Event) -> None:
        match event:
            case TextDeltaEvent():
                self._write(event.delta)
            case ThinkingDeltaEvent() if self._show_thinking:
                click.secho(event.delta, nl=False, err=True, dim=True)
            case ThinkingEndEvent() if self._show_thinking:
                click.echo(err=True)
            case ToolCallEndEvent():
                self._end_line()
                call = event.tool_call
                arguments = json.dumps(call.arguments, ensure_ascii=False)
                self._write(f"[tool call {call.id}] {call.name}({arguments})\n")
            case _:
                pass

    def done(self, message: AssistantMessage) -> None:
        self._end_line()
        _show_attempts(message.attempts, f"{message.provider}/{message.model}")
        if message.stop_reason is StopReason.LENGTH:
            show_note("The answer met its limit on tokens and is cut.")

    def failed(self, error: ModelwireError) -> int:
        self._end_line()
        if not isinstance(error, Cancelled):
            show_failure(error)
        return _status(error)

    def _write(self, text: str) -> None:
        click.echo(text, nl=False)
        self._at_line_start = text.endswith("\n")

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")


class _Events:
    """One JSON event per line; the last is `done` or `error`."""

    def event(self, event: Event) -> None:
        _print_json(event_to_json(event))

    def done(self, message: AssistantMessage) -> None:
        """The event `done` has said it."""

    def failed(self, error: ModelwireError) -> int:
        reason = StopReason.ABORTED if isinstance(error, Cancelled) else StopReason.ERROR
        partial = error.partial or _empty_message(error, reason)
        partial.attempts = list(error.attempts)
        _print_json(event_to_json(ErrorEvent(reason, partial)))
        return _status(error)


class _Json:
    """The final message as one JSON object; of a failed answer, what had arrived."""

    def event(self, event: Event) -> None:
        """Only the end matters."""

    def done(self, message: AssistantMessage) -> None:
        _print_json(message_to_json(message))

    def failed(self, error: ModelwireError) -> int:
        reason = StopReason.ABORTED if isinstance(error, Cancelled) else StopReason.ERROR
        partial = error.partial or _empty_message(error, reason)
        partial.attempts = list(error.attempts)
        _print_json(message_to_json(partial))
        return _status(error)


def _empty_message(error: ModelwireError, reason: StopReason) -> AssistantMessage:
    """What there is of an answer that failed before anybody was asked."""
    return AssistantMessage(
        [],
        provider=getattr(error, "provider", None) or "",
        model=getattr(error, "model", None) or "",
        stop_reason=reason,
        error_message=str(error),
        error_code=error.code,
    )


def _show_attempts(attempts: Iterable[Attempt], answered: str) -> None:
    for attempt in attempts:
        if attempt.waited is None:
            show_note(f"{attempt.model} failed ({attempt.code}); {answered} answered instead.")


def _print_json(data: object) -> None:
    click.echo(json_text(data))


PRINTERS: dict[str, type[Printer]] = {"text": _Text, "events": _Events, "json": _Json}
