"""Requests with damaged bodies: each is answered, and none is a fault of the gateway."""

import asyncio
import copy
import json
import random
from pathlib import Path

import pytest
from gateway_server import serving

RECORDED = Path(__file__).parent / "recorded"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MODEL = f"amazon-bedrock/{CLAUDE}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT = {
    "messages": [
        {"role": "system", "content": "Be short."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hello"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,YQ=="}},
            ],
        },
        {
            "role": "assistant",
            "content": "Let me see.",
            "reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "signature": "c2ln"}],
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}},
                {"id": "b", "type": "custom", "custom": {"name": "patch", "input": "x"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "Sunny."},
    ],
    "tools": [
        {"type": "function", "function": {"name": "look", "parameters": SCHEMA}},
        {"type": "custom", "custom": {"name": "patch", "format": {"type": "text"}}},
    ],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
    "stream_options": {"include_usage": True},
    "metadata": {"a": "b"},
    "stop": ["."],
    "max_tokens": 100,
    "stream": True,
}
CONVERSE = {
    "system": [{"text": "Be short."}, {"cachePoint": {"type": "default"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Hello"},
                {"document": {"format": "txt", "name": "it", "source": {"bytes": "YQ=="}}},
                {"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
                {"toolUse": {"toolUseId": "a", "name": "look", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "a", "content": [{"json": {"sky": 1}}]}}],
        },
    ],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": SCHEMA}}}],
        "toolChoice": {"auto": {}},
    },
    "inferenceConfig": {"maxTokens": 100, "stopSequences": ["."]},
    "requestMetadata": {"a": "b"},
}


def recorded(name):
    return [turn["body"] for turn in json.loads((RECORDED / f"{name}.json").read_text())]


DOORS = {
    "/v1/chat/completions": [CHAT],
    "/v1/responses": recorded("codex"),
    "/v1/messages": recorded("claude_code"),
    "/v1/messages/count_tokens": recorded("claude_code"),
    f"/model/{CLAUDE}/converse": [CONVERSE],
    f"/model/{CLAUDE}/invoke-with-response-stream": recorded("claude_code_bedrock"),
}
JUNK = (
    None, True, 0, -1, 2**70, 1.5, 1e308, "", "x", "\ud800", "\x00", "data:image/png;base64,@", "{}", [],
    [[]], [None], [1, "a"], {}, [{}], {"type": 5}, {"type": "text"}, {"role": "user"}, ["a"] * 50,
)  # fmt: skip


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, step))


def damaged(body, chance):
    """A body of which one to three places are removed, repeated or replaced."""
    made = copy.deepcopy(body)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice([each for each in places(made) if each])
        holder = made
        for step in path[:-1]:
            holder = holder[step]
        if chance.random() < 0.2:
            del holder[path[-1]]
        elif isinstance(holder, list) and chance.random() < 0.2:
            holder.append(copy.deepcopy(holder[path[-1]]))
        else:
            holder[path[-1]] = copy.deepcopy(chance.choice(JUNK))
        if not made:
            break
    return made


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("seed", range(2))
async def test_damaged_requests_are_answered(emulator, tmp_path, path, seed):
    chance = random.Random(f"{path} {seed}")
    async with serving(emulator, tmp_path) as gateway:
        for _ in range(60):
            body = damaged(chance.choice(DOORS[path]), chance)
            data = json.dumps({**body, "model": MODEL} if path.startswith("/v1") else body)
            async with gateway.session.post(
                gateway.url + path, data=data.encode(), headers=gateway.headers()
            ) as answer:
                said = await answer.read()
                assert answer.status in (200, 400, 404), (answer.status, said, data)
                assert b"The gateway failed" not in said, data
        while len(gateway.records) < 60:
            await asyncio.sleep(0.01)
    failures = {record.failure for record in gateway.records}
    assert failures <= {None, "invalid_request", "context_overflow"}
