"""LangChain's embeddings over the emulated Bedrock."""

import asyncio

import pytest

from modelwire import Runtime, SyncRuntime
from modelwire.errors import InvalidRequest
from modelwire_langchain import ModelwireEmbeddings
from modelwire_langchain.names import model_reference

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

TITAN = "bedrock/amazon.titan-embed-text-v2:0"
COHERE = "bedrock/cohere.embed-english-v3"


@pytest.fixture
def embeddings(emulator):
    made = ModelwireEmbeddings(model=TITAN, dimensions=256)
    yield made
    asyncio.run(made.aclose())


def test_texts_have_vectors_of_the_wanted_length(embeddings):
    first, second = embeddings.embed_documents(["A cat.", "A dog."])

    assert len(first) == len(second) == 256
    assert first != second
    assert all(type(number) is float for number in first)


def test_coroutines_and_calls_that_block_give_the_same(embeddings):
    async def ask():
        documents = await embeddings.aembed_documents(["A cat."])
        return documents, await embeddings.aembed_query("A cat.")

    documents, query = asyncio.run(ask())

    assert documents == embeddings.embed_documents(["A cat."])
    assert query == embeddings.embed_query("A cat.")


def test_a_question_is_embedded_as_one(emulator):
    made = ModelwireEmbeddings(model=COHERE)
    made.embed_query("Where is the cat?")
    made.embed_documents(["On the mat."])
    made.close()

    assert [request.body["input_type"] for request in emulator.requests] == [
        "search_query",
        "search_document",
    ]


@pytest.mark.parametrize("kind", [Runtime, SyncRuntime])
def test_a_runtime_can_be_shared_and_stays_open(emulator, kind):
    shared = kind.from_config({})

    async def ask():
        made = ModelwireEmbeddings(model=TITAN, runtime=shared)
        awaited = await made.aembed_query("A cat.")
        await made.aclose()
        if kind is Runtime:
            assert (await shared.embed("A cat.", model=TITAN)).vectors
            await shared.aclose()
        return awaited

    awaited = asyncio.run(ask())

    assert len(awaited) == 1024
    if kind is SyncRuntime:
        assert shared.embed("A cat.", model=TITAN).vectors
        shared.close()


def test_what_is_no_runtime_is_refused():
    with pytest.raises(InvalidRequest, match="runtime is str"):
        ModelwireEmbeddings(model=TITAN, runtime="runtime")


def test_a_configuration_is_neither_shown_nor_serialised():
    config = {"models": {"providers": {"acme": {"apiKey": "sk-secret"}}}}
    made = ModelwireEmbeddings(model=TITAN, config=config)

    assert "sk-secret" not in repr(made) + made.model_dump_json()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("bedrock/us.amazon.nova-lite-v1:0", "bedrock/us.amazon.nova-lite-v1:0"),
        ("bedrock:us.amazon.nova-lite-v1:0", "bedrock/us.amazon.nova-lite-v1:0"),
        ("bedrock_converse:amazon.nova-lite-v1:0", "amazon-bedrock/amazon.nova-lite-v1:0"),
        ("openai:gpt-6", "openai/gpt-6"),
        ("openrouter/vendor/model:free", "openrouter/vendor/model:free"),
        ("my-alias", "my-alias"),
        ("ends:", "ends:"),
    ],
)
def test_names_are_those_of_modelwire_or_of_langchain(written, meant):
    assert model_reference(written) == meant
