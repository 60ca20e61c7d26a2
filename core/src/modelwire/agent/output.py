"""The type of an agent's output: its schema, and the reading of answers."""

from __future__ import annotations

import json
import re
from types import GenericAlias
from typing import Any, Generic, TypeVar, cast

from attrs import frozen

import modelwire.structuring.docstrings  # noqa: F401 - an agent may be made on an event loop
from modelwire.errors import InvalidRequest
from modelwire.tools.schemas import describe_answer, read_value, reason

__all__ = ["OutputType"]

T = TypeVar("T")

_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL | re.IGNORECASE)
_WRAPPED = "result"
"""The key that wraps a value that is not an object; services take only schemas of objects."""


@frozen
class OutputType(Generic[T]):
    """The type of an agent's answers.

    Attributes:
        kind: The type; `str` is the text of the answer, as it is.
        schema: The JSON Schema that the answer must follow, or `None` for text.
        wrapped: Whether the answer is an object that holds the value under one key.
    """

    kind: Any
    schema: dict[str, Any] | None = None
    wrapped: bool = False

    @classmethod
    def of(cls, kind: Any) -> OutputType[T]:
        """Describe a type.

        Raises:
            InvalidRequest: The type cannot be described by a schema.
        """
        if kind is None or kind is str:
            return cls(str)
        try:
            schema = describe_answer(kind)
        except Exception as error:
            name = getattr(kind, "__qualname__", None) or repr(kind)
            msg = f"output is {name}, which cannot be described: {reason(error)}"
            hint = (
                "Give a dataclass, an attrs class, a TypedDict, a Pydantic model or a type such as "
                "int, list[str] or Literal."
            )
            raise InvalidRequest(msg, retryable=False, hint=hint) from error
        if schema.get("type") == "object":
            return cls(kind, schema)
        definitions = schema.pop("$defs", None)
        whole: dict[str, Any] = {
            "type": "object",
            "properties": {_WRAPPED: schema},
            "required": [_WRAPPED],
            "additionalProperties": False,
        }
        return cls(kind, {**whole, "$defs": definitions} if definitions else whole, wrapped=True)

    def read(self, text: str) -> T:
        """Read the text of an answer.

        Raises:
            ValueError: It is not JSON, or not of the type; the message says where.
        """
        if self.schema is None:
            return cast("T", text)
        fenced = _FENCED.match(text.strip())  # by models that nothing holds to a schema
        try:
            data = json.loads(fenced[1] if fenced else text)
        except (ValueError, RecursionError) as error:
            msg = f"It is not JSON: {error}" if text.strip() else "It is empty."
            raise ValueError(msg) from None
        kind = GenericAlias(dict, (str, self.kind)) if self.wrapped else self.kind
        if self.wrapped and (not isinstance(data, dict) or _WRAPPED not in data):
            msg = f"It is not an object with the key `{_WRAPPED}`."
            raise ValueError(msg)
        try:
            read = read_value(kind, data)
        except Exception as error:  # a class of the user's may check its own values
            raise ValueError(str(error)) from error
        return cast("T", read[_WRAPPED] if self.wrapped else read)
