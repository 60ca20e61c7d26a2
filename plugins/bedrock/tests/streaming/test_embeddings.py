"""What InvokeModel is sent for embeddings, and what its answers and refusals become."""

from urllib.parse import unquote

import pytest
from attrs import evolve

from modelwire.errors import AccessDenied, ContextOverflow, InvalidRequest, MalformedResponse
from modelwire.hookspecs import EmbeddingOptions
from modelwire.models import Model, Prices
from modelwire_bedrock.embeddings.batch import embed_texts, limits_of

TITAN, TITAN_G1 = "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1"
COHERE, COHERE_4 = "cohere.embed-english-v3", "cohere.embed-v4:0"
NOVA, IMAGE = "amazon.nova-2-multimodal-embeddings-v1:0", "amazon.titan-embed-image-v1"


@pytest.fixture
def embed(provider, config, transport, clients):
    async def run(model_id, texts=("a",), model=None, **options):
        return await embed_texts(
            model or Model("amazon-bedrock", model_id, prices=Prices(input=1.0)),
            texts,
            EmbeddingOptions(**options),
            provider,
            config,
            transport,
            clients=clients,
        )

    return run


def answers(body, status=200, **headers):
    async def handle(exchange):
        await exchange.whole(status, body, **headers)

    return handle


ONE = {"embedding": [1.0, 2.0], "inputTextTokenCount": 3}
LIST = {"embeddings": [[1.0, 2.0]]}
OF_NOVA = {"embeddings": [{"embeddingType": "TEXT", "embedding": [1.0, 2.0]}]}


def nova(**params):
    text = {"truncationMode": "NONE", "value": "a"}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {**params, "text": text}}


@pytest.mark.parametrize(
    ("model_id", "options", "body", "answer"),
    [
        (TITAN, {}, {"inputText": "a"}, ONE),
        (
            TITAN,
            {"dimensions": 256, "normalize": False, "input_type": "query"},
            {"inputText": "a", "dimensions": 256, "normalize": False},
            ONE,
        ),
        (TITAN_G1, {"dimensions": 1536, "normalize": True}, {"inputText": "a"}, ONE),
        (
            IMAGE,
            {"dimensions": 384},
            {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 384}},
            ONE,
        ),
        (COHERE, {}, {"texts": ["a"], "input_type": "search_document"}, LIST),
        (COHERE, {"input_type": "query"}, {"texts": ["a"], "input_type": "search_query"}, LIST),
        (
            f"eu.{COHERE_4}",
            {"dimensions": 512, "input_type": "clustering", "params": {"truncate": "LEFT"}},
            {
                "texts": ["a"],
                "input_type": "clustering",
                "output_dimension": 512,
                "truncate": "LEFT",
            },
            {"embeddings": {"float": [[1.0, 2.0]]}},
        ),
        ("cohere.embed-v5:0", {}, {"texts": ["a"], "input_type": "search_document"}, LIST),
        (NOVA, {}, nova(embeddingPurpose="GENERIC_INDEX"), OF_NOVA),
        (
            NOVA,
            {"input_type": "query", "dimensions": 384},
            nova(embeddingPurpose="TEXT_RETRIEVAL", embeddingDimension=384),
            OF_NOVA,
        ),
        (
            NOVA,
            {"params": {"singleEmbeddingParams": {"embeddingPurpose": "GENERIC_RETRIEVAL"}}},
            nova(embeddingPurpose="GENERIC_RETRIEVAL"),
            OF_NOVA,
        ),
    ],
)
async def test_each_family_has_its_body(server, embed, model_id, options, body, answer):
    server.answers(answers(answer))
    batch = await embed(model_id, **options)
    (asked,) = server.received
    assert unquote(asked.line.split()[1]) == f"/model/{model_id}/invoke"
    assert asked.json == body
    assert "Authorization" in asked.headers
    assert [list(vector) for vector in batch.vectors] == [[1, 2]]


async def test_a_second_request_is_signed_like_the_first(server, embed):
    server.answers(answers(ONE))
    for text in ("a", "b", "c", "d"):
        await embed(TITAN, [text])
    assert [asked.json["inputText"] for asked in server.received] == ["a", "b", "c", "d"]


async def test_where_a_request_goes_is_no_part_of_its_body(server, embed):
    server.answers(answers(ONE))
    await embed(TITAN, params={"region": "eu-west-1"})
    assert server.received[0].json == {"inputText": "a"}


