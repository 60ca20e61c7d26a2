"""Embedding models: their bodies, and vectors that are alike for texts that share words."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from modelwire_bedrock.emulator.errors import validation
from modelwire_bedrock.emulator.invoke.body import malformed, member
from modelwire_bedrock.emulator.tokens import estimate

__all__ = ["embed", "is_embedding"]

_WORD = re.compile(r"\w+")
_MOST_TEXTS = 96
_LONGEST_TEXT = 2048


def is_embedding(model: str) -> bool:
    """Whether a foundation model is an embedding model that the emulator has."""
    return any(fnmatchcase(model, pattern) for pattern, _ in _MODELS)


def embed(model: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The answer of an embedding model, and the tokens that it read.

    Raises:
        Refusal: The body is not what the model takes.
    """
    answer = next(answer for pattern, answer in _MODELS if fnmatchcase(model, pattern))
    return answer(body)


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length 1 from the words of a text; the same text always has the same."""
    values = [0.0] * dimensions
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        for at in range(0, 16, 4):
            number = int.from_bytes(digest[at : at + 4], "big")
            values[number % dimensions] += 1.0 if number & 1 << 31 else -1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _sign_bits(values: Sequence[float]) -> list[int]:
    return [1 if value > 0 else 0 for value in values]


def _titan_v1(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    text = member(body, "inputText", str)
    tokens = estimate({"text": text})
    return {"embedding": vector(text, 1536), "inputTextTokenCount": tokens}, tokens


def _titan_v2(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    text = member(body, "inputText", str)
    dimensions = _one_of(body, "dimensions", (1024, 512, 256))
    values = vector(text, dimensions)
    kinds = member(body, "embeddingTypes", list, ["float"])
    forms = {"float": values, "binary": _sign_bits(values)}
    tokens = estimate({"text": text})
    by_type = {kind: forms[kind] for kind in kinds if kind in forms}
    answer: dict[str, Any] = {"embeddingsByType": by_type, "inputTextTokenCount": tokens}
    return ({"embedding": values, **answer} if "float" in kinds else answer), tokens


def _cohere_v3(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    texts = member(body, "texts", list)
    if any(len(text) > _LONGEST_TEXT for text in texts if isinstance(text, str)):
        raise malformed(f"#/texts: expected maxLength: {_LONGEST_TEXT}")
    return _cohere(body, texts, 1024)


def _cohere_v4(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    given = [name for name in ("texts", "images", "inputs") if name in body]
    if len(given) != 1:
        raise validation("Please provide exactly one of texts, images or inputs.")
    parts = member(body, given[0], list)
    if given[0] == "inputs":
        parts = [_input_text(member(part, "content", list)) for part in parts]
    dimensions = _one_of(body, "output_dimension", (1536, 1024, 512, 256))
    return _cohere(body, parts, dimensions)


def _input_text(content: Sequence[Any]) -> str:
    return "\n".join(
        str(part.get("text", part.get("image_url", "")))
        for part in content
        if isinstance(part, dict)
    )


def _cohere(
    body: Mapping[str, Any], texts: Sequence[Any], dimensions: int
) -> tuple[dict[str, Any], int]:
    member(body, "input_type", str)
    if not all(isinstance(text, str) for text in texts):
        raise malformed("#/texts: expected type: String")
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise malformed(f"#/texts: expected 1 to {_MOST_TEXTS} items")
    vectors = [vector(text, dimensions) for text in texts]
    kinds = member(body, "embedding_types", list, None)
    embeddings: Any = vectors
    response = "embeddings_floats"
    if kinds is not None:
        response = "embeddings_by_type"
        embeddings = {kind: _cohere_form(kind, vectors) for kind in kinds}
    answer = {"id": "emulated", "texts": list(texts), "embeddings": embeddings}
    return {**answer, "response_type": response}, estimate({"texts": list(texts)})


def _cohere_form(kind: Any, vectors: Sequence[Sequence[float]]) -> list[Any]:
    if kind == "float":
        return list(vectors)
    if kind in ("int8", "uint8"):
        shift = 128 if kind == "uint8" else 0
        return [[round(value * 127) + shift for value in values] for values in vectors]
    if kind in ("binary", "ubinary"):
        shift = 128 if kind == "binary" else 0
        return [[byte - shift for byte in _packed(values)] for values in vectors]
    raise malformed("#/embedding_types: unknown type")


def _packed(values: Sequence[float]) -> list[int]:
    bits = _sign_bits(values)
    return [
        sum(bit << (7 - place) for place, bit in enumerate(bits[at : at + 8]))
        for at in range(0, len(bits), 8)
    ]


def _nova(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    if member(body, "taskType", str) != "SINGLE_EMBEDDING":
        raise malformed("#/taskType: SINGLE_EMBEDDING is what InvokeModel takes")
    params = member(body, "singleEmbeddingParams", dict)
    member(params, "embeddingPurpose", str)
    dimensions = _one_of(params, "embeddingDimension", (3072, 1024, 384, 256))
    text = member(member(params, "text", dict), "value", str)
    one = {"embeddingType": "TEXT", "embedding": vector(text, dimensions)}
    return {"embeddings": [one]}, estimate({"text": text})


def _one_of(body: Mapping[str, Any], name: str, allowed: Sequence[int]) -> int:
    value: int = member(body, name, int, allowed[0])
    if value not in allowed:
        raise malformed(f"#/{name}: {value} is not a valid enum value")
    return value


_MODELS: tuple[tuple[str, Callable[[Mapping[str, Any]], tuple[dict[str, Any], int]]], ...] = (
    ("amazon.titan-embed-text-v1*", _titan_v1),
    ("amazon.titan-embed-text-v2*", _titan_v2),
    ("amazon.nova-2-multimodal-embeddings-*", _nova),
    ("cohere.embed-v4*", _cohere_v4),
    ("cohere.embed-*", _cohere_v3),
)
