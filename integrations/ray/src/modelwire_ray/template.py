"""Prompt templates: text with the names of columns in braces."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from modelwire.errors import InvalidRequest

__all__ = ["Template"]


class Template:
    """A text that is filled with the values of a row.

    Args:
        text: The text, as `"Summarize: {article}"`; `{{` and `}}` are braces.

    Attributes:
        columns: The names of the columns, in order.

    Raises:
        InvalidRequest: It has a brace without its partner, or more than a name in braces.
    """

    def __init__(self, text: str) -> None:
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            msg = f"prompt {text!r}: {error}."
            raise InvalidRequest(msg, hint="Write {{ and }} for braces.", retryable=False) from None
        for _, name, form, conversion in parts:
            if name == "" or form or conversion:
                msg = f"prompt {text!r}: braces hold the name of a column, and nothing else."
                hint = "Write {{ and }} for braces."
                raise InvalidRequest(msg, hint=hint, retryable=False)
        self._parts = [(literal, name) for literal, name, _, _ in parts]
        self.columns = list(dict.fromkeys(name for _, name in self._parts if name is not None))

    def __call__(self, row: Mapping[str, Any]) -> str:
        """Fill the text.

        Raises:
            InvalidRequest: The row has no value in a column.
        """
        filled = []
        for literal, name in self._parts:
            filled.append(literal)
            if name is not None:
                value = row[name]
                if value is None:
                    msg = f"The row has no value in the column {name!r}, which the prompt needs."
                    raise InvalidRequest(msg, retryable=False)
                filled.append(str(value))
        return "".join(filled)
