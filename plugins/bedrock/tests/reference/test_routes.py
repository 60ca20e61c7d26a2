"""The route of each model: which endpoint and API, from the call to the wire."""

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool

RUNTIME, MANTLE = "runtime", "mantle"

DOORS = [  # model, the API that is configured, and where the call arrives
    ("us.anthropic.claude-opus-5-5", None, RUNTIME, "/model/"),
    ("us.anthropic.claude-opus-5-5", "anthropic-messages", RUNTIME, "/anthropic/v1/messages"),
    ("us.anthropic.claude-sonnet-4-6", None, RUNTIME, "/model/"),
    ("us.openai.gpt-6-sol", None, RUNTIME, "/model/"),
    ("us.openai.gpt-6-sol", "openai-responses", RUNTIME, "/openai/v1/responses"),
    ("us.openai.gpt-6-sol", "openai-completions", RUNTIME, "/openai/v1/chat/completions"),
    ("openai.gpt-5.6-luna", "openai-responses", RUNTIME, "/openai/v1/responses"),
    ("openai.gpt-oss-20b-1:0", None, RUNTIME, "/model/"),
    ("openai.gpt-oss-20b-1:0", "openai-completions", RUNTIME, "/openai/v1/chat/completions"),
    ("openai.gpt-oss-20b-1:0", "openai-responses", MANTLE, "/v1/responses"),
    ("openai.gpt-5.5", None, MANTLE, "/openai/v1/responses"),
    ("openai.gpt-5.4", None, MANTLE, "/openai/v1/responses"),
    ("openai.gpt-oss-safeguard-20b", None, MANTLE, "/v1/chat/completions"),
    ("xai.grok-4.3", None, MANTLE, "/openai/v1/responses"),
    ("us.xai.grok-4.6", None, RUNTIME, "/model/"),
    ("google.gemma-3-27b-it", None, RUNTIME, "/model/"),
    ("google.gemma-4-31b", None, MANTLE, "/openai/v1/chat/completions"),
    ("moonshotai.kimi-k2.5", "openai-completions", MANTLE, "/v1/chat/completions"),
    ("zai.glm-5", "openai-completions", MANTLE, "/v1/chat/completions"),
    ("us.amazon.nova-pro-v1:0", None, RUNTIME, "/model/"),
    ("us.meta.llama3-3-70b-instruct-v1:0", None, RUNTIME, "/model/"),
]


@pytest.mark.parametrize(("model", "api", "endpoint", "path"), DOORS)
async def test_a_model_is_called_by_a_route_that_it_has(
    emulator, runtime_of, model, api, endpoint, path
):
    settings = {"region": "us-east-2" if "gpt-5." in model else "us-west-2"}
    async with runtime_of(settings | ({"api": api} if api else {})) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    [request] = emulator.requests
    assert (request.endpoint, request.status) == (endpoint, 200)
    assert request.path.startswith(path)


GEMMA = "google.gemma-4-31b"
LEVELS = [  # model, the API that is configured, the level, and the effort that is sent
    (GEMMA, None, None, None),
    (GEMMA, None, "off", "none"),
    (GEMMA, None, "high", "high"),
    (GEMMA, None, "low", "high"),
    ("us.openai.gpt-6-sol", "openai-responses", "off", "none"),
    ("us.openai.gpt-6-sol", "openai-completions", "max", "max"),
    ("us.openai.gpt-6-astra", "openai-responses", "off", "low"),
    ("us.openai.gpt-6-astra", "openai-responses", None, None),
    ("openai.gpt-oss-20b-1:0", "openai-completions", "off", "low"),
    ("openai.gpt-5.5", None, "off", "low"),
    ("xai.grok-4.3", None, "max", "xhigh"),
    ("zai.glm-5", "openai-completions", "medium", "high"),
    ("zai.glm-5", "openai-completions", "off", "none"),
]


@pytest.mark.parametrize(("model", "api", "level", "effort"), LEVELS)
async def test_thinking_is_asked_for_in_the_words_of_the_family_by_every_route(
    emulator, runtime_of, model, api, level, effort
):
    settings = {"region": "us-west-2"} | ({"api": api} if api else {})
    async with runtime_of(settings) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{model}", reasoning=level)
    body = emulator.requests[-1].body
    sent = body.get("reasoning_effort", body.get("reasoning", {}).get("effort"))
    assert sent == effort


READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
CALLS = [  # model, the API that is configured; whether it takes sampling settings and a forced call
    ("us.openai.gpt-6-sol", "openai-responses", False, True),
    ("openai.gpt-5.5", None, False, True),
    ("us.anthropic.claude-opus-5-5", "anthropic-messages", False, False),
    ("us.anthropic.claude-sonnet-5-5", "anthropic-messages", False, False),
    ("us.anthropic.claude-opus-5", "anthropic-messages", False, True),
    ("openai.gpt-oss-20b-1:0", "openai-responses", False, False),
    ("openai.gpt-oss-20b-1:0", "openai-completions", True, True),
    (GEMMA, None, True, True),
]


@pytest.mark.parametrize(("model", "api", "warm", "forced"), CALLS)
async def test_what_a_model_refuses_is_left_out_by_every_route(
    emulator, runtime_of, model, api, warm, forced
):
    settings = {"region": "us-west-2"} | ({"api": api} if api else {})
    async with runtime_of(settings) as runtime:
        answer = await runtime.complete(
            "Hello",
            model=f"amazon-bedrock/{model}",
            temperature=0.2,
            tools=[READ],
            tool_choice=ToolChoice("any"),
        )
    body = emulator.requests[-1].body
    paths = [item.get("path") for item in answer.diagnostics]
    assert ("temperature" in body) is warm
    assert ("options.temperature" in paths) is not warm
    assert (body.get("tool_choice") in ("required", {"type": "any"})) is forced
    assert ("options.tool_choice" in paths) is not forced


@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-opus-5-5",
        "us.anthropic.claude-sonnet-5-5",
        "us.anthropic.claude-fable-5",
    ],
)
async def test_claude_that_always_thinks_is_asked_to_think_little_by_messages(
    emulator, runtime_of, model
):
    async with runtime_of({"api": "anthropic-messages", "region": "us-west-2"}) as runtime:
        answer = await runtime.complete("Hello", model=f"amazon-bedrock/{model}", reasoning="off")
    body = emulator.requests[-1].body
    assert body["thinking"]["type"] == "adaptive"
    assert body["output_config"] == {"effort": "low"}
    assert "options.reasoning" in [item.get("path") for item in answer.diagnostics]
