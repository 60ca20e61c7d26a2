"""Embeddings of llama.cpp's own server, which answers with numbers or Base64."""

import asyncio

import pytest
from llama_server import start_llama

from modelwire.errors import ContextOverflow


@pytest.fixture(scope="module")
def address():
    xllamacpp = pytest.importorskip("xllamacpp")
    mean = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = start_llama(context=512, embedding=True, pooling_type=mean)
    yield f"{server.listening_address}/v1"
    del server


async def test_a_real_server_makes_vectors_in_order(address, runtime_for):
    texts = ["a cat sat on the mat", "quarterly revenue rose", "a kitten sat on a rug"]
    async with runtime_for(address) as runtime:
        made = await runtime.embed(texts, model="acme/smollm2", batch_size=2, normalize=True)
        alone = await asyncio.gather(
            *(runtime.embed(text, model="acme/smollm2", normalize=True) for text in texts)
        )
    assert made.dimensions == 576
    assert made.usage.input > 0
    for vector, other in zip(made.vectors, alone, strict=True):
        assert list(vector) == pytest.approx(list(other.vectors[0]), abs=1e-2)


async def test_base64_of_a_real_server_is_the_same_vector(address, runtime_for):
    async with runtime_for(address) as runtime:
        plain = await runtime.embed("a cat", model="acme/smollm2")
        packed = await runtime.embed(
            "a cat", model="acme/smollm2", params={"encoding_format": "base64"}
        )
    assert list(packed.vectors[0]) == pytest.approx(list(plain.vectors[0]), abs=1e-4)


async def test_a_text_that_is_too_long_is_refused(address, runtime_for):
    async with runtime_for(address) as runtime:
        with pytest.raises(ContextOverflow, match=r"^texts\[1\]: ") as caught:
            await runtime.embed(["short", "word " * 2000], model="acme/smollm2", batch_size=1)
    assert caught.value.hint == "Shorten the text."
