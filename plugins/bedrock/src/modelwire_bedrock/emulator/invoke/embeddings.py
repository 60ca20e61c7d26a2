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
_COHERE_INPUTS = ("search_document", "search_query", "classification", "clustering")
_NOVA_PURPOSES = (
    "GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "IMAGE_RETRIEVAL", "VIDEO_RETRIEVAL",
    "DOCUMENT_RETRIEVAL", "AUDIO_RETRIEVAL", "CLASSIFICATION", "CLUSTERING",
)  # fmt: skip


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


def vector(text: str, dimensions: int, *, normalize: bool = True) -> list[float]:
    """A vector from the words of a text, of length 1; the same text always has the same."""
    values = [0.0] * dimensions
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        for at in range(0, 16, 4):
            number = int.from_bytes(digest[at : at + 4], "big")
            values[number % dimensions] += 1.0 if number & 1 << 31 else -1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values] if normalize else values


def _check_keys(body: Mapping[str, Any], required: Sequence[str], optional: Sequence[str]) -> None:
    """Refuse a body with other keys than the model takes; AWS names all of them at once.

    evidence: promptfoo/promptfoo#921, 2024-06, and langchain-ai/langchainjs#8450, 2025-07.
    """
    missing = [f"#: required key [{name}] not found" for name in required if name not in body]
    known = (*required, *optional)
    extra = [f"#: extraneous key [{name}] is not permitted" for name in body if name not in known]
    if missing or extra:
        raise malformed("".join([*missing, *extra]))


def _sign_bits(values: Sequence[float]) -> list[int]:
    return [1 if value > 0 else 0 for value in values]


def _titan_text(body: Mapping[str, Any], name: str = "inputText", most: int = 8192) -> str:
    text: str = member(body, name, str)
    if not text:
        raise malformed(f"#/{name}: expected minLength: 1, actual: 0")
    tokens = estimate({"text": text})
    if tokens > most:
        # As many projects quote it, among them dust-tt/dust; read in November 2026.
        raise validation(
            f"400 Bad Request: Too many input tokens. Max input tokens: {most}, "
            f"request input token count: {tokens} "
        )
    return text


def _titan_v1(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    _check_keys(body, ["inputText"], [])
    text = _titan_text(body)
    tokens = estimate({"text": text})
    return {"embedding": vector(text, 1536), "inputTextTokenCount": tokens}, tokens


def _titan_v2(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    _check_keys(body, ["inputText"], ["dimensions", "normalize", "embeddingTypes"])
    text = _titan_text(body)
    dimensions = _one_of(body, "dimensions", (1024, 512, 256))
    normalize = body.get("normalize", True)
    if not isinstance(normalize, bool):
        raise malformed("#/normalize: expected type: Boolean")
    values = vector(text, dimensions, normalize=normalize)
    kinds = member(body, "embeddingTypes", list, ["float"])
    forms = {"float": values, "binary": _sign_bits(values)}
    tokens = estimate({"text": text})
    by_type = {kind: forms[kind] for kind in kinds if kind in forms}
    answer: dict[str, Any] = {"embeddingsByType": by_type, "inputTextTokenCount": tokens}
    return ({"embedding": values, **answer} if "float" in kinds else answer), tokens


def _titan_image(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    _check_keys(body, [], ["inputText", "inputImage", "embeddingConfig"])
    picture = member(body, "inputImage", str, "")
    if not picture and "inputText" not in body:
        raise malformed("#: required key [inputText] not found")
    text = _titan_text(body, most=256) if "inputText" in body else ""
    config = member(body, "embeddingConfig", dict, {})
    dimensions = _one_of(config, "outputEmbeddingLength", (1024, 384, 256))
    tokens = estimate({"text": text}) if text else 0
    embedding = vector(f"{text} {picture}", dimensions)
    return {"embedding": embedding, "inputTextTokenCount": tokens, "message": None}, tokens


def _cohere_v3(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    _check_keys(body, ["texts", "input_type"], ["truncate", "embedding_types"])
    texts = member(body, "texts", list)
    for place, text in enumerate(texts):
        # evidence: ScrapeGraphAI/Scrapegraph-ai#400, 2024-06
        if isinstance(text, str) and len(text) > _LONGEST_TEXT:
            raise malformed(
                f"#/texts/{place}: expected maxLength: {_LONGEST_TEXT}, actual: {len(text)}"
            )
    _chosen(body, "truncate", ("NONE", "START", "END"))
    return _cohere(body, texts, 1024)


def _cohere_v4(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    content = ("texts", "images", "inputs")
    further = ("embedding_types", "output_dimension", "max_tokens", "truncate")
    _check_keys(body, ["input_type"], [*content, *further])
    given = [name for name in content if name in body]
    if len(given) != 1:
        raise validation("Please provide exactly one of texts, images or inputs.")
    parts = member(body, given[0], list)
    if given[0] == "inputs":
        parts = [_input_text(member(part, "content", list)) for part in parts]
    dimensions = _one_of(body, "output_dimension", (1536, 1024, 512, 256))
    _chosen(body, "truncate", ("NONE", "LEFT", "RIGHT"))
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
    _chosen(body, "input_type", _COHERE_INPUTS)
    if not all(isinstance(text, str) for text in texts):
        raise malformed("#/texts: expected type: String")
    if len(texts) > _MOST_TEXTS:
        raise malformed(f"#/texts: expected maximum item count: {_MOST_TEXTS}, found: {len(texts)}")
    if not texts:
        raise malformed("#/texts: expected minimum item count: 1, found: 0")
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
    # evidence: docs.aws.amazon.com, Amazon Nova, complete embeddings request and response schema
    _check_keys(body, ["taskType", "singleEmbeddingParams"], ["schemaVersion"])
    if member(body, "taskType", str) != "SINGLE_EMBEDDING":
        raise malformed("#/taskType: SINGLE_EMBEDDING is what InvokeModel takes")
    params = member(body, "singleEmbeddingParams", dict)
    member(params, "embeddingPurpose", str)
    _chosen(params, "embeddingPurpose", _NOVA_PURPOSES)
    dimensions = _one_of(params, "embeddingDimension", (3072, 1024, 384, 256))
    part = member(params, "text", dict)
    member(part, "truncationMode", str)
    _chosen(part, "truncationMode", ("START", "END", "NONE"))
    text = member(part, "value", str)
    if not text:
        raise malformed("#/singleEmbeddingParams/text/value: expected minLength: 1, actual: 0")
    one = {"embeddingType": "TEXT", "embedding": vector(text, dimensions)}
    return {"embeddings": [one]}, estimate({"text": text})


def _one_of(body: Mapping[str, Any], name: str, allowed: Sequence[int]) -> int:
    value: int = member(body, name, int, allowed[0])
    if value not in allowed:
        raise malformed(f"#/{name}: {value} is not a valid enum value")
    return value


def _chosen(body: Mapping[str, Any], name: str, allowed: Sequence[str]) -> None:
    value = member(body, name, str, allowed[0])
    if value not in allowed:
        raise malformed(f"#/{name}: {value} is not a valid enum value")


_MODELS: tuple[tuple[str, Callable[[Mapping[str, Any]], tuple[dict[str, Any], int]]], ...] = (
    ("amazon.titan-embed-text-v1*", _titan_v1),
    ("amazon.titan-embed-text-v2*", _titan_v2),
    ("amazon.titan-embed-image-v1*", _titan_image),
    ("amazon.nova-2-multimodal-embeddings-*", _nova),
    ("cohere.embed-v4*", _cohere_v4),
    ("cohere.embed-*", _cohere_v3),
)
