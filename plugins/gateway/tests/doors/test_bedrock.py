"""Converse and InvokeModel, called by boto3, in front of models of several APIs."""

import asyncio
import json
from contextlib import closing

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from gateway_server import serving

from modelwire import Runtime
from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    Pacing,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)
from modelwire_gateway import Settings

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-5"
SAID = [{"role": "user", "content": [{"text": "Hello"}]}]
CLAUDE_BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 4000,
    "messages": [{"role": "user", "content": "Hello"}],
}
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "weather",
                "description": "Tells the weather.",
                "inputSchema": {
                    "json": {"type": "object", "properties": {"city": {"type": "string"}}}
                },
            }
        }
    ]
}


def boto3_for(gateway):
    """boto3 as it is, but for the credential."""

    def add_key(request, **_):
        request.headers["Authorization"] = f"Bearer {gateway.key}"

    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    made = boto3.client(
        "bedrock-runtime", endpoint_url=gateway.url, region_name="us-east-1", config=config
    )
    made.meta.events.register("before-send.bedrock-runtime", add_key)
    return made


@pytest.fixture
def client(gateway):
    with closing(boto3_for(gateway)) as made:
        yield made


def drained(stream):
    """All events; botocore leaves the connection of a stream that fails to the collector."""
    with closing(stream):
        return list(stream)


async def converse(client, **request):
    return await asyncio.to_thread(lambda: client.converse(modelId=CLAUDE, **request))


async def converse_stream(client, **request):
    return await asyncio.to_thread(
        lambda: drained(client.converse_stream(modelId=CLAUDE, **request)["stream"])
    )


async def invoke_stream(client, body, model=CLAUDE):
    def call():
        answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
        return [json.loads(event["chunk"]["bytes"]) for event in drained(answer["body"])]

    return await asyncio.to_thread(call)


