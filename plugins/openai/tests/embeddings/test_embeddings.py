"""Embeddings, answered by a real server in the ways that services answer."""

import base64
import json
import struct

import pytest

from modelwire.errors import (
    AuthenticationError,
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    RateLimited,
)
from modelwire.hookspecs import EmbeddingLimits
from modelwire.transport import DryRunTransport, RequestCaptured
from modelwire_openai.embeddings.services import _ROWS, service_of
from modelwire_openai.servers import ELSEWHERE, SERVERS, server_of

KEY = "sk-a-key-of-some-length"


def answer_of(*vectors, usage=None, **extra):
    data = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(vectors)
    ]
    usage = usage or {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "data": data, "model": "m", "usage": usage, **extra}


@pytest.fixture
def embed(serve, http, runtime_for):
    """Embeds texts at a service with prepared answers; gives the embeddings and the service."""

    async def run(*answers, texts=("a", "b"), **options):
        made = [
            answer
            if isinstance(answer, bytes)
            else http(json.dumps(answer), headers={"Content-Type": "application/json"})
            for answer in answers
        ]
        async with serve(*made) as service, runtime_for(service.base_url, apiKey=KEY) as runtime:
            try:
                return await runtime.embed(texts, model="acme/m", **options), service
            finally:
                run.service = service

    return run


async def test_a_request_holds_the_texts_and_the_options(embed):
    made, service = await embed(
        answer_of([1.0, 2.0], [3.0, 4.0]), dimensions=2, params={"user": "me", "project": "p"}
    )
    assert service.heads[0].startswith("POST /v1/embeddings ")
    assert f"authorization: bearer {KEY}" in service.heads[0].lower()
    assert service.bodies == [{"model": "m", "input": ["a", "b"], "dimensions": 2, "user": "me"}]
    assert [list(vector) for vector in made.vectors] == [[1, 2], [3, 4]]
    assert made.usage.input == 7


async def test_what_a_text_is_for_is_left_out_where_the_api_has_no_word_for_it(embed):
    _, service = await embed(answer_of([1.0], [2.0]), input_type="query")
    assert service.bodies == [{"model": "m", "input": ["a", "b"]}]


async def test_embeddings_are_sorted_by_their_places(embed):
    answer = answer_of([1.0], [2.0])
    answer["data"].reverse()
    made, _ = await embed(answer)
    assert [vector[0] for vector in made.vectors] == [1, 2]


async def test_without_places_the_order_counts(embed):
    answer = answer_of([1.0], [2.0])
    for entry in answer["data"]:
        del entry["index"]
    made, _ = await embed(answer)
    assert [vector[0] for vector in made.vectors] == [1, 2]


async def test_vectors_may_come_in_base64(embed):
    packed = base64.b64encode(struct.pack("<3f", 0.5, -1.25, 3.0)).decode()
    made, _ = await embed(answer_of(packed, [1.0, 2.0, 3.0]))
    assert [list(vector) for vector in made.vectors] == [[0.5, -1.25, 3.0], [1, 2, 3]]


@pytest.mark.parametrize("usage", [{"prompt_tokens": 0}, {"prompt_tokens": -3}, {"tokens": 7}])
async def test_usage_that_says_nothing_is_unknown(embed, usage):
    made, _ = await embed(answer_of([1.0], [2.0], usage=usage))
    assert made.usage is None


@pytest.mark.parametrize(
    "answer",
    [
        answer_of([1.0]),
        answer_of([1.0], "no Base64!"),
        answer_of([1.0], "AAA="),
        answer_of([1.0], ["x"]),
        answer_of([1.0], [None]),
        answer_of([1.0], []),
        answer_of([1.0], None),
        {"data": [1, 2]},
        {"data": {}},
        {"object": "list"},
        [],
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [2.0]}]},
        {"data": [{"index": 5, "embedding": [1.0]}, {"index": 6, "embedding": [2.0]}]},
        {"data": [{"index": "0", "embedding": [1.0]}, {"embedding": [2.0]}]},
    ],
)
async def test_an_answer_that_is_none_is_malformed(embed, answer):
    with pytest.raises(MalformedResponse) as caught:
        await embed(answer)
    assert (caught.value.provider, caught.value.model) == ("acme", "m")


