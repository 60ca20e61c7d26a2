"""Printers: the output formats of `modelwire complete`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import Any, Protocol

from modelwire.cli.approval import show_result
from modelwire.cli.diagnostics import diagnostics
from modelwire.cli.dropped_options import dropped_options
from modelwire.cli.errors import show_failure, show_note, what_to_do
from modelwire.cli.output import echo, echo_answer, echo_json, is_terminal
from modelwire.cli.styled import style
from modelwire.cli.text import json_text, printable
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
from modelwire.runtime.tool_loop import ToolRun

__all__ = ["INTERRUPTED", "PRINTERS", "Printer"]

INTERRUPTED = 130


def _status(error: ModelwireError) -> int:
    return INTERRUPTED if isinstance(error, Cancelled) else 1


class Printer(Protocol):
    """Prints an answer, or several with the results of tools between them, in one of its forms."""

    def __init__(
        self, *, runs_tools: bool = False, given: Collection[str] = frozenset()
    ) -> None: ...

    def event(self, event: Event) -> None:
        """Print an event."""

    def done(self, message: AssistantMessage) -> None:
        """Print the end of a complete answer."""

    def tool(self, run: ToolRun) -> None:
        """Print what a tool returned."""

    def failed(self, error: ModelwireError) -> int:
        """Print why it failed; return the exit status."""

    def misused(self, sentence: str) -> None:
        """Print that nothing was sent, where a program expects JSON; click informs the user."""


class _Text:
    """The text on standard output as it comes; everything else on standard error.

    Args:
        runs_tools: Whether tool calls are shown where they are run, and not here. What tools print
            is then kept from standard output, so the present one is held on to.
        given: The options that the user gave; those that a model does not take are reported.
    """

    def __init__(self, *, runs_tools: bool = False, given: Collection[str] = frozenset()) -> None:
        self._out = sys.stdout if runs_tools else None
        self._runs_tools = runs_tools
        self._given = given
        self._reported: set[str] = set()
        self._diagnostics = diagnostics()
        self._at_line_start = True
        self._show_thinking = is_terminal(sys.stderr)

    def event(self, event: Event) -> None:
        match event:
            case TextDeltaEvent():
                self._write(event.delta)
            case ThinkingDeltaEvent() if self._show_thinking:
                echo(style(event.delta, dim=True), nl=False, err=True, prose=True)
            case ThinkingEndEvent() if self._show_thinking:
                echo(err=True)
            case ToolCallEndEvent():
                self._end_line()
                if not self._runs_tools:
                    call = event.tool_call
                    lead = printable(f"[tool call {call.id}] {call.name}")
                    self._write(f"{lead}({json_text(call.arguments)})\n")
            case _:
                pass

    def done(self, message: AssistantMessage) -> None:
        self._end_line()
        _show_attempts(message.attempts, f"{message.provider}/{message.model}")
        dropped = dropped_options(message, self._given)
        if dropped is not None and dropped not in self._reported:
            self._reported.add(dropped)
            show_note(dropped)
        if message.stop_reason is StopReason.LENGTH:
            show_note("The answer was cut off: it reached its token limit.")
        if any(each.get("type") == "empty_answer" for each in message.diagnostics):
            show_note("The answer is empty: no text, no thinking and no tool call.")

    def tool(self, run: ToolRun) -> None:
        self._end_line()
        show_result(run)

    def failed(self, error: ModelwireError) -> int:
        self._end_line()
        if not isinstance(error, Cancelled):
            show_failure(error)
        return _status(error)

    def misused(self, sentence: str) -> None:
        """There is no other output in this form."""

    def _write(self, text: str) -> None:
        echo_answer(text, out=self._out)
        self._at_line_start = text.endswith("\n")
        self._diagnostics.within_line = not self._at_line_start

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")


class _Events:
    """One JSON event per line; the last is `done` or `error`. Results of tools come in between."""

    def __init__(self, *, runs_tools: bool = False, given: Collection[str] = frozenset()) -> None:  # noqa: ARG002 - the message says it
        self._out = sys.stdout if runs_tools else None

    def event(self, event: Event) -> None:
        echo_json(event_to_json(event), out=self._out)

    def done(self, message: AssistantMessage) -> None:
        """The event `done` has said it."""

    def tool(self, run: ToolRun) -> None:
        echo_json(message_to_json(run.result), out=self._out)

    def failed(self, error: ModelwireError) -> int:
        self._fail(_what_arrived(error), what_to_do(error))
        return _status(error)

    def misused(self, sentence: str) -> None:
        self._fail(_empty_message(sentence, "usage", StopReason.ERROR), what_to_do(None))

    def _fail(self, partial: AssistantMessage, added: dict[str, Any]) -> None:
        event = event_to_json(ErrorEvent(partial.stop_reason, partial))
        echo_json({**event, "error": {**event["error"], **added}}, out=self._out)


class _Json:
    """Each message as one line of JSON, the final one last; of a failed answer, what had arrived."""

    def __init__(self, *, runs_tools: bool = False, given: Collection[str] = frozenset()) -> None:  # noqa: ARG002 - the message says it
        self._out = sys.stdout if runs_tools else None

    def event(self, event: Event) -> None:
        """Only the end matters."""

    def done(self, message: AssistantMessage) -> None:
        echo_json(message_to_json(message), out=self._out)

    def tool(self, run: ToolRun) -> None:
        echo_json(message_to_json(run.result), out=self._out)

    def failed(self, error: ModelwireError) -> int:
        echo_json({**message_to_json(_what_arrived(error)), **what_to_do(error)}, out=self._out)
        return _status(error)

    def misused(self, sentence: str) -> None:
        message = _empty_message(sentence, "usage", StopReason.ERROR)
        echo_json({**message_to_json(message), **what_to_do(None)}, out=self._out)


def _what_arrived(error: ModelwireError) -> AssistantMessage:
    """The message of a failed answer, which says why it failed."""
    partial = error.partial
    if partial is None:
        reason = StopReason.ABORTED if isinstance(error, Cancelled) else StopReason.ERROR
        partial = _empty_message(str(error), error.code, reason)
        partial.provider = getattr(error, "provider", None) or ""
        partial.model = getattr(error, "model", None) or ""
    partial.attempts = list(error.attempts)
    return partial


def _empty_message(sentence: str, code: str, reason: StopReason) -> AssistantMessage:
    """The message for an answer that failed before a request was sent."""
    return AssistantMessage(
        [],
        provider="",
        model="",
        stop_reason=reason,
        error_message=sentence,
        error_code=code,
    )


def _show_attempts(attempts: Iterable[Attempt], answered: str) -> None:
    for attempt in attempts:
        if attempt.waited is None:
            show_note(f"{attempt.model} failed ({attempt.code}); {answered} answered instead.")


PRINTERS: dict[str, type[Printer]] = {"text": _Text, "events": _Events, "json": _Json}
