"""Which API answers, through the whole runtime."""

import asyncio
import json

import pytest

from modelwire import Runtime
from modelwire.errors import AuthenticationError
from modelwire.transport import RetryPolicy


@pytest.fixture
def request_of(tmp_path):
    """The request that would be sent."""

    async def run(model, environ=None, **providers):
        document = {"models": {"providers": providers}}
        async with Runtime.from_config(
            document, environ=environ or {}, cache_directory=tmp_path
        ) as runtime:
            dry = await runtime.dry_run("Hi", model=model)
            found = await runtime.resolve(model)
            described = await asyncio.to_thread(runtime.describe_call, found)
        assert described["endpoint"] == dry.request.url
        return dry.request.url, json.loads(dry.request.body)

    return run


@pytest.mark.parametrize(
    ("model", "providers", "url"),
    [
        ("openai/gpt-4.1", {}, "https://api.openai.com/v1/responses"),
        ("openai/gpt-4.1", {"openai": {"api": "openai-completions"}}, "https://api.openai.com/v1/chat/completions"),
        ("groq/x/y", {}, "https://api.groq.com/openai/v1/chat/completions"),
        ("z.ai/glm", {}, "https://api.z.ai/api/paas/v4/chat/completions"),
        ("ollama/llama3.2:1b", {}, "http://localhost:11434/v1/chat/completions"),
        ("acme/m", {"acme": {"api": "openai-responses", "baseUrl": "http://localhost:1/v1"}}, "http://localhost:1/v1/responses"),
    ],
)  # fmt: skip
async def test_a_name_and_a_key_are_enough(request_of, model, providers, url):
    keys = {"OPENAI_API_KEY": "k", "GROQ_API_KEY": "k", "ZAI_API_KEY": "k"}
    asked, body = await request_of(model, keys, **providers)
    assert asked == url
    assert body["model"] == model.partition("/")[2]


@pytest.mark.parametrize(
    ("model", "environ", "providers", "source"),
    [
        ("openai/m", {}, {}, "default"),
        ("openai/m", {"OPENAI_BASE_URL": "http://localhost:1/v1"}, {}, "env: OPENAI_BASE_URL"),
        (
            "groq/m",
            {},
            {"groq": {"baseUrl": "http://localhost:1"}},
            "models.providers.groq.baseUrl",
        ),
        (
            "groq/m",
            {},
            {"groq": {"models": [{"id": "m", "baseUrl": "http://u:secret@localhost:1/v1"}]}},
            "the model's baseUrl",
        ),
    ],
)
async def test_the_endpoint_is_reported_with_its_source_without_a_key(
    tmp_path, model, environ, providers, source
):
    document = {"models": {"providers": providers}}
    async with Runtime.from_config(document, environ=environ, cache_directory=tmp_path) as runtime:
        found = await runtime.resolve(model)
        described = await asyncio.to_thread(runtime.describe_call, found)
    assert described["endpointSource"] == source
    assert "secret" not in described["endpoint"]


async def test_without_a_key_nothing_is_sent(request_of):
    with pytest.raises(AuthenticationError) as caught:
        await request_of("groq/x")
    assert "GROQ_API_KEY" in caught.value.hint


async def test_a_failure_before_the_first_word_is_tried_again(serve, http, events, tmp_path):
    chunk = {
        "id": "1",
        "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}],
    }
    limit = http(
        '{"error": {"code": "rate_limit_exceeded", "message": "slow"}}',
        status="429 No",
        headers={"retry-after-ms": "1"},
    )
    async with serve(limit, http(events(chunk))) as service:
        document = {
            "models": {
                "providers": {"acme": {"api": "openai-completions", "baseUrl": service.base_url}}
            }
        }
        retries = RetryPolicy(max_attempts=2, base=0)
        async with Runtime.from_config(
            document, environ={}, retries=retries, cache_directory=tmp_path
        ) as runtime:
            message = await runtime.complete("Hi", model="acme/m")
    assert message.text == "Hi"
    assert [attempt.code for attempt in message.attempts] == ["rate_limited"]


async def test_the_api_of_ollama_is_spoken_as_chat_completions(serve, http, events, runtime_for):
    choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
    async with serve(http(events({"id": "1", "choices": [choice]}))) as service:
        root = service.base_url.removesuffix("/v1")
        async with runtime_for(root, api="ollama") as runtime:
            message = await runtime.complete("x", model="acme/m")
    assert service.heads[0].startswith("POST /v1/chat/completions ")
    assert (message.text, message.api) == ("Hi", "openai-completions")
    [change] = message.diagnostics
    assert (change["type"], change["path"]) == ("rewritten", "api")