async def test_a_page_of_a_proxy_is_malformed(embed, http):
    page = http("<html>Sign in</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(MalformedResponse, match="does not follow this API"):
        await embed(page)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("401 Unauthorized", AuthenticationError), ("429 Too Many Requests", RateLimited)],
)
async def test_a_failure_is_the_typed_error_of_its_kind(embed, http, status, kind):
    body = json.dumps({"error": {"message": f"Refused for {KEY}", "type": "x", "code": "y"}})
    refused = http(body, status=status, headers={"Content-Type": "application/json"})
    with pytest.raises(kind) as caught:
        await embed(refused)
    assert KEY not in str(caught.value)


async def test_a_failure_with_success_is_an_error(embed):
    with pytest.raises(InvalidRequest, match="no such thing"):
        await embed({"error": {"message": "no such thing", "type": "invalid_request_error"}})


async def test_a_text_that_the_service_refuses_is_named_among_all_texts(embed, http):
    said = {"error": {"message": "Invalid 'input[1]': maximum input length is 8192 tokens."}}
    fine = answer_of([1.0], [2.0], [3.0])
    refused = http(
        json.dumps(said), status="400 Bad Request", headers={"Content-Type": "application/json"}
    )
    with pytest.raises(ContextOverflow, match=r"^texts\[4\]: ") as caught:
        await embed(fine, refused, texts=[*"abcdef"], batch_size=3, concurrency=1)
    assert caught.value.text_index == 4


async def test_openai_is_asked_for_base64_and_others_are_not(tmp_path, runtime_for):
    captured = []
    for provider, settings in {
        "openai": {"api": "openai-responses"},
        "mistral": {},
        "nvidia": {},
    }.items():
        runtime = runtime_for("http://127.0.0.1:9/v1")
        runtime = type(runtime).from_config(
            {"models": {"providers": {provider: {"baseUrl": "", **settings}}}},
            environ={f"{provider.upper()}_API_KEY": KEY},
            transport=DryRunTransport(environ={}),
            cache_directory=tmp_path,
        )
        async with runtime:
            with pytest.raises(RequestCaptured) as kept:
                await runtime.embed("a", model=f"{provider}/embed-x", input_type="document")
        captured.append((kept.value.request.url, json.loads(kept.value.request.body)))
    common = {"model": "embed-x", "input": ["a"]}
    assert captured == [
        ("https://api.openai.com/v1/embeddings", {**common, "encoding_format": "base64"}),
        ("https://api.mistral.ai/v1/embeddings", common),
        ("https://integrate.api.nvidia.com/v1/embeddings", {**common, "input_type": "passage"}),
    ]


@pytest.mark.parametrize(
    ("model", "message"),
    [("gpt-4.1-mini", "openai/gpt-4.1-mini makes no embeddings"), ("o3", "o3 makes no")],
)
async def test_a_known_model_of_openai_that_answers_makes_no_embeddings(
    runtime_for, model, message
):
    async with runtime_for("", environ={"OPENAI_API_KEY": KEY}) as runtime:
        with pytest.raises(InvalidRequest, match=message):
            await runtime.embed("a", model=f"openai/{model}")


async def test_an_embedding_model_of_openai_answers_no_prompts(runtime_for):
    async with runtime_for("", environ={"OPENAI_API_KEY": KEY}) as runtime:
        with pytest.raises(InvalidRequest, match="is an embedding model") as caught:
            await runtime.complete("hi", model="openai/text-embedding-3-small")
    assert "Runtime.embed" in caught.value.hint


async def test_a_kind_of_text_that_a_service_has_no_word_for_is_refused(runtime_for):
    async with runtime_for("", environ={"NVIDIA_API_KEY": KEY}) as runtime:
        with pytest.raises(InvalidRequest, match="takes the input_type query or document"):
            await runtime.embed("a", model="nvidia/embed", input_type="clustering")


def test_each_row_is_of_a_known_server_and_says_where_it_is_from():
    known = {server.id for server in (*SERVERS, *ELSEWHERE)}
    for row in _ROWS:
        assert row.server in known
        assert row.source, row.server
        assert row.as_of, row.server


def test_of_an_unknown_service_nothing_is_assumed():
    unknown = service_of(None, is_openai=False)
    assert unknown.limits == EmbeddingLimits(texts=32)
    assert not unknown.base64
    assert service_of(server_of("groq"), is_openai=False) == unknown
    # Behind another address than its own, `openai` may be anybody.
    assert service_of(server_of("openai"), is_openai=False) == unknown
    assert service_of(server_of("openai"), is_openai=True).base64
