"""Asking the model for `modelwire complete`, and printing what comes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import click

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
from modelwire.hookspecs import ToolChoice
from modelwire.messages import AssistantMessage, Context, StopReason
from modelwire.messages.codec import message_to_json
from modelwire.runtime import Runtime, Stream
from modelwire.runtime.resolution import default_ref
from modelwire.transport import Deadlines

__all__ = ["answer"]

_INTERRUPTED = 130


def answer(context: Context, *, form: str, **settings: Any) -> int:
    """Ask and print; return the exit status.

    Args:
        context: What the model is asked to continue.
        form: `text`, `events` or `json`.
        settings: The other options of the command.
    """
    printers: dict[str, type[_Printer]] = {"text": _Text, "events": _Events, "json": _Json}
    printer = printers[form]()
    return asyncio.run(_answer(context, printer, **settings))


async def _answer(
    context: Context,
    printer: _Printer,
    *,
    config_path: Path | None,
    model: str | None,
    system: str | None,
    tool_choice: str | None,
    timeout: float | None,
    **options: Any,
) -> int:
    try:
        runtime = Runtime.from_config(config_path)
        if model is None and runtime.config.agents.defaults.model.primary is None:
            model = str(default_ref(runtime.config, runtime.registry))
            show_note(f"No model is configured; {model} answers.")
    except ModelwireError as error:
        return printer.failed(error)
    async with runtime:
        stream = runtime.stream(
            context,
            model=model,
            system=system,
            tool_choice=ToolChoice.parse(tool_choice) if tool_choice else None,
            deadlines=Deadlines(total=timeout),
            **options,
        )
        _cancel_on_interrupt(stream)
        async with stream:
            try:
                async for event in stream:
                    printer.event(event)
            except ModelwireError as error:
                return printer.failed(error)
        if stream.message is not None:
            printer.done(stream.message)
        return 0


def _cancel_on_interrupt(stream: Stream) -> None:
    """Let the first Ctrl-C stop the answer in good order, and the second stop the program."""

    def interrupted() -> None:
        stream.cancel()
        with suppress(NotImplementedError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _INTERRUPTED)

    with suppress(NotImplementedError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)


def _status(error: ModelwireError) -> int:
    return _INTERRUPTED if isinstance(error, Cancelled) else 1


class _Printer(Protocol):
    """Prints an answer in one of its forms."""

    def event(self, event: Event) -> None: ...

    def done(self, message: AssistantMessage) -> None: ...

    def failed(self, error: ModelwireError) -> int: ...


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
        sys.stdout.write(text)
        sys.stdout.flush()
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
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    sys.stdout.flush()