@pytest.mark.parametrize(
    ("answer", "headers", "tokens"),
    [
        (ONE, {}, 3),
        (LIST, {"x_amzn_bedrock_input_token_count": "9"}, 9),
        (LIST, {}, None),
        ({**ONE, "inputTextTokenCount": -1}, {}, None),
        ({**ONE, "inputTextTokenCount": "many"}, {}, None),
    ],
)
async def test_tokens_are_what_the_service_counts(server, embed, answer, headers, tokens):
    server.answers(answers(answer, **headers))
    batch = await embed(TITAN if answer is not LIST else COHERE)
    assert (batch.usage and batch.usage.input) == tokens


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        b"<html>",
        b"",
        {"embedding": []},
        {"embedding": "AAAA!"},
        {"embedding": ["1"]},
        {"embeddingsByType": {"binary": [1, 0]}},
    ],
)
async def test_an_answer_without_a_vector_is_malformed(server, embed, answer):
    server.answers(answers(answer))
    with pytest.raises(MalformedResponse) as caught:
        await embed(TITAN)
    assert (caught.value.provider, caught.value.model) == ("amazon-bedrock", TITAN)


async def test_the_number_of_vectors_is_that_of_the_texts(server, embed):
    server.answers(answers(LIST))
    with pytest.raises(MalformedResponse, match="1 vectors for 2 texts"):
        await embed(COHERE, ["a", "b"])


async def test_a_text_that_is_refused_is_named(server, embed, refuses):
    said = (
        "Malformed input request: #/texts/1: expected maxLength: 2048, actual: 2459, "
        "please reformat your input and try again."
    )
    server.answers(refuses(400, "ValidationException", said))
    with pytest.raises(InvalidRequest, match="maxLength") as caught:
        await embed(COHERE, ["a", "b"])
    assert caught.value.text_index == 1
    assert caught.value.model == COHERE


async def test_too_many_tokens_are_an_overflow(server, embed, refuses):
    said = (
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, "
        "request input token count: 9279 "
    )
    server.answers(refuses(400, "ValidationException", said))
    with pytest.raises(ContextOverflow) as caught:
        await embed(TITAN)
    assert caught.value.hint == "Shorten the text."


async def test_expired_credentials_are_loaded_once_more(server, embed, refuses):
    said = "The security token included in the request is expired"
    server.answers(refuses(403, "ExpiredTokenException", said), answers(ONE))
    await embed(TITAN)
    assert len(server.received) == 2


async def test_a_refusal_of_iam_names_the_model(server, embed, refuses):
    server.answers(refuses(403, "AccessDeniedException", "You don't have access to the model."))
    with pytest.raises(AccessDenied) as caught:
        await embed(TITAN)
    assert caught.value.model == TITAN


ON_DEMAND = (
    "Invocation of model ID cohere.embed-v4:0 with on-demand throughput isn't supported. Retry your "
    "request with the ID or ARN of an inference profile that contains this model."
)


async def test_a_model_that_is_served_by_profile_is_called_through_it(server, embed, refuses):
    server.answers(refuses(400, "ValidationException", ON_DEMAND), answers(LIST))
    listed = Model("amazon-bedrock", COHERE_4, extra={"listedAs": [f"eu.{COHERE_4}"]})
    await embed(COHERE_4, model=evolve(listed, prices=Prices(input=1.0)))
    paths = [unquote(asked.line.split()[1]) for asked in server.received]
    assert paths == [f"/model/{COHERE_4}/invoke", f"/model/eu.{COHERE_4}/invoke"]
    await embed(COHERE_4)
    assert unquote(server.received[2].line.split()[1]) == paths[1]


async def test_a_length_that_a_model_does_not_make_is_refused_before_it_is_asked(server, embed):
    with pytest.raises(InvalidRequest, match="makes vectors of 1024 dimensions only"):
        await embed(COHERE, dimensions=256)
    assert server.received == []


@pytest.mark.parametrize(
    ("model_id", "texts"),
    [
        (TITAN, 1),
        (TITAN_G1, 1),
        (f"us.{COHERE_4}", 96),
        (COHERE, 96),
        (NOVA, 1),
        ("arn:aws:bedrock:eu-west-1::foundation-model/cohere.embed-english-v3", 96),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc", 1),
    ],
)
def test_the_limits_of_a_family(model_id, texts):
    assert limits_of(Model("amazon-bedrock", model_id)).texts == texts


def test_the_model_behind_a_profile_is_known_where_it_was_listed():
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
    model = Model("amazon-bedrock", arn, extra={"baseModel": COHERE_4})
    assert limits_of(model).texts == 96


@pytest.mark.parametrize(
    ("model_id", "message"),
    [
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "makes no embeddings"),
        ("amazon.nova-lite-v1:0", "makes no embeddings"),
        ("acme.vectors-v1:0", "is unknown"),
        ("twelvelabs.marengo-embed-2-7-v1:0", "is unknown"),
    ],
)
def test_a_model_without_embeddings_is_an_error_that_says_so(model_id, message):
    with pytest.raises(InvalidRequest, match=message) as caught:
        limits_of(Model("amazon-bedrock", model_id))
    assert caught.value.hint
