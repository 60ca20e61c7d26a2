"""The body of an InvokeModel for embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.errors import InvalidRequest
from modelwire_bedrock.embeddings.families import EmbeddingFamily

if TYPE_CHECKING:
    from modelwire.hookspecs import EmbeddingOptions
    from modelwire.models import Model

__all__ = ["build_body"]

_OF_THE_TARGET = frozenset({"region", "profile"})
"""Parameters that say where a request goes and with which identity, and are no part of it."""


def build_body(
    model: Model, texts: Sequence[str], options: EmbeddingOptions, family: EmbeddingFamily
) -> dict[str, Any]:
    """Write a body. Further parameters are put over it, object by object.

    Args:
        model: The model.
        texts: The texts, within the family's limit.
        options: The options.
        family: What the model takes.

    Raises:
        InvalidRequest: The requested length of vectors is not that of the model.
    """
    fixed = None if family.choosable else family.dimensions[0]
    if fixed is not None and options.dimensions not in (None, fixed):
        raise InvalidRequest(
            f"{model.ref} makes vectors of {fixed} dimensions only.",
            provider=model.provider,
            model=model.id,
            retryable=False,
            hint="Leave `dimensions` out.",
        )
    word = family.input_types.get(options.input_type, "")
    body = family.body(texts, evolve(options, params={}), word)
    further = {key: value for key, value in options.params.items() if key not in _OF_THE_TARGET}
    return _over(body, further)


def _over(body: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for key, value in further.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(below, value) if both else value  # type: ignore[arg-type] # they are
    return merged
