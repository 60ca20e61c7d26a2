"""Embedding batches: texts divided into requests, and the check of their answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import mul

from modelwire.errors import InvalidRequest, MalformedResponse
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits, Vector
from modelwire.models import Model

__all__ = ["check_batch", "check_lengths", "divide", "normalized"]

_UNIT = 1e-6
"""The tolerance of a squared length of 1 in 32-bit floats."""


def divide(
    texts: Sequence[str], limits: EmbeddingLimits, most: int | None = None
) -> Iterator[range]:
    """Divide texts into requests; yields the indices of each request's texts, in order.

    A text that exceeds the limit by itself gets a request of its own: the service decides
    whether to accept it.

    Args:
        texts: The texts.
        limits: The limits of one request.
        most: The caller's own maximum of texts in a request.
    """
    count = limits.texts if most is None else min(limits.texts, most)
    begin = size = 0
    for place, text in enumerate(texts):
        own = 0 if limits.total_bytes is None else len(text.encode())
        full = limits.total_bytes is not None and size + own > limits.total_bytes
        if place > begin and (full or place - begin >= count):
            yield range(begin, place)
            begin, size = place, 0
        size += own
    if texts:
        yield range(begin, len(texts))


def check_batch(batch: EmbeddingBatch, count: int, dimensions: int | None, model: Model) -> None:
    """Check the vectors of a request.

    Args:
        batch: What the plugin returned.
        count: How many texts it got.
        dimensions: The requested length of the vectors, or `None`.
        model: The model, for errors.

    Raises:
        MalformedResponse: There are more or fewer vectors than texts, vectors of several lengths, or
            values that are not numbers.
        InvalidRequest: The vectors do not have the requested length.
    """
    vectors = batch.vectors
    if len(vectors) != count:
        raise _malformed(f"The service gave {len(vectors)} vectors for {count} texts.", model)
    check_lengths(vectors, model)
    if not all(math.isfinite(sum(vector)) for vector in vectors):
        raise _malformed("The service gave a vector with numbers that are not finite.", model)
    if dimensions is not None and len(vectors[0]) != dimensions:
        msg = f"{model.ref} gave vectors of {len(vectors[0])} dimensions, not of {dimensions}."
        raise InvalidRequest(
            msg,
            provider=model.provider,
            model=model.id,
            retryable=False,
            hint="The service ignores the option `dimensions`; leave it out.",
        )


def check_lengths(vectors: Sequence[Vector], model: Model) -> None:
    """Check that all vectors have one length.

    Args:
        vectors: The vectors.
        model: The model, for errors.

    Raises:
        MalformedResponse: They have several lengths, or one is empty.
    """
    lengths = sorted({len(vector) for vector in vectors})
    if len(lengths) > 1 or 0 in lengths:
        found = ", ".join(map(str, lengths))
        raise _malformed(f"The service gave vectors of the lengths {found}.", model)


def _malformed(text: str, model: Model) -> MalformedResponse:
    return MalformedResponse(text, provider=model.provider, model=model.id)


def normalized(vector: Vector) -> Vector:
    """A vector in the same direction, of length 1; one of zeros stays unchanged."""
    square = sum(map(mul, vector, vector))
    if square == 0 or abs(square - 1) < _UNIT:
        return vector
    length = math.sqrt(square)
    return type(vector)("f", [number / length for number in vector])
