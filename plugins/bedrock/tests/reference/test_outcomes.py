"""What AWS refuses, masks or garbles, from the call to the outcome that an application gets."""

import json
import struct

import pytest

from modelwire.errors import ContentFiltered, InvalidMessage, MalformedToolCall, ProviderError
from modelwire.messages import (
    AssistantMessage,
    Image,
    StopReason,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_bedrock.emulator import Fault

SONNET = "us.anthropic.claude-sonnet-4-6"
NOVA = "us.amazon.nova-2-lite-v1:0"
KIMI = "moonshotai.kimi-k2.5"
RAIL = {
    "guardrail": {
        "guardrailIdentifier": "gr4emulated1",
        "guardrailVersion": "1",
        "trace": "enabled",
    }
}
EXTRA = (
    "The model returned the following errors: output_config.format: Extra inputs are not permitted"
)
LEGACY = (
    "Access denied. This Model is marked by provider as Legacy and you have not been actively using "
    "the model in the last 30 days. Please upgrade to an active model."
)
READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})


def kinds(answer):
    return [item.get("type") for item in answer.diagnostics]


def specs(body):
    return [tool["toolSpec"] for tool in body["toolConfig"]["tools"] if "toolSpec" in tool]


def refusal(message, code="ValidationException"):
    return Fault.error(code, message)


@pytest.mark.parametrize(
    ("message", "code", "options", "gone"),
    [
        (
            "This model doesn't support the temperature field. Remove temperature and try again.",
            "ValidationException",
            {"temperature": 0.5},
            lambda body: "temperature" not in body.get("inferenceConfig", {}),
        ),
        (
            EXTRA,
            "ValidationException",
            {"response_schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
            lambda body: "outputConfig" not in body and '"a"' in json.dumps(body).replace("\\", ""),
        ),
        (
            "You invoked an unsupported model or your request did not allow prompt caching.",
            "AccessDeniedException",
            {"system": "Be brief. " * 50, "cache_retention": "short"},
            lambda body: "cachePoint" not in json.dumps(body),
        ),
    ],
)
async def test_a_refused_field_is_left_out_once(emulator, ask, sent, message, code, options, gone):
    emulator.answer(fault=refusal(message, code))
    answer = await ask("us.anthropic.claude-sonnet-4-5-20250929-v1:0", **options)
    first, second = sent()
    assert not gone(first)
    assert gone(second)
    assert answer.stop_reason is StopReason.STOP
    assert answer.diagnostics


@pytest.mark.parametrize(
    ("message", "code", "hint"),
    [
        (
            "Model use case details have not been submitted for this account.",
            "ResourceNotFoundException",
            "use case",
        ),
        (
            LEGACY,
            "ResourceNotFoundException",
            "models list",
        ),
    ],
)
async def test_a_hint_says_what_to_do(emulator, ask, message, code, hint):
    emulator.answer(fault=refusal(message, code))
    with pytest.raises(ProviderError) as raised:
        await ask(SONNET)
    assert hint in raised.value.hint
    assert "Model access" not in raised.value.hint


SONNET_46, HAIKU_45 = "anthropic.claude-sonnet-4-6", "anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.mark.parametrize(
    ("model", "successor"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", HAIKU_45),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", HAIKU_45),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", SONNET_46),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", SONNET_46),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", None),
        ("us.amazon.nova-premier-v1:0", None),
        ("us.amazon.nova-pro-v1:0", None),
        ("us.meta.llama3-1-70b-instruct-v1:0", None),
    ],
)
async def test_the_hint_for_a_withdrawn_model_names_its_successor_where_one_is_known(
    emulator, ask, model, successor
):
    emulator.answer(fault=refusal(LEGACY, "ResourceNotFoundException"))
    with pytest.raises(ProviderError) as raised:
        await ask(model)
    hint = raised.value.hint
    assert "models list" in hint
    assert (f"use {successor}" in hint) if successor else ("use " not in hint)


@pytest.mark.parametrize(
    "root",
    [
        {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]},
        {"type": ["object", "null"], "properties": {"a": {"type": "string"}}},
        {"properties": {"a": {"type": "string"}}},
    ],
)
async def test_the_root_of_a_tools_schema_becomes_an_object(ask, sent, root):
    answer = await ask(SONNET, tools=[Tool("odd", "", root), READ])
    schemas = [spec["inputSchema"]["json"] for spec in specs(sent()[0])]
    assert [schema["type"] for schema in schemas] == ["object", "object"]
    assert not any({"anyOf", "oneOf", "allOf"} & set(schema) for schema in schemas)
    assert answer.stop_reason is StopReason.TOOL_USE


async def test_a_tool_that_cannot_be_expressed_is_left_out_alone(ask, sent):
    answer = await ask(SONNET, tools=[Tool("rows", "", {"type": "array"}), READ])
    assert [spec["name"] for spec in specs(sent()[0])] == ["read"]
    assert any("rows" in str(item) for item in answer.diagnostics)


async def test_hidden_thinking_of_nova_is_never_said(ask, sent):
    call = ToolCall("call-1", "read", {"path": "x"})
    history = [
        UserMessage("Read x."),
        AssistantMessage([Thinking("[REDACTED]"), call], "amazon-bedrock", NOVA),
        ToolResultMessage("call-1", "read", "contents"),
    ]
    await ask(NOVA, history, tools=[READ])
    assert "REDACTED" not in json.dumps(sent()[0])


@pytest.mark.parametrize("name", ["read", "unknown"])
async def test_a_call_that_was_written_as_text_is_a_call_or_an_error(emulator, ask, name):
    begin, end = "<|tool_call_begin|>", "<|tool_call_end|>"
    call = f'{begin}functions.{name}:0<|tool_call_argument_begin|>{{"path": "x"}}{end}'
    emulator.answer(f"<|tool_calls_section_begin|>{call}<|tool_calls_section_end|>")
    if name == "unknown":
        with pytest.raises(MalformedToolCall) as raised:
            await ask(KIMI, tools=[READ])
        assert raised.value.retryable
        return
    answer = await ask(KIMI, tools=[READ])
    assert answer.stop_reason is StopReason.TOOL_USE
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("read", {"path": "x"})]


def png(size):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 10, 10)
    return Image(head + bytes(size - len(head)), "image/png")


async def test_an_old_image_beyond_the_limit_is_a_placeholder_and_a_new_one_an_error(ask, sent):
    big = UserMessage([png(6_000_000)])
    old = [big, AssistantMessage("I see.", "amazon-bedrock", SONNET), UserMessage("And now?")]
    answer = await ask(SONNET, old)
    assert "image" not in {key for block in sent()[0]["messages"][0]["content"] for key in block}
    assert answer.diagnostics
    with pytest.raises(InvalidMessage, match="image"):
        await ask(SONNET, [big])
    assert len(sent()) == 1


async def test_what_a_guardrail_only_masked_is_an_answer(emulator, ask):
    emulator.answer("Write to ann@example.com today.")
    answer = await ask(SONNET, params=RAIL)
    assert answer.text == "Write to {EMAIL} today."
    assert answer.stop_reason is StopReason.STOP
    assert any("guardrail" in str(item).lower() for item in answer.diagnostics)


async def test_what_a_guardrail_blocked_is_an_error(ask):
    with pytest.raises(ContentFiltered):
        await ask(SONNET, "Tell me something FORBIDDEN.", params=RAIL)


async def test_an_answer_that_ends_at_a_default_limit_says_so(emulator, ask):
    emulator.answer("word " * 40_000)
    answer = await ask(SONNET)
    assert answer.stop_reason is StopReason.LENGTH
    assert "default_token_limit" in kinds(answer)
