"""The run of `modelwire complete`: one prompt, one answer."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from modelwire.cli.approval import Approval, Terminal, open_terminal
from modelwire.cli.complete_input import CompleteInput
from modelwire.cli.errors import show_note, show_traceback
from modelwire.cli.event_loop import on_signal, run
from modelwire.cli.logs.recorder import LoggedConversation, Recorder
from modelwire.cli.output import echo_json
from modelwire.cli.printers import INTERRUPTED, PRINTERS
from modelwire.cli.request_options import request_settings
from modelwire.cli.spinner import SpinningPrinter
from modelwire.cli.tool_sources import SourceChoice
from modelwire.errors import ModelwireError
from modelwire.events import DoneEvent, Event
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Context
from modelwire.runtime import Runtime, Stream, ToolLoop, ToolRun, run_tools
from modelwire.runtime.resolver import default_ref
from modelwire.runtime.tool_sources import expand_sources
from modelwire.tools import FunctionTool, load_tools

__all__ = ["ToolOptions", "answer", "rehearse"]


@frozen
class ToolOptions:
    """The tool options of the command line.

    Attributes:
        paths: The Python files that hold them.
        yes: Whether they run without a question.
        max_turns: The maximum number of answers.
        sources: Sources of tools that installed packages have.
    """

    paths: Sequence[str]
    yes: bool
    max_turns: int
    sources: Sequence[SourceChoice] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.sources)


def answer(
    given: CompleteInput,
    *,
    form: str,
    no_log: bool,
    config_path: Path | None,
    tools: ToolOptions,
    **settings: Any,
) -> int:
    """Ask and print; return the exit status.

    Args:
        given: The input of the completion, not read yet.
        form: `text`, `events` or `json`.
        no_log: Whether the answer is not kept.
        config_path: The configuration file.
        tools: The tools to run.
        settings: The other options of the command.
    """
    plain = PRINTERS[form](runs_tools=bool(tools), given=_given_options(settings))
    printer = SpinningPrinter(plain, whole=form == "json")
    with _own_output(tools):
        try:
            terminal = _terminal(tools)
            functions = _load(tools)
            context, continued = _context(given, settings)
        except ModelwireError as error:
            show_traceback(error)
            return printer.failed(error)
        except click.UsageError as error:
            printer.misused(error.format_message())
            raise
        approval = Approval(terminal, show=form == "text")
        recorder = Recorder(context, continued, settings, enabled=not no_log)
        complete_run = _CompleteRun(context, functions, approval, tools, printer, recorder)
        status = run(complete_run.run(config_path, settings))
        recorder.write()
        return status


def rehearse(
    given: CompleteInput,
    *,
    config_path: Path | None,
    tools: ToolOptions,
    **settings: Any,
) -> int:
    """Print the request that would be sent; return the exit status. The arguments are as above."""
    with _own_output(tools):
        functions = _load(tools)
    context, _ = _context(given, settings)
    context.tools += [function.tool for function in functions]
    return run(_rehearse(context, tools.sources, config_path, settings))


def _context(
    given: CompleteInput, settings: dict[str, Any]
) -> tuple[Context, LoggedConversation | None]:
    """Read the input, and apply its settings to the options."""
    continued = given.continued()
    if continued is not None and settings["model"] is None:
        settings["model"] = continued.model
    context = given.context(continued)
    settings["response_schema"] = given.response_schema()
    return context, continued


def _own_output(tools: ToolOptions) -> AbstractContextManager[object]:
    """Keep standard output for the answer: what tools print goes to standard error."""
    return redirect_stdout(sys.stderr) if tools else nullcontext()


def _terminal(tools: ToolOptions) -> Terminal | None:
    """The terminal to ask for approval on before a tool runs; `None` if none is needed."""
    if tools.yes or not tools:
        return None
    terminal = open_terminal()
    if terminal is None:
        msg = "There is no terminal to confirm tool calls on; --yes allows all of them."
        raise click.UsageError(msg)
    return terminal


def _load(tools: ToolOptions) -> list[FunctionTool]:
    return [function for path in tools.paths for function in load_tools(path)]


@frozen
class _CompleteRun:
    """Asks a model, with or without tools, and prints what comes."""

    context: Context
    functions: Sequence[FunctionTool]
    approval: Approval
    tools: ToolOptions
    printer: SpinningPrinter
    recorder: Recorder

    async def run(self, config_path: Path | None, settings: dict[str, Any]) -> int:
        try:
            runtime = Runtime.from_config(config_path)
            self.recorder.enabled &= runtime.config.logs.enabled
            async with runtime, self._start(runtime, _arguments(runtime, settings)) as items:
                with on_signal(signal.SIGINT, _canceller(items)):
                    self.printer.start()
                    async for item in items:
                        self._print(item)
        except ModelwireError as error:
            self.recorder.failed(error)
            show_traceback(error)
            return self.printer.failed(error)
        finally:
            self.printer.stop()
        return 0

    def _start(self, runtime: Runtime, settings: dict[str, Any]) -> Stream | ToolLoop:
        if not self.tools:
            return runtime.stream(self.context, **settings)
        sources = [choice.open(runtime.config) for choice in self.tools.sources]
        return run_tools(
            runtime,
            self.context,
            [*self.functions, *sources],
            approve=self.approval,
            max_turns=self.tools.max_turns,
            **settings,
        )

    def _print(self, item: Event | ToolRun) -> None:
        if isinstance(item, ToolRun):
            self.recorder.received(item.result)
            self.printer.tool(item)
            return
        self.printer.event(item)
        if isinstance(item, DoneEvent):
            self.recorder.received(item.message)
            self.printer.done(item.message)


async def _rehearse(
    context: Context,
    sources: Sequence[SourceChoice],
    config_path: Path | None,
    settings: dict[str, Any],
) -> int:
    async with Runtime.from_config(config_path) as runtime:
        chosen = [choice.open(runtime.config) for choice in sources]
        found = await expand_sources(runtime, chosen)
        context.tools += [tool.tool for tool in found if isinstance(tool, FunctionTool)]
        arguments = _arguments(runtime, settings)
        del arguments["fallbacks"]  # what the first model would get is shown
        prepared = await runtime.dry_run(context, **arguments)
    echo_json(prepared.to_json(), indent=2)
    return 0


def _arguments(runtime: Runtime, settings: dict[str, Any]) -> dict[str, Any]:
    """The options of the command as arguments of the runtime."""
    arguments = request_settings(settings)
    if arguments["model"] is None and runtime.config.agents.defaults.model.primary is None:
        arguments["model"] = str(default_ref(runtime.config, runtime.registry))
        show_note(f"No model is configured; {arguments['model']} answers.")
    choice = arguments.pop("tool_choice")
    arguments["tool_choice"] = ToolChoice.parse(choice) if choice else None
    return arguments


def _given_options(settings: dict[str, Any]) -> frozenset[str]:
    """The names of the options that were given, each request parameter by itself."""
    given = {name for name, value in settings.items() if value not in (None, (), {})}
    return frozenset(given | {f"params.{name}" for name in settings["params"]})


def _canceller(running: Stream | ToolLoop) -> Callable[[], None]:
    """The Ctrl-C handler: the first stops the answer cleanly, the second ends the program."""
    strikes = itertools.count()

    def interrupted() -> None:
        if next(strikes):
            os._exit(INTERRUPTED)
        running.cancel()

    return interrupted
