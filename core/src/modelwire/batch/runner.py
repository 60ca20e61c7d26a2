"""Batch runners: other places than this machine where the rows of a batch can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from modelwire.errors import BatchError
from modelwire.registry.claims import installed_claims, undisputed
from modelwire.registry.loader import load_as

if TYPE_CHECKING:
    from modelwire.batch.summary import BatchRequest, BatchSummary

__all__ = ["BatchRunner", "batch_runner_names", "load_batch_runner"]


@runtime_checkable
class BatchRunner(Protocol):
    """A place where a batch can be run, as on a cluster.

    A package offers one in the entry-point group `modelwire.batch_runners`, under the name that
    `modelwire batch --on` has for it.
    """

    def run(self, request: BatchRequest) -> BatchSummary:
        """Run a batch to its end; the answers and failures are lines as those of a run on this machine.

        Args:
            request: The batch. Its `config_path` and `settings` are for the runtimes that the runner
                makes, its `runner_options` are those that the user has given.

        Raises:
            BatchError: The input or the output cannot be used.
            ModelwireError: No row can be answered.
        """
        ...


def batch_runner_names() -> list[str]:
    """The names of the runners that installed packages offer; nothing is imported."""
    return list(undisputed(installed_claims(), "batch_runners"))


def load_batch_runner(name: str) -> BatchRunner:
    """Import the runner that an installed package offers.

    Raises:
        BatchError: No package or several offer it.
        PluginError: It cannot be imported, or is no runner.
    """
    claim = undisputed(installed_claims(), "batch_runners").get(name)
    if claim is None:
        msg = f"Batches cannot be run on {name!r}: no installed package offers it."
        raise BatchError(msg)
    return load_as(claim, BatchRunner)  # type: ignore[type-abstract] # a protocol