async def test_converse(client, emulator):
    thoughts = [Thinking("Hm.", signature="c2ln"), RedactedThinking(b"hidden"), Text("Hi.")]
    emulator.answer(Answer(thoughts, usage=TokenUsage(10, 5, cache_read=900)))
    fields = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    answer = await converse(
        client,
        messages=SAID,
        system=[{"text": "Be short."}],
        inferenceConfig={"maxTokens": 4000},
        additionalModelRequestFields=fields,
    )
    thought, hidden, text = answer["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"] == {"text": "Hm.", "signature": "c2ln"}
    assert hidden["reasoningContent"]["redactedContent"] == b"hidden"
    assert text == {"text": "Hi."}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["cacheReadInputTokens"] == 900
    sent = emulator.requests[-1].parameters
    assert sent["system"][0] == {"text": "Be short."}
    assert sent["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2000


async def test_converse_stream_with_tools(client, emulator):
    emulator.answer([Text("Let me see."), ToolUse("weather", {"city": "Oslo"})])
    events = await converse_stream(client, messages=SAID, toolConfig=TOOLS)
    assert next(iter(events[0])) == "messageStart"
    assert [next(iter(event)) for event in events[-2:]] == ["messageStop", "metadata"]
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    ((start),) = starts
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    text = "".join(each["delta"].get("text", "") for each in deltas)
    arguments = "".join(each["delta"].get("toolUse", {}).get("input", "") for each in deltas)
    assert text == "Let me see."
    assert json.loads(arguments) == {"city": "Oslo"}
    call_id = start["start"]["toolUse"]["toolUseId"]
    again = [
        *SAID,
        {
            "role": "assistant",
            "content": [
                {"text": text},
                {"toolUse": {"toolUseId": call_id, "name": "weather", "input": {"city": "Oslo"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": call_id, "content": [{"json": {"sky": "grey"}}]}}
            ],
        },
    ]
    emulator.answer("Grey.")
    answer = await converse(client, messages=again, toolConfig=TOOLS)
    assert answer["output"]["message"]["content"] == [{"text": "Grey."}]
    result = emulator.requests[-1].parameters["messages"][2]["content"][0]["toolResult"]
    assert "grey" in str(result["content"])


async def test_an_image_and_a_document_are_passed_on(client, emulator):
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c636460f85f0f0002870180eb47ba920000000049454e44ae426082"
    )
    content = [
        {"image": {"format": "png", "source": {"bytes": pixel}}},
        {"document": {"format": "txt", "name": "it", "source": {"bytes": b"Notes"}}},
        {"text": "What is it?"},
    ]
    emulator.answer("A pixel.")
    await converse(client, messages=[{"role": "user", "content": content}])
    sent = emulator.requests[-1].parameters["messages"][0]["content"]
    assert [next(iter(block)) for block in sent[:3]] == ["image", "document", "text"]
    assert sent[0]["image"]["source"]["bytes"] == pixel


async def test_a_guardrail_is_not_for_clients_to_choose(client, gateway, emulator):
    emulator.answer("Hi.")
    guardrail = {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}
    answer = await converse(client, messages=SAID, guardrailConfig=guardrail)
    ignored = answer["ResponseMetadata"]["HTTPHeaders"]["x-modelwire-ignored"]
    assert ignored == "guardrailConfig"
    assert "guardrailConfig" not in emulator.requests[-1].parameters


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ThrottlingException", "ThrottlingException"),
        ("ValidationException", "ValidationException"),
        ("AccessDeniedException", "AccessDeniedException"),
        ("ServiceUnavailableException", "ServiceUnavailableException"),
    ],
)
async def test_failures_are_the_exceptions_of_the_sdk(client, emulator, code, name):
    emulator.answer(fault=Fault.error(code))
    with pytest.raises(ClientError) as caught:
        await converse(client, messages=SAID)
    assert caught.value.response["Error"]["Code"] == name
    assert caught.value.response["Error"]["Message"]


async def test_a_wrong_key_is_an_exception_of_the_sdk(client, gateway):
    gateway.key = "mw-wrong"
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        await converse(client, messages=SAID)


async def test_a_cut_stream_ends_with_an_exception(client, emulator):
    said = Answer(Text("Hi there.", ("Hi ", "there.")))
    emulator.answer(said, fault=Fault("cut", after=3))
    with pytest.raises(EventStreamError, match="internalServerException"):
        await converse_stream(client, messages=SAID)
    emulator.answer(said, fault=Fault("cut", after=3))
    with pytest.raises(EventStreamError, match="internalServerException"):
        await invoke_stream(client, CLAUDE_BODY)


async def test_invoke_with_a_body_of_claude(client, emulator):
    emulator.answer(Answer([Thinking("Hm.", signature="c2ln"), Text("Hi.")]))
    body = {**CLAUDE_BODY, "thinking": {"type": "enabled", "budget_tokens": 2000}}

    def call():
        return client.invoke_model(modelId=CLAUDE, body=json.dumps(body))["body"].read()

    message = json.loads(await asyncio.to_thread(call))
    assert message["type"] == "message"
    assert message["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    assert message["content"][1]["text"] == "Hi."


@pytest.mark.parametrize("model", [CLAUDE, OPUS])
async def test_invoke_with_a_stream(client, emulator, model):
    emulator.answer([Text("Hi."), ToolUse("weather", {"city": "Oslo"})])
    tool = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
    body = {**CLAUDE_BODY, "tools": [tool], "anthropic_beta": ["context-1m-2025-08-07"]}
    events = await invoke_stream(client, body, model)
    assert events[0]["type"] == "message_start"
    assert events[-1]["type"] == "message_stop"
    kinds = [e["content_block"]["type"] for e in events if e["type"] == "content_block_start"]
    assert kinds == ["text", "tool_use"]
    fields = emulator.requests[-1].parameters["additionalModelRequestFields"]
    assert fields["anthropic_beta"] == ["context-1m-2025-08-07"]


async def test_an_alias_and_another_provider_can_be_named(emulator, tmp_path):
    settings = Settings(aliases={CLAUDE: f"amazon-bedrock/{OPUS}"})
    async with serving(emulator, tmp_path, settings=settings) as gateway:
        for name in (CLAUDE, f"amazon-bedrock/{OPUS}", OPUS):
            emulator.answer("Hi.")
            path = f"/model/{name.replace('/', '%2F').replace(':', '%3A')}/converse"
            status, _, answer = await gateway.post(path, {"messages": SAID})
            assert status == 200, answer
            assert emulator.requests[-1].model_id == OPUS
        status, headers, answer = await gateway.post("/model/none/x/converse", {"messages": SAID})
        assert status in (400, 404)
        assert headers["x-amzn-errortype"]
        assert set(answer) == {"message"}


async def test_other_paths_of_bedrock_are_refused_in_its_words(gateway):
    status, headers, answer = await gateway.get("/inference-profiles?type=SYSTEM_DEFINED")
    assert status == 404
    assert headers["x-amzn-errortype"] == "UnknownOperationException"
    assert set(answer) == {"message"}


async def test_a_silent_stream_begins_its_message(emulator, tmp_path):
    emulator.answer(Answer("Hi.", pacing=Pacing(first=1)))
    settings = Settings(keep_alive_seconds=0.1)
    async with serving(emulator, tmp_path, settings=settings) as gateway:
        path = f"/model/{CLAUDE}/converse-stream"
        async with gateway.session.post(
            gateway.url + path, json={"messages": SAID}, headers=gateway.headers()
        ) as answer:
            assert b"messageStart" in await answer.content.readany()
            assert b"metadata" in await answer.read()


async def test_a_silent_stream_is_kept_alive_by_events_that_clients_skip(emulator, tmp_path):
    pieces = ("Hi ", "there.")
    for _ in range(3):
        emulator.answer(Answer(Text("".join(pieces), pieces), pacing=Pacing(between=1)))
    settings = Settings(keep_alive_seconds=0.1)
    async with serving(emulator, tmp_path, settings=settings) as gateway:
        path = f"/model/{CLAUDE}/converse-stream"
        async with gateway.session.post(
            gateway.url + path, json={"messages": SAID}, headers=gateway.headers()
        ) as answer:
            assert (await answer.read()).count(b"keepAlive") > 1
        with closing(boto3_for(gateway)) as client:
            events = await converse_stream(client, messages=SAID)
        assert [name for event in events for name in event] == [
            "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop",
            "messageStop", "metadata",
        ]  # fmt: skip
        through = {"amazon-bedrock": {"baseUrl": gateway.url, "apiKey": gateway.key}}
        async with Runtime.from_config(
            {"models": {"providers": through}},
            environ={"AWS_REGION": "us-east-1", "HOME": str(tmp_path)},
        ) as runtime:
            said = await runtime.complete("Hello", model=f"amazon-bedrock/{CLAUDE}")
        assert said.text == "Hi there."
