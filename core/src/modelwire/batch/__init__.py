"""Batches: many requests read from a file, and their answers written to another.

- `Runtime.batch` runs a `BatchRequest` on this machine, and so does `Batch`, which can be watched and
  stopped; the outcome is a `BatchSummary`. `Limits` are its concurrency and quotas.
- `ProviderBatch` submits the rows as jobs of the provider, and fetches their results later, also in another
  process.
- `parse_row` reads a line of the input as a `BatchRow`; `answer_record` and `failure_record` are the lines
  that are written for it.
- A `BatchRunner` of an installed package sends the rows from elsewhere; `load_batch_runner` finds it. It takes
  rows from a `BatchWork`, sends them with a `RowAsker`, and hands back a `RowOutcome` for each.
- `RequestShapes` are the batch lines of the APIs that installed plugins serve to clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.batch.asker import RowAsker, Turns
    from modelwire.batch.batch import Batch
    from modelwire.batch.pace import Limits
    from modelwire.batch.provider_batch import ProviderBatch, ProviderPlan
    from modelwire.batch.records import (
        BatchRow,
        answer_record,
        failure_record,
        parse_row,
        row_id,
    )
    from modelwire.batch.request_shapes import RequestShapes
    from modelwire.batch.row_outcome import RowOutcome
    from modelwire.batch.run import run_batch
    from modelwire.batch.runner import (
        BatchRunner,
        RunnerOption,
        batch_runner_names,
        load_batch_runner,
    )
    from modelwire.batch.summary import (
        BatchProgress,
        BatchRequest,
        BatchSummary,
        RunnerOptions,
        StopCause,
    )
    from modelwire.batch.work import BatchWork

__all__ = [
    "Batch",
    "BatchProgress",
    "BatchRequest",
    "BatchRow",
    "BatchRunner",
    "BatchSummary",
    "BatchWork",
    "Limits",
    "ProviderBatch",
    "ProviderPlan",
    "RequestShapes",
    "RowAsker",
    "RowOutcome",
    "RunnerOption",
    "RunnerOptions",
    "StopCause",
    "Turns",
    "answer_record",
    "batch_runner_names",
    "failure_record",
    "load_batch_runner",
    "parse_row",
    "row_id",
    "run_batch",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "asker": ("RowAsker", "Turns"),
        "batch": ("Batch",),
        "pace": ("Limits",),
        "provider_batch": ("ProviderBatch", "ProviderPlan"),
        "records": ("BatchRow", "answer_record", "failure_record", "parse_row", "row_id"),
        "request_shapes": ("RequestShapes",),
        "row_outcome": ("RowOutcome",),
        "run": ("run_batch",),
        "runner": ("BatchRunner", "RunnerOption", "batch_runner_names", "load_batch_runner"),
        "summary": (
            "BatchProgress",
            "BatchRequest",
            "BatchSummary",
            "RunnerOptions",
            "StopCause",
        ),
        "work": ("BatchWork",),
    },
)
