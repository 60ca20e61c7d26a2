"""What each known service is sent: found by its hosts, with its own switch of thinking and rules of replay."""

import json
import tomllib
from pathlib import Path

import pytest

from modelwire import Runtime
from modelwire.hookspecs import ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_openai.model_compat import MODELS
from modelwire_openai.servers import ELSEWHERE, SERVERS, server_at

HOSTS = [
    ("https://api.z.ai/api/paas/v4", "zai"),
    ("https://api.z.ai/api/coding/paas/v4", "zai"),
    ("https://open.bigmodel.cn/api/paas/v4", "zai"),
    ("https://open.bigmodel.cn/api/coding/paas/v4", "zai"),
    ("https://api.moonshot.ai/v1", "moonshot"),
    ("https://api.moonshot.cn/v1", "moonshot"),
    ("https://api.kimi.com/coding/v1", "kimi-coding"),
    ("https://api.deepseek.com", "deepseek"),
    ("https://api.minimax.io/v1", "minimax"),
    ("https://api.minimaxi.com/v1", "minimax"),
    ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen"),
    ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "qwen"),
    ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", "qwen"),
    ("https://ws1.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1", "qwen"),
    ("https://trial.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "qwen"),
    ("https://generativelanguage.googleapis.com/v1beta/openai", "google"),
    ("https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1", "amazon-bedrock"),
    ("https://bedrock-runtime-fips.us-east-1.amazonaws.com/openai/v1", "amazon-bedrock"),
    ("https://bedrock-mantle.us-west-2.api.aws/v1", "amazon-bedrock"),
    ("https://openrouter.ai/api/v1", "openrouter"),
]


@pytest.mark.parametrize(("base_url", "server"), HOSTS)
def test_a_service_is_known_at_each_of_its_hosts(base_url, server):
    found = server_at(base_url)
    assert found is not None
    assert found.id == server


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.z.ai.example/v1",
        "https://evil-api.moonshot.cn.example/v1",
        "https://aliyuncs.com/v1",
        "https://example.com/api.deepseek.com",
        "http://localhost:1234/v1",
        "https://[::1",
        "",
    ],
)
def test_another_host_is_not_taken_for_a_known_service(base_url):
    assert server_at(base_url) is None


@pytest.fixture
def request_of(tmp_path):
    """The body that would be sent to a base URL, and what was changed in it."""

    async def run(base_url, model, prompt="Hi", **options):
        provider = {"baseUrl": base_url, "api": "openai-completions", "apiKey": "k"}
        document = {"models": {"providers": {"acme": provider}}}
        async with Runtime.from_config(document, environ={}, cache_directory=tmp_path) as runtime:
            dry = await runtime.dry_run(prompt, model=f"acme/{model}", **options)
        return json.loads(dry.request.body), dry

    return run


