"""The outcome of a row: the line that is written for it, and what it took."""

from __future__ import annotations

from attrs import frozen

from modelwire.batch.line_file import encode_line
from modelwire.batch.records import BatchRow, answer_record, failure_record
from modelwire.errors import ModelwireError
from modelwire.messages import AssistantMessage

__all__ = ["RowOutcome", "answer_outcome", "failure_outcome"]


@frozen
class RowOutcome:
    """The outcome of a row; plain data that can be sent to another process.

    Attributes:
        line: The number of the row's line in the input.
        record: The line to be written, as `answer_record` and `failure_record` describe it; `None` for a
            row without an answer or a failure, which is left to the next run.
        has_failed: Whether that line is a failure.
        requests: How often the row was sent.
        refused: How often of these the service refused it because there were too many requests.
        tokens: Tokens of the request and the answer.
        cost: USD, or `None` if the price is not known.
        model: The model that answered, as `provider/model`.
        error: The error of a failure that may be one of all rows, as refused credentials are.
    """

    line: int
    record: bytes | None = None
    has_failed: bool = False
    requests: int = 0
    refused: int = 0
    tokens: int = 0
    cost: float | None = None
    model: str | None = None
    error: ModelwireError | None = None


def answer_outcome(
    row: BatchRow, message: AssistantMessage, requests: int = 1, refused: int = 0
) -> RowOutcome:
    """The outcome of a row that was answered.

    Args:
        row: The row.
        message: The answer.
        requests: How often the row was sent, beside the attempts that the answer lists.
        refused: How often of these it was refused because there were too many requests.
    """
    usage = message.usage
    return RowOutcome(
        row.line,
        encode_line(answer_record(row, message, requests + len(message.attempts))),
        requests=requests,
        refused=refused,
        tokens=usage.total_tokens,
        cost=None if usage.cost is None else usage.cost.total,
        model=f"{message.provider}/{message.model}",
    )


def failure_outcome(
    row: BatchRow,
    error: ModelwireError,
    requests: int = 0,
    refused: int = 0,
    *,
    is_of_all: bool = False,
) -> RowOutcome:
    """The outcome of a row that failed.

    Args:
        row: The row.
        error: Its last error.
        requests: How often it was sent; 0 if it could not be sent.
        refused: How often of these it was refused because there were too many requests.
        is_of_all: Whether all rows may fail for that reason.
    """
    return RowOutcome(
        row.line,
        encode_line(failure_record(row, error, requests)),
        has_failed=True,
        requests=requests,
        refused=refused,
        error=error if is_of_all else None,
    )
