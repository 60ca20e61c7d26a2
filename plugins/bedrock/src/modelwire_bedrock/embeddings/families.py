"""The table of embedding models: what each family takes and gives in InvokeModel.

Sources, all read in November 2026: the user guide of Amazon Bedrock, "Inference request parameters"
for Titan Embeddings and Cohere Embed; the user guide of Amazon Nova, "Complete embeddings request and
response schema"; and for what a service says of a limit, the public issues that `evidence` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from modelwire.hookspecs import EmbeddingInput, EmbeddingOptions
from modelwire_bedrock.models.families import base_model_id

__all__ = ["EMBEDDING_FAMILIES", "EmbeddingFamily", "embedding_family", "makes_embeddings_only"]


@frozen
class EmbeddingFamily:
    """The features of one family's models.

    Attributes:
        key: A name for display.
        patterns: The ids of its models, as in a shell. The last rows take versions that are not out
            yet.
        body: Writes a body from the texts, the options, and the word for what the texts are for.
        vectors: Finds the vectors in an answer, in the order of the texts; `None` where there are
            none.
        texts: The most texts of a request.
        dimensions: The lengths of the vectors, the default first.
        choosable: Whether the length can be chosen; where not, only the first is made.
        normalizes: Whether it takes a word on the length of the vectors.
        input_types: Its names for the purposes of texts; empty where it does not distinguish them.
        evidence: What the row is known from, besides the guides.
    """

    key: str
    patterns: tuple[str, ...]
    body: Callable[[Sequence[str], EmbeddingOptions, str], dict[str, Any]] = field(repr=False)
    vectors: Callable[[Mapping[str, Any]], Any] = field(repr=False)
    texts: int
    dimensions: tuple[int, ...]
    choosable: bool = True
    normalizes: bool = False
    input_types: Mapping[EmbeddingInput | None, str] = field(factory=dict)
    evidence: str = ""


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _titan_g1(texts: Sequence[str], _: EmbeddingOptions, __: str) -> dict[str, Any]:
    return {"inputText": texts[0]}


def _titan_v2(texts: Sequence[str], options: EmbeddingOptions, _: str) -> dict[str, Any]:
    chosen = _given(dimensions=options.dimensions, normalize=options.normalize)
    return {"inputText": texts[0], **chosen}


def _titan_image(texts: Sequence[str], options: EmbeddingOptions, _: str) -> dict[str, Any]:
    body: dict[str, Any] = {"inputText": texts[0]}
    if options.dimensions is not None:
        body["embeddingConfig"] = {"outputEmbeddingLength": options.dimensions}
    return body


def _cohere_v3(texts: Sequence[str], _: EmbeddingOptions, word: str) -> dict[str, Any]:
    return {"texts": list(texts), "input_type": word}


def _cohere_v4(texts: Sequence[str], options: EmbeddingOptions, word: str) -> dict[str, Any]:
    body = _cohere_v3(texts, options, word)
    return {**body, **_given(output_dimension=options.dimensions)}


def _nova(texts: Sequence[str], options: EmbeddingOptions, word: str) -> dict[str, Any]:
    params = {
        "embeddingPurpose": word,
        **_given(embeddingDimension=options.dimensions),
        # Truncated without a word, a long text would be found by its beginning alone.
        "text": {"truncationMode": "NONE", "value": texts[0]},
    }
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def _of_titan(answer: Mapping[str, Any]) -> Any:
    by_type = answer.get("embeddingsByType")
    typed = by_type.get("float") if isinstance(by_type, Mapping) else None
    vector = answer.get("embedding", typed)
    return None if vector is None else [vector]


def _of_cohere(answer: Mapping[str, Any]) -> Any:
    found = answer.get("embeddings")
    return found.get("float") if isinstance(found, Mapping) else found


def _of_nova(answer: Mapping[str, Any]) -> Any:
    found = answer.get("embeddings")
    if not isinstance(found, list):
        return None
    return [entry.get("embedding") if isinstance(entry, Mapping) else None for entry in found]


# Cohere needs one; a document is what most texts are that are embedded.
_COHERE_WORDS: Mapping[EmbeddingInput | None, str] = {
    None: "search_document",
    "query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
# For queries into a store of texts; GENERIC_RETRIEVAL is for stores that hold other media, too.
_NOVA_WORDS: Mapping[EmbeddingInput | None, str] = {
    None: "GENERIC_INDEX",
    "query": "TEXT_RETRIEVAL",
    "document": "GENERIC_INDEX",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}

EMBEDDING_FAMILIES: tuple[EmbeddingFamily, ...] = (
    EmbeddingFamily(
        "titan-g1", ("amazon.titan-embed-text-v1*", "amazon.titan-embed-g1-text-*"),
        _titan_g1, _of_titan, 1, (1536,), choosable=False,
    ),
    EmbeddingFamily(
        "titan-multimodal", ("amazon.titan-embed-image-*",),
        _titan_image, _of_titan, 1, (1024, 384, 256),
    ),
    EmbeddingFamily(
        "cohere-v3", ("cohere.embed-english-v3*", "cohere.embed-multilingual-v3*"),
        _cohere_v3, _of_cohere, 96, (1024,), choosable=False, input_types=_COHERE_WORDS,
        # An explicit `truncate: NONE` is answered with "input is too long" for texts that fit.
        evidence="ScrapeGraphAI/Scrapegraph-ai#400; run-llama/llama_index#13376; 2024-06",
    ),
    EmbeddingFamily(
        "titan-v2", ("amazon.titan-embed-text-*",),
        _titan_v2, _of_titan, 1, (1024, 512, 256), normalizes=True,
    ),
    EmbeddingFamily(
        "cohere-v4", ("cohere.embed-*",),
        _cohere_v4, _of_cohere, 96, (1536, 1024, 512, 256), input_types=_COHERE_WORDS,
    ),
    EmbeddingFamily(
        "nova", ("amazon.nova-*multimodal-embeddings-*",),
        _nova, _of_nova, 1, (3072, 1024, 384, 256), input_types=_NOVA_WORDS,
    ),
)  # fmt: skip
"""Every family that is known, most particular first."""


@lru_cache(maxsize=1024)
def embedding_family(model_id: str, *, base_model: str | None = None) -> EmbeddingFamily | None:
    """The family of an embedding model; `None` for one of no family.

    Args:
        model_id: Its id: bare, with a geography before it, or an ARN.
        base_model: The model behind an inference profile, where it is known.
    """
    wanted = base_model_id(base_model or model_id).lower()
    return next(
        (
            family
            for family in EMBEDDING_FAMILIES
            if any(fnmatchcase(wanted, pattern) for pattern in family.patterns)
        ),
        None,
    )


@lru_cache(maxsize=512)
def makes_embeddings_only(model_id: str) -> bool:
    """Whether a model makes embeddings and answers no prompts, by its id."""
    return embedding_family(model_id) is not None or "marengo-embed" in base_model_id(model_id)
