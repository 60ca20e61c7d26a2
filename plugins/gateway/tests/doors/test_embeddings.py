"""Embeddings in front of a provider that is called in another API."""

import base64
from array import array

import pytest

MODEL = "amazon-bedrock/amazon.titan-embed-text-v2:0"
PATH = "/v1/embeddings"


async def test_vectors_of_texts(gateway):
    status, _, answer = await gateway.post(PATH, {"model": MODEL, "input": ["Hello", "Bye"]})
    assert status == 200, answer
    assert answer["object"] == "list"
    assert answer["model"] == MODEL
    assert [item["index"] for item in answer["data"]] == [0, 1]
    assert len(answer["data"][0]["embedding"]) == 1024
    assert answer["usage"]["prompt_tokens"] > 0
    record = await gateway.record()
    assert record.usage.input == answer["usage"]["prompt_tokens"]


async def test_vectors_in_base64_are_the_same(gateway):
    body = {"model": MODEL, "input": "Hello", "dimensions": 256}
    _, _, listed = await gateway.post(PATH, body)
    _, _, packed = await gateway.post(PATH, {**body, "encoding_format": "base64"})
    read = array("f", base64.b64decode(packed["data"][0]["embedding"]))
    assert len(read) == 256
    assert read.tolist() == listed["data"][0]["embedding"]


@pytest.mark.parametrize("given", [None, [], [1, 2], [[1, 2]], 5, {}])
async def test_what_is_no_text_is_refused(gateway, given):
    status, _, answer = await gateway.post(PATH, {"model": MODEL, "input": given})
    assert status == 400
    assert answer["error"]["param"] == "input"


async def test_a_model_that_makes_none_is_named(gateway):
    model = "amazon-bedrock/us.amazon.nova-lite-v1:0"
    status, _, answer = await gateway.post(PATH, {"model": model, "input": "Hello"})
    assert status == 400
    assert "nova" in answer["error"]["message"]
