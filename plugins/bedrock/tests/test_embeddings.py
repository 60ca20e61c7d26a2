"""Embeddings from the runtime to the emulator, with boto3 as the judge of what a model gives."""

import json

import boto3
import pytest

from modelwire import Runtime
from modelwire.errors import AuthenticationError, ContextOverflow, InvalidRequest
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import Emulator, Fault

TEXTS = [f"text number {number} of many" for number in range(200)]


@pytest.fixture
def emulator():
    with Emulator(require_auth=True) as emulator:
        yield emulator


@pytest.fixture
async def runtime(emulator, tmp_path):
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    environ = {name: str(tmp_path / file) for name, file in files.items()} | emulator.environ()
    made = Runtime.from_config(
        {}, environ=environ, retries=RetryPolicy(base=0.0), cache_directory=tmp_path
    )
    async with made:
        yield made


def by_boto3(emulator, model, body):
    client = boto3.client("bedrock-runtime", **emulator.client_options())
    try:
        answer = client.invoke_model(modelId=model, body=json.dumps(body))
        return json.loads(answer["body"].read())
    finally:
        client.close()


FAMILIES = [
    ("amazon.titan-embed-text-v2:0", {"dimensions": 256}, 256, 1),
    ("amazon.titan-embed-text-v1", {}, 1536, 1),
    ("amazon.titan-embed-image-v1", {"dimensions": 384}, 384, 1),
    ("cohere.embed-english-v3", {"input_type": "query"}, 1024, 96),
    ("us.cohere.embed-v4:0", {"dimensions": 512}, 512, 96),
    ("amazon.nova-2-multimodal-embeddings-v1:0", {"dimensions": 256}, 256, 1),
]


@pytest.mark.parametrize(("model", "options", "dimensions", "texts"), FAMILIES)
async def test_every_family_makes_vectors_in_order(
    emulator, runtime, model, options, dimensions, texts
):
    given = TEXTS if texts > 1 else TEXTS[:12]
    made = await runtime.embed(given, model=f"bedrock/{model}", **options)
    assert len(made.vectors) == len(given)
    assert made.dimensions == dimensions
    assert made.usage.input > len(given)
    assert made.provider == "amazon-bedrock"
    asked = [each for each in emulator.requests if each.operation == "InvokeModel"]
    assert len(asked) == -(-len(given) // texts)
    again = await runtime.embed(given[-1], model=f"bedrock/{model}", **options)
    assert again.vectors[0] == made.vectors[-1]


async def test_a_vector_is_what_boto3_gets(emulator, runtime):
    made = await runtime.embed("hello world", model="bedrock/amazon.titan-embed-text-v2:0")
    other = by_boto3(emulator, "amazon.titan-embed-text-v2:0", {"inputText": "hello world"})
    assert list(made.vectors[0]) == pytest.approx(other["embedding"], abs=1e-6)


async def test_a_throttled_request_is_sent_again_by_itself(emulator, runtime):
    emulator.answer(fault=Fault.error("ThrottlingException"))
    made = await runtime.embed(TEXTS[:6], model="bedrock/amazon.titan-embed-text-v2:0")
    assert [attempt.code for attempt in made.attempts] == ["rate_limited"]
    assert len([each for each in emulator.requests if each.operation == "InvokeModel"]) == 7


async def test_a_text_that_is_too_long_is_named(runtime):
    texts = ["short", "also short", "word " * 9000]
    with pytest.raises(ContextOverflow, match=r"^texts\[2\]: .*Too many input tokens") as caught:
        await runtime.embed(texts, model="bedrock/amazon.titan-embed-text-v2:0")
    assert caught.value.text_index == 2


async def test_a_text_in_a_later_request_is_counted_over_all(runtime):
    texts = [*TEXTS[:99], "x" * 2049]
    with pytest.raises(InvalidRequest, match=r"^texts\[99\]: .*expected maxLength: 2048"):
        await runtime.embed(texts, model="bedrock/cohere.embed-english-v3", concurrency=1)


async def test_wrong_credentials_are_an_error_that_helps(emulator, tmp_path):
    environ = emulator.environ() | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    async with Runtime.from_config({}, environ=environ, cache_directory=tmp_path) as runtime:
        with pytest.raises(AuthenticationError) as caught:
            await runtime.embed("a", model="bedrock/amazon.titan-embed-text-v2:0")
    assert caught.value.provider == "amazon-bedrock"


async def test_a_model_that_answers_makes_no_embeddings_and_the_other_way_round(runtime):
    with pytest.raises(InvalidRequest, match="makes no embeddings"):
        await runtime.embed("a", model="bedrock/us.amazon.nova-lite-v1:0")
    with pytest.raises(InvalidRequest, match="is an embedding model"):
        await runtime.complete("a", model="bedrock/amazon.titan-embed-text-v2:0")
    with pytest.raises(InvalidRequest, match="makes no embeddings"):
        await runtime.embed("a", model="amazon-bedrock-mantle/openai.gpt-oss-120b")


async def test_embedding_models_are_listed_and_marked(runtime):
    listing = await runtime.catalog.listing("amazon-bedrock")
    output = {model.id: model.output for model in listing.models}
    embedding = {name for name, kinds in output.items() if kinds == ("embedding",)}
    assert embedding >= {
        "amazon.titan-embed-text-v2:0",
        "cohere.embed-english-v3",
        "amazon.nova-2-multimodal-embeddings-v1:0",
        "us.cohere.embed-v4:0",
        "global.cohere.embed-v4:0",
    }
    assert not any("marengo" in name for name in output)
    assert output["us.amazon.nova-lite-v1:0"] == ("text",)
    made = await runtime.embed("a", model="us.cohere.embed-v4:0")
    assert made.model == "us.cohere.embed-v4:0"
