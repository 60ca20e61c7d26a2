"""The columns of answers: their names, types and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from modelwire.errors import InvalidRequest, ModelwireError
from modelwire.messages import AssistantMessage, Usage

__all__ = ["add_columns", "answer_values", "error_values"]

_USAGE = pa.struct(
    [
        ("input", pa.int64()),
        ("output", pa.int64()),
        ("cache_read", pa.int64()),
        ("cache_write", pa.int64()),
        ("reasoning", pa.int64()),
    ]
)
_ERROR = pa.struct([("code", pa.string()), ("message", pa.string()), ("retryable", pa.bool_())])
_TYPES = {
    "": pa.string(),
    "_model": pa.string(),
    "_stop_reason": pa.string(),
    "_usage": _USAGE,
    "_cost": pa.float64(),
    "_error": _ERROR,
}
"""The type of each column, by what its name has after that of the answer.

All blocks have the same types, also those in which no row failed or none was answered.
"""


def answer_values(message: AssistantMessage) -> dict[str, Any]:
    """The values of a row that was answered."""
    return {
        "": message.text,
        "_model": f"{message.provider}/{message.model}",
        "_stop_reason": str(message.stop_reason),
        **_usage_values(message.usage),
    }


def error_values(error: ModelwireError) -> dict[str, Any]:
    """The values of a row that failed; what a partial answer used is in them."""
    return {
        **(_usage_values(error.partial.usage) if error.partial is not None else {}),
        "_error": {
            "code": error.code,
            "message": error.message,
            "retryable": error.retryable,
        },
    }


def _usage_values(usage: Usage) -> dict[str, Any]:
    return {
        "_usage": {name.name: getattr(usage, name.name) for name in _USAGE},
        "_cost": None if usage.cost is None else usage.cost.total,
    }


def add_columns(table: pa.Table, output: str, values: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Add the columns of answers to a table.

    Args:
        table: The rows.
        output: The name of the column of texts; those of the others begin with it.
        values: The values of each row, as `answer_values` and `error_values` return them.

    Raises:
        InvalidRequest: The table has a column of such a name.
    """
    for suffix, kind in _TYPES.items():
        name = f"{output}{suffix}"
        if name in table.column_names:
            msg = f"The dataset has a column {name!r} already."
            raise InvalidRequest(msg, hint="Choose another output.", retryable=False)
        table = table.append_column(name, pa.array([each.get(suffix) for each in values], kind))
    return table
