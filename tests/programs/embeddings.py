"""Embeddings as programs make them, and as plugins do."""

from array import array
from collections.abc import Sequence

from modelwire import Deadlines, EmbeddingOptions, Embeddings, Runtime, SyncRuntime, hookimpl
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits
from modelwire.messages import Cost, Usage
from modelwire.models import Model

MODEL = "openai/text-embedding-3-small"


async def search(question: str, texts: Sequence[str]) -> str:
    """Find the nearest text."""
    async with Runtime.from_config() as runtime:
        documents = await runtime.embed(texts, model=MODEL, input_type="document", dimensions=256)
        asked = await runtime.embed(question, model=MODEL, input_type="query", dimensions=256)
    wanted: array[float] = asked.vectors[0]
    scores = [sum(a * b for a, b in zip(wanted, found, strict=True)) for found in documents.vectors]
    return texts[scores.index(max(scores))]


def index(texts: set[str]) -> list[list[float]]:
    """Make lists of floats, without an event loop."""
    options = EmbeddingOptions(normalize=True, deadlines=Deadlines(total=60))
    with SyncRuntime.from_config() as runtime:
        made: Embeddings = runtime.embed(
            texts,
            model=MODEL,
            fallbacks=["amazon-bedrock/amazon.titan-embed-text-v2:0"],
            options=options,
            batch_size=64,
            concurrency=4,
            params={"user": "me"},
        )
    cost: Cost | None = made.cost
    usage: Usage | None = made.usage
    print(cost, usage, made.dimensions, made.attempts)
    return [vector.tolist() for vector in made.vectors]


class Plugin:
    """A plugin of one's own."""

    @hookimpl
    def embedding_limits(self, model: Model) -> EmbeddingLimits:
        """Say how much a request may hold."""
        return EmbeddingLimits(texts=1 if model.local else 10)

    @hookimpl
    async def embed(self, texts: Sequence[str], options: EmbeddingOptions) -> EmbeddingBatch:
        """Make the vectors of a request."""
        size = options.dimensions or 2
        return EmbeddingBatch([[float(len(text))] * size for text in texts], Usage(input=1))
