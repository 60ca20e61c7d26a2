"""Asking the model for `modelwire complete`."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from modelwire.cli.documents import json_text
from modelwire.cli.failures import show_note
from modelwire.cli.printing import INTERRUPTED, PRINTERS, Printer
from modelwire.errors import ModelwireError
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Context
from modelwire.runtime import Runtime, Stream
from modelwire.runtime.resolution import default_ref
from modelwire.transport import Deadlines

__all__ = ["answer", "rehearse"]


def answer(context: Context, *, form: str, config_path: Path | None, **settings: Any) -> int:
    """Ask and print; return the exit status.

    Args:
        context: What the model is asked to continue.
        form: `text`, `events` or `json`.
        config_path: The configuration file.
        settings: The other options of the command.
    """
    with asyncio.Runner() as runner:
        status = runner.run(_answer(context, PRINTERS[form](), config_path, settings))
        if status == INTERRUPTED:
            # Everything is closed and printed. Python would still wait for threads that nothing can
            # stop, such as one that looks up a name.
            os._exit(status)
    return status


def rehearse(context: Context, *, config_path: Path | None, **settings: Any) -> int:
    """Print the request that would be sent; return the exit status. The arguments are as above."""
    return asyncio.run(_rehearse(context, config_path, settings))


async def _answer(
    context: Context, printer: Printer, config_path: Path | None, settings: dict[str, Any]
) -> int:
    try:
        runtime = Runtime.from_config(config_path)
        settings = _asked(runtime, settings)
    except ModelwireError as error:
        return printer.failed(error)
    async with runtime, runtime.stream(context, **settings) as stream:
        _cancel_on_interrupt(stream)
        try:
            async for event in stream:
                printer.event(event)
        except ModelwireError as error:
            return printer.failed(error)
        if stream.message is not None:
            printer.done(stream.message)
        return 0


async def _rehearse(context: Context, config_path: Path | None, settings: dict[str, Any]) -> int:
    async with Runtime.from_config(config_path) as runtime:
        kept = await runtime.dry_run(context, **_asked(runtime, settings))
    click.echo(json_text(kept.to_json(), indent=2))
    return 0


def _asked(runtime: Runtime, settings: dict[str, Any]) -> dict[str, Any]:
    """The options of the command as arguments of the runtime."""
    asked = dict(settings)
    if asked["model"] is None and runtime.config.agents.defaults.model.primary is None:
        asked["model"] = str(default_ref(runtime.config, runtime.registry))
        show_note(f"No model is configured; {asked['model']} answers.")
    choice = asked.pop("tool_choice")
    asked["tool_choice"] = ToolChoice.parse(choice) if choice else None
    asked["deadlines"] = Deadlines(total=asked.pop("timeout"))
    return asked


def _cancel_on_interrupt(stream: Stream) -> None:
    """Let the first Ctrl-C stop the answer in good order, and the second stop the program."""

    def interrupted() -> None:
        stream.cancel()
        with suppress(NotImplementedError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, INTERRUPTED)

    with suppress(NotImplementedError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)
