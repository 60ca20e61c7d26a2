"""Numbers with a lower bound, as types that the schema can check."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args, get_origin

from modelwire.structuring import Mistake

if TYPE_CHECKING:
    from modelwire.structuring import Converter

__all__ = ["PositiveInt", "PositiveNumber", "register_limits"]

_POSITIVE = "positive"

PositiveInt: TypeAlias = Annotated[int, _POSITIVE]
PositiveNumber: TypeAlias = Annotated[float, _POSITIVE]


def register_limits(converter: Converter) -> None:
    """Teach a converter the types of this module."""
    converter.register_structure_hook_factory(_is_positive, _positive_hook)


def _is_positive(target: Any) -> bool:
    return get_origin(target) is Annotated and _POSITIVE in get_args(target)


def _positive_hook(target: Any) -> Callable[[Any, Any], int | float]:
    kind = get_args(target)[0]
    noun = "whole number" if kind is int else "number"

    def structure(value: Any, _: Any) -> int | float:
        number = value
        # JSON has one kind of number: 2e5 is as whole as 200000.
        if kind is int and isinstance(value, float) and value.is_integer():
            number = int(value)
        right_type = isinstance(number, (kind, int)) and not isinstance(number, bool)
        if not (right_type and number > 0):
            raise Mistake(f"expected a {noun} above 0", value)
        return kind(number)  # type: ignore[no-any-return]

    return structure
