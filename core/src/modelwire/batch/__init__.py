"""Batches: many requests read from a file, and their answers written to another.

- `parse_row` reads a line of the input as a `BatchRow`; `answer_record` and `failure_record` are the lines
  that are written for it.
- `RequestShapes` are the batch lines of the APIs that installed plugins serve to clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.batch.records import (
        BatchRow,
        answer_record,
        failure_record,
        parse_row,
        row_id,
    )
    from modelwire.batch.request_shapes import RequestShapes

__all__ = [
    "BatchRow",
    "RequestShapes",
    "answer_record",
    "failure_record",
    "parse_row",
    "row_id",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "records": ("BatchRow", "answer_record", "failure_record", "parse_row", "row_id"),
        "request_shapes": ("RequestShapes",),
    },
)
