"""Embeddings of the real engine: of the embedded model, and of files that say more or less."""

import asyncio
import math
import time

import pytest
from attrs import evolve
from gguf_files import write_with_pooling

from modelwire import Runtime
from modelwire.config import ProviderConfig
from modelwire.errors import ConfigError, ContextOverflow, InvalidRequest, NotFound
from modelwire.hookspecs import EmbeddingOptions
from modelwire_local import plugin
from modelwire_local.discovery import embedded_model
from modelwire_local.embeddings import EmbeddingJob, embed_texts, embedding_settings
from modelwire_local.engine import engine_for

pytestmark = pytest.mark.usefixtures("weights")

MODEL = evolve(embedded_model("local"), context_window=128)
TEXTS = ["The cat sat on the mat.", "A cat sits on a mat.", "Tax returns are due in April."]


async def embed(*texts, model=MODEL, provider=None, **options):
    provider = provider or ProviderConfig(id="local")
    return await embed_texts(model, texts, EmbeddingOptions(**options), provider)


def likeness(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True)) / math.sqrt(
        sum(a * a for a in one) * sum(b * b for b in other)
    )


async def test_the_embedded_model_makes_vectors_of_length_one():
    batch = await embed(*TEXTS)
    assert [len(vector) for vector in batch.vectors] == [576, 576, 576]
    assert [sum(v * v for v in vector) for vector in batch.vectors] == [pytest.approx(1)] * 3
    assert batch.usage.input > 15
    cat, kitten, tax = batch.vectors
    assert likeness(cat, kitten) > likeness(cat, tax)


async def test_vectors_may_keep_their_length():
    plain = (await embed(TEXTS[0])).vectors[0]
    longer = (await embed(TEXTS[0], normalize=False)).vectors[0]
    assert sum(v * v for v in longer) > 2
    assert likeness(plain, longer) == pytest.approx(1, abs=1e-3)


async def test_a_text_that_is_too_long_is_named_and_nothing_is_cut():
    with pytest.raises(ContextOverflow, match="too large") as caught:
        await embed("short", "word " * 300, "short")
    assert caught.value.text_index == 1
    assert (caught.value.provider, caught.value.model) == ("local", MODEL.id)


async def test_a_parameter_is_refused():
    with pytest.raises(InvalidRequest, match="no parameter 'truncate'"):
        await embed("a", params={"truncate": "END"})


@pytest.fixture
def provider_of(tmp_path):
    """A provider with one file, and the model of it."""

    def make(path, **extra):
        entry = {"id": "mine", "path": str(path), "contextWindow": 64, **extra}
        document = {"models": {"providers": {"local": {"baseUrl": "", "models": [entry]}}}}
        return Runtime.from_config(document, environ={}, cache_directory=tmp_path / "cache")

    return make


async def test_a_file_that_says_how_to_pool_is_an_embedding_model(weights, provider_of, tmp_path):
    path = tmp_path / "embedder.gguf"
    write_with_pooling(weights, path, "llama", 1)
    async with provider_of(path) as runtime:
        made = await runtime.embed(TEXTS, model="local/mine")
    other = await embed(TEXTS[0])
    assert likeness(made.vectors[0], other.vectors[0]) == pytest.approx(1, abs=1e-3)
    assert made.cost.total == 0


async def test_a_file_that_does_not_say_is_no_embedding_model(make_gguf, weights, provider_of):
    async with provider_of(make_gguf(weights)) as runtime:
        with pytest.raises(InvalidRequest, match=r"local/mine .* not an embedding model") as caught:
            await runtime.embed("a", model="local/mine")
    assert "`pooling`" in caught.value.hint


async def test_pooling_can_be_configured(make_gguf, weights, provider_of):
    async with provider_of(make_gguf(weights), pooling="last") as runtime:
        made = await runtime.embed(TEXTS[:1], model="local/mine")
    mean = await embed(TEXTS[0])
    assert likeness(made.vectors[0], mean.vectors[0]) < 0.99


async def test_a_pooling_that_there_is_not_is_a_mistake_in_the_configuration(weights, provider_of):
    async with provider_of(weights, pooling="rank") as runtime:
        with pytest.raises(ConfigError, match=r"`pooling` has to be file, mean, cls, last"):
            await runtime.embed("a", model="local/mine")


async def test_a_model_that_is_not_there_is_an_error():
    with pytest.raises(NotFound, match="no model missing"):
        await embed("a", model=evolve(MODEL, id="missing"))


async def test_the_loop_runs_on_while_vectors_are_made():
    await embed("warm")
    longest, last = 0.0, time.monotonic()
    task = asyncio.create_task(embed(*["a few words of a text"] * 8))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.001)
        turns += 1
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert len(task.result().vectors) == 8
    assert turns > 8


async def test_a_cancelled_call_stops_between_two_texts(monkeypatch):
    handed = []
    deliver = EmbeddingJob.hand_over

    def noted(job, item):
        handed.append(item)
        return deliver(job, item)

    monkeypatch.setattr(EmbeddingJob, "hand_over", noted)
    await embed("warm")
    handed.clear()
    task = asyncio.create_task(embed(*["some words"] * 200))
    while not handed:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await embed("the next one")  # one thread: the engine has let go of the other job
    assert len(handed) < 200


def test_embeddings_and_answers_are_two_loads_of_a_model():
    provider = ProviderConfig(id="local")
    settings = embedding_settings(MODEL, provider)
    assert settings.pooling == "mean"
    assert engine_for(settings) is engine_for(embedding_settings(MODEL, provider))
    assert plugin.embedding_limits().texts > 1
