"""The request of a batch, its progress and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import Factory, field, frozen, validators

from modelwire.batch.pace import Limits

__all__ = ["BatchProgress", "BatchRequest", "BatchSummary", "RunnerOptions", "StopCause"]

StopCause = Literal["budget", "interrupted"]
"""Why a batch ended before its last row: the budget was used up, or the caller stopped it."""


@frozen
class RunnerOptions:
    """What a user chooses for a runner of a package.

    Attributes:
        address: The address of the place, such as that of a cluster.
        workers: The number of processes that send rows.
    """

    address: str | None = None
    workers: int | None = field(default=None, validator=validators.optional(validators.ge(1)))


@frozen
class BatchRequest:
    """A batch to run.

    Attributes:
        source: The input: JSON lines, CSV or Parquet.
        output: The file of the answers.
        settings: Keyword arguments of `Runtime.complete` for every row. What a row has itself takes
            precedence, except for the model.
        limits: The limits of concurrency, requests and tokens.
        budget: The maximum cost of all answers in USD, those of earlier runs included; or `None`.
        max_attempts: The maximum of attempts per row; refusals because of too many requests are not
            counted.
        retry_failed: Whether rows are retried whose failure is not transient.
        config_path: The configuration file, for runners with runtimes of their own.
        runner_options: What the user has chosen for a runner of a package.
    """

    source: Path
    output: Path
    settings: Mapping[str, Any] = Factory(dict)
    limits: Limits = Factory(Limits)
    budget: float | None = field(default=None, validator=validators.optional(validators.ge(0)))
    max_attempts: int = field(default=5, validator=validators.ge(1))
    retry_failed: bool = False
    config_path: Path | None = None
    runner_options: RunnerOptions = Factory(RunnerOptions)


@frozen
class BatchProgress:
    """How far a batch is.

    Attributes:
        rows: The rows of the input.
        answered: Those with an answer, from earlier runs included.
        failed: Those that have failed.
        in_flight: Those that were sent, and have no outcome yet.
        tokens: Tokens of the requests and answers of this run.
        cost: USD of all answers, as far as it is known.
        seconds: Since this run began.
        before: Rows that earlier runs have answered, or whose failures are kept.
        stopping: Whether no more rows are sent.
    """

    rows: int = 0
    answered: int = 0
    failed: int = 0
    in_flight: int = 0
    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    before: int = 0
    stopping: bool = False


@frozen
class BatchSummary:
    """The outcome of a batch.

    Attributes:
        rows: The rows of the input.
        answered: Those with an answer in the output.
        failed: Those with a failure in the file of failures.
        remaining: Those with neither, which the next run sends.
        processed: The rows that this run has answered or that have failed in it.
        requests: The requests of this run.
        refused: Those of them that the service refused because there were too many.
        tokens: Tokens of the requests and answers of this run.
        cost: USD of all answers, as far as it is known.
        seconds: How long this run took.
        output: The file of the answers.
        errors: The file of the failures.
        stopped: Why it ended before its last row, or `None`.
    """

    rows: int
    answered: int
    failed: int
    remaining: int
    processed: int
    requests: int
    refused: int
    tokens: int
    cost: float
    seconds: float
    output: Path
    errors: Path
    stopped: StopCause | None = None

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON data."""
        return {
            "rows": self.rows,
            "answered": self.answered,
            "failed": self.failed,
            "remaining": self.remaining,
            "processed": self.processed,
            "requests": self.requests,
            "refused": self.refused,
            "tokens": self.tokens,
            "cost": self.cost,
            "seconds": round(self.seconds, 3),
            "output": str(self.output),
            "errors": str(self.errors),
            "stopped": self.stopped,
        }
