"""The places where a batch is run: this machine, the provider, or what a package offers; and their options."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from typing import Final, get_args

import click
from click.core import ParameterSource

from modelwire.batch import (
    Batch,
    BatchRequest,
    BatchRunner,
    BatchSummary,
    RunnerOption,
    load_batch_runner,
)
from modelwire.cli.batch.progress_bar import ProgressBar
from modelwire.cli.event_loop import on_signal, run
from modelwire.cli.printers import INTERRUPTED
from modelwire.runtime import Runtime

__all__ = ["check_options", "run_on", "runner_at"]

_HERE, _PROVIDER = "here", "provider"
_OF_RUNNERS: Final = frozenset(get_args(RunnerOption))
_ONLY_OF_RUNNERS: Final = frozenset({"address", "workers"})
_OF_JOBS: Final = frozenset({"jobs", "job", "yes"})
_OF_REQUESTS: Final = frozenset({"concurrency", "rpm", "tpm", "budget", "attempts"})


def runner_at(place: str) -> BatchRunner | None:
    """The runner of a place; `None` for this machine and the provider.

    Raises:
        ModelwireError: The package that offers the place is broken.
    """
    return None if place in (_HERE, _PROVIDER) else load_batch_runner(place)


def check_options(context: click.Context, place: str, runner: BatchRunner | None) -> None:
    """Refuse options that do not apply to where the batch is run.

    Raises:
        click.UsageError: An option was given that does not apply.
    """
    for name in _given(context):
        problem = _problem(name, place, runner)
        if problem is not None:
            msg = f"--{name} {problem}"
            raise click.UsageError(msg)


def _problem(name: str, place: str, runner: BatchRunner | None) -> str | None:
    """Why an option does not apply to a place, if it does not."""
    if runner is None and name in _ONLY_OF_RUNNERS:
        return f"is for a place that a package offers, not for --on {place}."
    if place == _PROVIDER:
        return "does not apply to jobs at the provider." if name in _OF_REQUESTS else None
    if name in _OF_JOBS:
        return "needs --on provider."
    if runner is not None and name in _OF_RUNNERS and name not in runner.options:
        return f"does not apply to --on {place}."
    return None


def _given(context: click.Context) -> list[str]:
    """The long names of the options that were given, without their hyphens."""
    return [
        param.opts[-1].lstrip("-")
        for param in context.command.params
        if param.name and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    ]


def run_on(runner: BatchRunner | None, request: BatchRequest) -> BatchSummary:
    """Run a batch, with a progress bar on a terminal.

    Args:
        runner: Where the rows are sent from; `None` for this machine.
        request: The batch.

    Raises:
        ModelwireError: The batch failed.
    """
    return run(_run_batch(runner, request))


async def _run_batch(runner: BatchRunner | None, request: BatchRequest) -> BatchSummary:
    async with Runtime.from_config(request.config_path) as runtime:
        batch = Batch(runtime, request, runner=runner)
        with ProgressBar(lambda: batch.progress), on_signal(signal.SIGINT, _stopper(batch)):
            return await batch.run()


def _stopper(batch: Batch) -> Callable[[], None]:
    """The Ctrl-C handler: the first waits for the answers in flight, the second does not, the third exits."""
    strikes = itertools.count()

    def interrupted() -> None:
        match next(strikes):
            case 0:
                batch.stop()
            case 1:
                batch.cancel()
            case _:
                os._exit(INTERRUPTED)

    return interrupted
