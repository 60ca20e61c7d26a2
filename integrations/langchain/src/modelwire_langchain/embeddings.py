"""Embeddings of LangChain, made by the models that modelwire reaches."""

from __future__ import annotations

from typing import Any

from langchain_core.embeddings import Embeddings
from pydantic import ConfigDict, Field

from modelwire.hookspecs import EmbeddingInput
from modelwire_langchain.names import model_reference
from modelwire_langchain.runtimes import RuntimeOwner

__all__ = ["ModelwireEmbeddings"]


class ModelwireEmbeddings(RuntimeOwner, Embeddings):
    """Embeddings of texts and of questions about them.

        embeddings = ModelwireEmbeddings(model="bedrock/amazon.titan-embed-text-v2:0")
        vectors = await embeddings.aembed_documents(["A cat.", "A dog."])

    Texts are embedded as documents and questions as queries, by models that distinguish them.

    Attributes:
        model: The model, as `provider/model-id` or, as LangChain writes it, `provider:model-id`.
        dimensions: The length of the vectors; by default the model's.
        normalize: Whether each vector is made as long as 1; by default as the model makes them.
        params: Further fields of the requests, in the service's own terms.
        concurrency: The maximum number of concurrent requests.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses. It is left out of what is serialised or shown.
        max_retries: How often a request that failed is sent again; by default as often as modelwire
            does.
        runtime: A runtime to share; its owner closes it.

    Raises:
        InvalidRequest: `runtime` is not a runtime, or is given with `config` or `max_retries`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    model: str
    dimensions: int | None = None
    normalize: bool | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    concurrency: int = 8

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts that are to be found.

        Raises:
            ModelwireError: The texts cannot be embedded.
        """
        made = self._runtimes.blocking.embed(texts, **self._settings("document"))
        return [vector.tolist() for vector in made.vectors]

    def embed_query(self, text: str) -> list[float]:
        """Embed a question.

        Raises:
            ModelwireError: It cannot be embedded.
        """
        made = self._runtimes.blocking.embed(text, **self._settings("query"))
        return made.vectors[0].tolist()

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts that are to be found.

        Raises:
            ModelwireError: The texts cannot be embedded.
        """
        made = await self._runtimes.awaited.embed(texts, **self._settings("document"))
        return [vector.tolist() for vector in made.vectors]

    async def aembed_query(self, text: str) -> list[float]:
        """Embed a question.

        Raises:
            ModelwireError: It cannot be embedded.
        """
        made = await self._runtimes.awaited.embed(text, **self._settings("query"))
        return made.vectors[0].tolist()

    def _settings(self, kind: EmbeddingInput) -> dict[str, Any]:
        return {
            "model": model_reference(self.model),
            "input_type": kind,
            "dimensions": self.dimensions,
            "normalize": self.normalize,
            "params": self.params,
            "concurrency": self.concurrency,
        }
