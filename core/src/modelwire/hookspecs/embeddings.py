"""Embeddings: the limits of a request, and the vectors in its answer."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen, validators

if TYPE_CHECKING:
    from modelwire.messages import Usage

__all__ = ["EmbeddingBatch", "EmbeddingLimits", "Vector"]

Vector: TypeAlias = "array[float]"
"""The embedding of one text: 32-bit floats, `array("f")`.

It takes 4 bytes per number, where a list of floats takes 32. Numerical libraries read it without a
copy, and `tolist()` makes a list of it.
"""


@frozen
class EmbeddingLimits:
    """The limits of one embeddings request.

    Attributes:
        texts: The maximum number of texts.
        total_bytes: The maximum number of bytes of all its texts together, in UTF-8. A token has at
            least one byte, so a limit on tokens is kept by the same number of bytes. `None` is no
            limit.
    """

    texts: int = field(default=32, validator=validators.ge(1))
    total_bytes: int | None = field(default=None, validator=validators.optional(validators.ge(1)))


def _vector(numbers: Iterable[float]) -> Vector:
    if isinstance(numbers, array) and numbers.typecode == "f":
        return numbers
    return array("f", numbers)


def _vectors(given: Iterable[Iterable[float]]) -> tuple[Vector, ...]:
    return tuple(map(_vector, given))


@frozen
class EmbeddingBatch:
    """The vectors of the texts of one request.

    Attributes:
        vectors: One for each text, in the order of the texts. May be given as lists of floats.
        usage: The tokens used, or `None` if the service does not report them.
    """

    vectors: tuple[Vector, ...] = field(converter=_vectors)
    usage: Usage | None = None
