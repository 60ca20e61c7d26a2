"""The places where a batch is run: this machine, with a progress bar, or what a package offers."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

from modelwire.batch import Batch, BatchRequest, BatchSummary, load_batch_runner
from modelwire.cli.batch.progress_bar import ProgressBar
from modelwire.cli.event_loop import on_signal, run
from modelwire.cli.printers import INTERRUPTED
from modelwire.runtime import Runtime

__all__ = ["run_at"]


def run_at(place: str, request: BatchRequest) -> BatchSummary:
    """Run a batch.

    Args:
        place: `here`, or the name of a runner that an installed package offers.
        request: The batch.

    Raises:
        ModelwireError: The batch failed.
    """
    runner = _OWN.get(place)
    return load_batch_runner(place).run(request) if runner is None else runner(request)


def _run_here(request: BatchRequest) -> BatchSummary:
    return run(_asking(request))


async def _asking(request: BatchRequest) -> BatchSummary:
    async with Runtime.from_config(request.config_path) as runtime:
        batch = Batch(runtime, request)
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


_OWN: Final[Mapping[str, Callable[[BatchRequest], BatchSummary]]] = {"here": _run_here}
"""The places that need no other package."""
