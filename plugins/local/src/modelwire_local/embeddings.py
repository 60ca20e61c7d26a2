"""Embeddings: vectors of texts from a model that is loaded for that alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.authoring import count_tokens, read_vectors
from modelwire.errors import ContextOverflow, InvalidRequest, ProviderError
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits
from modelwire.messages import Cost, Usage
from modelwire_local.engine import engine_for
from modelwire_local.errors import error_from_payload
from modelwire_local.generation import Job
from modelwire_local.settings import EngineSettings, pooling_of, settings_for

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.hookspecs import EmbeddingOptions, Vector
    from modelwire.models import Model
    from modelwire.transport import Deadlines
    from modelwire_local.load import LoadedModel

__all__ = ["EmbeddingJob", "embed_texts", "embedding_settings", "limits_of"]

MOST_TOKENS = 2048
"""Tokens that a text may have, where the context window is not smaller. The engine computes a text in
one piece, for which it sets memory aside."""

_NOT_NORMALIZED = -1
_NO_POOLING = "Pooling type 'none'"


def limits_of() -> EmbeddingLimits:
    """The limits of one call: the engine takes one text after another in any case."""
    return EmbeddingLimits(texts=16)


def embedding_settings(model: Model, provider: ProviderConfig) -> EngineSettings:
    """The settings with which a model is loaded for embeddings.

    Raises:
        NotFound: As `settings_for` raises it, and likewise the others.
        PluginError: The embedded model's weights are not installed.
        ConfigError: A setting is not what it has to be.
    """
    settings = settings_for(model, provider)
    window = min(settings.context_window, MOST_TOKENS)
    # The embedded model was not made for embeddings and says nothing of pooling.
    pooling = "mean" if settings.embedded else pooling_of(model, provider)
    return evolve(settings, context_window=window, pooling=pooling)


class EmbeddingJob(Job[dict[str, Any]]):
    """The vectors of some texts, one after another; between two of them it can be stopped.

    Args:
        texts: The texts.
        normalize: Whether the vectors have the length 1.
        deadlines: The limits on waiting for the first vector and each further one.
        provider: The provider's id, for errors.
        model: The model's id, for errors.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        normalize: bool,
        deadlines: Deadlines,
        provider: str,
        model: str,
    ) -> None:
        super().__init__(deadlines, provider=provider, model=model)
        self._texts = texts
        self._further = {} if normalize else {"embd_normalize": _NOT_NORMALIZED}

    def run(self, model: LoadedModel) -> None:
        """Make the vectors."""
        for text in self._texts:
            answer = model.server.handle_embeddings({"input": [text], **self._further})
            if not self.hand_over(answer) or "error" in answer:
                return


async def embed_texts(
    model: Model, texts: Sequence[str], options: EmbeddingOptions, provider: ProviderConfig
) -> EmbeddingBatch:
    """Make a vector of each text; the hook `embed`.

    Raises:
        PluginError: The engine or the weights are missing or broken, or cannot run here.
        NotFound: There is no such model or file.
        InvalidRequest: The model makes no vectors of texts, or takes no such parameter.
        ContextOverflow: A text is too long; `text_index` names it.
        ServerError: The model cannot be loaded, or failed.
        RequestTimeout: A deadline passed.
    """
    for name in options.params:
        msg = f"The engine has no parameter {name!r} for embeddings."
        raise InvalidRequest(msg, provider=provider.id, model=model.id, retryable=False)
    engine = engine_for(embedding_settings(model, provider))
    job = EmbeddingJob(
        texts,
        normalize=options.normalize is not False,
        deadlines=options.deadlines,
        provider=provider.id,
        model=model.id,
    )
    vectors: list[Vector] = []
    tokens = 0
    engine.submit(job)
    try:
        while (answer := await job.next()) is not None:
            vectors += _read(answer, model)
            tokens += count_tokens(answer.get("usage"), "prompt_tokens") or 0
    except ProviderError as error:
        error.provider, error.model = error.provider or provider.id, error.model or model.id
        if isinstance(error, ContextOverflow):
            error.text_index = len(vectors)
        raise
    finally:
        job.stop()
    return EmbeddingBatch(vectors, Usage(input=tokens, cost=Cost()))


def _read(answer: dict[str, Any], model: Model) -> list[Vector]:
    """The vectors of an answer of the engine, which has those of one text.

    Raises:
        ProviderError: It reports a failure.
    """
    failure = answer.get("error")
    if failure is not None:
        if isinstance(failure, dict) and _NO_POOLING in str(failure.get("message")):
            raise InvalidRequest(
                f"The file of {model.ref} does not say how its vectors of tokens become one of a text: "
                "it is not an embedding model.",
                provider=model.provider,
                model=model.id,
                retryable=False,
                hint="Use an embedding model, or set `pooling` beside the model's `path` to "
                "mean, cls or last.",
            )
        raise error_from_payload(failure, provider=model.provider, model=model.id)
    found = [entry.get("embedding") for entry in answer.get("data", ())]
    return read_vectors(found, texts=1, provider=model.provider, model=model.id)