THINKING = ("thinking", "reasoning_effort", "enable_thinking", "reasoning", "chat_template_kwargs")
ENABLED, DISABLED = {"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}

SWITCHES = [
    ("https://api.z.ai/api/paas/v4", "glm-4.7", "off", DISABLED),
    ("https://open.bigmodel.cn/api/coding/paas/v4", "glm-4.7", "high", ENABLED),
    ("https://api.z.ai/api/paas/v4", "glm-5.2", "high", {**ENABLED, "reasoning_effort": "high"}),
    ("https://api.z.ai/api/paas/v4", "glm-5.3", "off", {"reasoning_effort": "low"}),
    ("https://api.z.ai/api/paas/v4", "glm-5.3", "max", {**ENABLED, "reasoning_effort": "max"}),
    ("https://api.moonshot.cn/v1", "kimi-k2.5", "off", DISABLED),
    ("https://api.moonshot.ai/v1", "kimi-k2.6", "high", ENABLED),
    ("https://api.moonshot.ai/v1", "kimi-k2-0905-preview", "off", {}),
    ("https://api.moonshot.ai/v1", "kimi-k2.7-code", "off", {}),
    ("https://api.moonshot.ai/v1", "kimi-k3", "off", {"reasoning_effort": "low"}),
    ("https://api.moonshot.cn/v1", "kimi-k3", "max", {"reasoning_effort": "max"}),
    ("https://api.kimi.com/coding/v1", "k3", "high", {"reasoning_effort": "high"}),
    ("https://api.kimi.com/coding/v1", "kimi-for-coding", "off", {}),
    ("https://api.deepseek.com", "deepseek-v4-pro", "off", DISABLED),
    ("https://api.deepseek.com", "deepseek-v4-pro", "medium", {**ENABLED, "reasoning_effort": "high"}),
    ("https://api.deepseek.com", "deepseek-v4-pro", "max", {**ENABLED, "reasoning_effort": "max"}),
    ("https://api.minimax.io/v1", "MiniMax-M3", "off", DISABLED),
    ("https://api.minimaxi.com/v1", "MiniMax-M3", "low", {"thinking": {"type": "adaptive"}}),
    ("https://api.minimax.io/v1", "MiniMax-M2.5", "off", {}),
    ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", "qwen-plus", "off", {"enable_thinking": False}),
    ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus", "low", {"enable_thinking": True}),
    ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-3-pro", "low", {"reasoning_effort": "low"}),
    ("https://api.mistral.ai/v1", "mistral-small-latest", "off", {"reasoning_effort": "none"}),
    ("https://api.mistral.ai/v1", "mistral-medium-3-5", "medium", {"reasoning_effort": "high"}),
    ("https://api.mistral.ai/v1", "magistral-medium-latest", "off", {}),
    ("https://api.x.ai/v1", "grok-4.3", "off", {"reasoning_effort": "none"}),
    ("https://api.x.ai/v1", "grok-4.5", "off", {"reasoning_effort": "low"}),
    ("https://api.x.ai/v1", "grok-4.5", "medium", {"reasoning_effort": "medium"}),
    ("https://api.x.ai/v1", "grok-4", "high", {}),
    ("https://api.groq.com/openai/v1", "qwen/qwen3-32b", "off", {"reasoning_effort": "none"}),
    ("https://api.groq.com/openai/v1", "openai/gpt-oss-20b", "off", {"reasoning_effort": "low"}),
    ("https://openrouter.ai/api/v1", "any/model", "off", {"reasoning": {"enabled": False}}),
]  # fmt: skip


@pytest.mark.parametrize(("base_url", "model", "level", "sent"), SWITCHES)
async def test_each_service_gets_thinking_in_its_own_fields(
    request_of, base_url, model, level, sent
):
    body, dry = await request_of(base_url, model, reasoning=level)
    assert {name: body[name] for name in THINKING if name in body} == sent
    noted = [change["path"] for change in dry.to_json().get("changes", [])]
    if not sent:
        assert "options.reasoning" in noted


def conversation(*content, provider="acme", model="m"):
    said = AssistantMessage(
        [*content, ToolCall("t1", "look", {})], provider, model, api="openai-completions"
    )
    result = ToolResultMessage("t1", "look", "4 C")
    return Context([UserMessage("Weather?"), said, result, UserMessage("And Rome?")])


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        ("https://api.moonshot.ai/v1", "kimi-k2.5"),
        ("https://api.moonshot.cn/v1", "kimi-k2.6"),
        ("https://api.kimi.com/coding/v1", "kimi-for-coding"),
        ("https://api.deepseek.com", "deepseek-v4-pro"),
    ],
)
async def test_calls_of_another_model_have_the_field_that_the_service_demands(
    request_of, base_url, model
):
    context = conversation(provider="anthropic", model="claude")
    body, _ = await request_of(base_url, model, context)
    assert body["messages"][1]["reasoning_content"] == ""


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        ("https://api.minimax.io/v1", "MiniMax-M2.5"),
        ("https://api.minimaxi.com/v1", "MiniMax-M3"),
        ("https://gateway.example/v1", "minimax/minimax-m2.5"),
        ("http://localhost:8000/v1", "MiniMaxAI/MiniMax-M2"),
    ],
)
async def test_minimax_gets_its_thinking_back_in_tags(request_of, base_url, model):
    context = conversation(Thinking("Hm", "<think>\n"), Text("I look."), model=model)
    body, _ = await request_of(base_url, model, context)
    assert body["messages"][1]["content"] == "<think>\nHm</think>\n\nI look."


@pytest.mark.parametrize("choice", [ToolChoice("any"), ToolChoice("tool", "look")])
@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        ("https://open.bigmodel.cn/api/paas/v4", "glm-5"),
        ("https://api.moonshot.ai/v1", "kimi-k2.6"),
    ],
)
async def test_where_no_call_can_be_demanded_the_model_chooses(request_of, base_url, model, choice):
    look = Tool("look", "d", {"type": "object", "properties": {}})
    body, dry = await request_of(base_url, model, tools=[look], tool_choice=choice)
    assert body["tool_choice"] == "auto"
    assert [c["path"] for c in dry.to_json()["changes"]] == ["options.tool_choice"]


async def test_minimax_has_its_own_name_for_the_limit(request_of):
    body, _ = await request_of("https://api.minimaxi.com/v1", "MiniMax-M3", max_tokens=9)
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body


def test_every_row_says_what_it_is_known_from():
    for server in ELSEWHERE:
        assert server.source, server.id
        assert server.as_of, server.id
    for server in SERVERS:
        assert bool(server.source) == bool(server.as_of), server.id
    for row in MODELS:
        assert row.evidence, row.pattern
        assert len(row.as_of) == len("2026-11"), row.pattern


def test_services_that_are_known_by_their_host_only_are_not_claimed():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    claimed = project["project"]["entry-points"]["modelwire.providers"]
    assert not {server.id for server in ELSEWHERE} & claimed.keys()
