"""The call of a batch: the method of the runtimes that sends the rows of a file."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack, cast

from modelwire.event_loops import require_event_loop
from modelwire.models import ModelRef
from modelwire.runtime.caller_options import check_call, check_type, options_of
from modelwire.runtime.options import OptionChanges, naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwire.batch import BatchSummary

__all__ = ["CONCURRENCY", "MAX_ATTEMPTS", "BatchCall"]

CONCURRENCY = 64
"""The maximum of requests in flight, where the caller names none."""
MAX_ATTEMPTS = 5
"""The number of attempts per row, where the caller does not say."""
_ABOVE = "modelwire.batch"
"""The package that runs batches over a runtime; it is imported by name, because it builds on this one."""


class BatchCall:
    """The method `batch` of a runtime."""

    @naming(OptionChanges)
    async def batch(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        concurrency: int = CONCURRENCY,
        rpm: float | None = None,
        tpm: float | None = None,
        budget: float | None = None,
        max_attempts: int = MAX_ATTEMPTS,
        retry_failed: bool = False,
        **changes: Unpack[OptionChanges],
    ) -> BatchSummary:
        """Send each row of a file to a model, and write its answer to another file as a line.

        The same call continues a batch that was interrupted: rows that have an answer are not sent
        again. What a row has itself, such as `max_tokens`, takes precedence over the arguments, except for
        the model.

        Args:
            source: The input: `.jsonl`, `.csv` or `.parquet`; see `modelwire.batch.parse_row`.
            output: The file of the answers; failures are in `NAME.errors.jsonl` beside it.
            model: The model for all rows; by default each row's own, or the primary one.
            fallbacks: As for `stream`.
            system: The system prompt of rows that have none.
            concurrency: The maximum of requests in flight.
            rpm: The quota of requests per minute; by default it is learnt from refusals.
            tpm: The quota of tokens per minute.
            budget: The maximum cost of all answers in USD, those of earlier runs included.
            max_attempts: The maximum of attempts per row.
            retry_failed: Whether rows are retried whose failure is not transient.
            changes: Options of `CompletionOptions` for every row.

        Raises:
            BatchError: The input or the output cannot be used.
            InvalidRequest: An argument or option has a wrong type or range.
            ModelwireError: No row can be answered, as without credentials.
        """
        require_event_loop()
        check_call(model, fallbacks, system)
        for name, path in (("source", source), ("output", output)):
            check_type(name, path, (str, os.PathLike), "the path of a file")
        options_of(None, changes, BatchCall.batch)
        settings: dict[str, Any] = {"model": model, "fallbacks": fallbacks, "system": system}
        run_batch = (await asyncio.to_thread(import_module, _ABOVE)).run_batch
        summary = await run_batch(
            self,
            source,
            output,
            settings={**{k: v for k, v in settings.items() if v is not None}, **changes},
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            budget=budget,
            max_attempts=max_attempts,
            retry_failed=retry_failed,
        )
        return cast("BatchSummary", summary)
