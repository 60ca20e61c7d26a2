"""The run of a batch with checked arguments."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelwire.batch.batch import Batch
from modelwire.batch.pace import Limits
from modelwire.batch.summary import BatchRequest, BatchSummary
from modelwire.runtime import Runtime
from modelwire.runtime.caller_options import check_count, check_type, wrong

__all__ = ["run_batch"]


async def run_batch(
    runtime: Runtime,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    settings: Mapping[str, Any],
    concurrency: int,
    rpm: float | None,
    tpm: float | None,
    budget: float | None,
    max_attempts: int,
    retry_failed: bool,
) -> BatchSummary:
    """Run a batch on this machine; `Runtime.batch` describes the arguments.

    Args:
        runtime: The runtime; it stays open.
        source: The input.
        output: The file of the answers.
        settings: Keyword arguments of `Runtime.complete` for every row.
        concurrency: The maximum of requests in flight.
        rpm: The quota of requests per minute, or `None`.
        tpm: The quota of tokens per minute, or `None`.
        budget: The maximum cost in USD, or `None`.
        max_attempts: The maximum of attempts per row.
        retry_failed: Whether rows are retried whose failure is not transient.

    Raises:
        BatchError: The input or the output cannot be used.
        InvalidRequest: An argument has a wrong type or range.
        ModelwireError: No row can be answered.
    """
    check_count("concurrency", concurrency)
    check_count("max_attempts", max_attempts)
    check_type("retry_failed", retry_failed, bool, "True or False")
    for name, value in (("rpm", rpm), ("tpm", tpm), ("budget", budget)):
        _check_number(name, value)
    request = BatchRequest(
        Path(source),
        Path(output),
        settings,
        Limits(concurrency, rpm, tpm),
        budget,
        max_attempts,
        retry_failed,
    )
    return await Batch(runtime, request).run()


def _check_number(name: str, value: Any) -> None:
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or (right and math.isfinite(value) and value > 0):
        return
    raise wrong(name, "a number above 0", value)
