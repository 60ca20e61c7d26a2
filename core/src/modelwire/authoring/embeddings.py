"""Embeddings as services send them: vectors as JSON numbers or as Base64, and unsuitable models."""

from __future__ import annotations

import binascii
import sys
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelwire.errors import InvalidRequest, MalformedResponse

if TYPE_CHECKING:
    from modelwire.hookspecs import Vector
    from modelwire.models import Model

__all__ = ["makes_no_embeddings", "only_embeds", "read_vectors"]

_BYTES = 4


def read_vectors(values: Sequence[Any], *, texts: int, provider: str, model: str) -> list[Vector]:
    """Read the vectors that a service sent.

    Args:
        values: One for each text, in the order of the texts: a list of numbers, or a text in Base64
            of 32-bit floats with the lowest byte first, as with `"encoding_format": "base64"`.
        texts: The number of texts that were sent.
        provider: The provider's id, for errors.
        model: The model id, for errors.

    Raises:
        MalformedResponse: There are more or fewer vectors, or an item is not a vector.
    """
    if len(values) != texts:
        msg = f"The service gave {len(values)} vectors for {texts} texts."
        raise MalformedResponse(msg, provider=provider, model=model)
    try:
        return [_vector(value) for value in values]
    except (TypeError, ValueError) as error:
        msg = "The service gave a vector that is neither a list of numbers nor Base64 of floats."
        raise MalformedResponse(msg, provider=provider, model=model) from error


def _vector(value: Any) -> Vector:
    if isinstance(value, str):
        vector = array("f")
        packed = binascii.a2b_base64(value, strict_mode=True)
        if vector.itemsize != _BYTES or not packed:
            raise ValueError
        vector.frombytes(packed)
        if sys.byteorder == "big":
            vector.byteswap()
        return vector
    if not isinstance(value, list) or not value:
        raise TypeError
    return array("f", value)


def makes_no_embeddings(model: Model) -> InvalidRequest:
    """The error for a model that answers prompts and was named for embeddings."""
    return InvalidRequest(
        f"{model.ref} makes no embeddings.",
        provider=model.provider,
        model=model.id,
        retryable=False,
        hint="Name an embedding model; `modelwire models list` marks them.",
    )


def only_embeds(model: Model) -> InvalidRequest:
    """The error for an embedding model that was named for an answer."""
    return InvalidRequest(
        f"{model.ref} is an embedding model and answers no prompts.",
        provider=model.provider,
        model=model.id,
        retryable=False,
        hint="Use Runtime.embed or `modelwire embed`, or name another model.",
    )
