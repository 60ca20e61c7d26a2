"""Batch runners: other places than this machine from which the rows of a batch can be sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from modelwire.errors import BatchError
from modelwire.registry.claims import installed_claims, undisputed

if TYPE_CHECKING:
    from modelwire.batch.row_outcome import RowOutcome
    from modelwire.batch.work import BatchWork

__all__ = [
    "BatchRunner",
    "RunnerOption",
    "batch_runner_names",
    "load_batch_runner",
    "package_of_runner",
]

RunnerOption = Literal["address", "workers", "concurrency", "rpm", "tpm", "attempts"]
"""An option of `modelwire batch` that a runner keeps or not; all others are kept by the batch."""


@runtime_checkable
class BatchRunner(Protocol):
    """A place from which the rows of a batch can be sent, as a cluster.

    A package offers one in the entry-point group `modelwire.batch_runners`, under the name that
    `modelwire batch --on` has for it. The files, the budget and the counts are those of the `Batch`.
    """

    @property
    def options(self) -> Collection[RunnerOption]:
        """The options that it keeps; the command refuses the others by name."""
        ...

    def run(self, work: BatchWork) -> AsyncGenerator[Sequence[RowOutcome], None]:
        """Send rows, as `RowAsker` does; the outcomes come in any order and in groups of any size.

        A row has one outcome, and further ones are ignored. Rows that were not sent because the batch
        was stopped need none. Closing the generator ends everything that it has started.

        Args:
            work: The rows, and how they are sent.

        Raises:
            ModelwireError: No row can be sent.
        """
        ...


def batch_runner_names() -> list[str]:
    """The names of the runners that installed packages offer; nothing is imported."""
    return list(undisputed(installed_claims(), "batch_runners"))


def package_of_runner(name: str) -> str | None:
    """The package of this project that offers a runner, installed or not; `None` for other runners."""
    from modelwire.registry.published import published_batch_runners

    return published_batch_runners().get(name)


def load_batch_runner(name: str) -> BatchRunner:
    """Import the runner that an installed package offers.

    Raises:
        BatchError: No package or several offer it.
        PluginError: It cannot be imported, or is no runner.
    """
    from modelwire.registry.loader import load_as

    claim = undisputed(installed_claims(), "batch_runners").get(name)
    if claim is None:
        msg = f"Batches cannot be run on {name!r}: no installed package offers it."
        package = package_of_runner(name)
        raise BatchError(msg, hint=f"Run: pip install {package}" if package else None)
    return load_as(claim, BatchRunner)  # type: ignore[type-abstract] # a protocol
