"""Messages in front of models that are called in other APIs."""

import pytest
from gateway_server import serving

from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)

MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PATH = "/v1/messages?beta=true"
OPUS = "amazon-bedrock/us.anthropic.claude-opus-5"
APIS = {
    None: MODEL,
    "openai-completions": "amazon-bedrock/openai.gpt-oss-120b-1:0",
    "openai-responses": "amazon-bedrock/us.openai.gpt-6-sol",
    "anthropic-messages": OPUS,
}
"""A model for each API of a provider; `None` is Converse."""
HELLO = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]}
WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
THINKING = {"type": "enabled", "budget_tokens": 2000}


def message_of(events):
    """What Anthropic's SDK makes of the events, by their indexes."""
    assert events[0][0] == "message_start"
    assert events[-1][0] == "message_stop"
    message = events[0][1]["message"]
    open_blocks = set()
    for name, data in events[1:-1]:
        assert data["type"] == name
        if name == "content_block_start":
            assert data["index"] == len(message["content"])
            message["content"].append(data["content_block"])
            open_blocks.add(data["index"])
        elif name == "content_block_delta":
            assert data["index"] in open_blocks
            block, delta = message["content"][data["index"]], data["delta"]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = delta["signature"]
                case "input_json_delta":
                    block["json"] = block.get("json", "") + delta["partial_json"]
                case other:
                    raise AssertionError(other)
        elif name == "content_block_stop":
            open_blocks.remove(data["index"])
        elif name == "message_delta":
            message |= data["delta"] | {"usage": data["usage"]}
    assert open_blocks == set()
    return message


async def test_an_answer(gateway, emulator):
    emulator.answer(Answer("Hi.", usage=TokenUsage(10, 5, cache_read=900)))
    status, headers, answer = await gateway.post(PATH, HELLO)
    assert status == 200
    assert headers["request-id"].startswith("req_")
    assert answer["type"] == "message"
    assert answer["model"] == MODEL
    assert [block["text"] for block in answer["content"]] == ["Hi."]
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"]["input_tokens"] == 10
    assert answer["usage"]["cache_read_input_tokens"] == 900
    assert answer["usage"]["output_tokens"] == 5


async def test_a_stream(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there.")), usage=TokenUsage(3, 4)))
    message = message_of(await gateway.events(PATH, {**HELLO, "stream": True}))
    assert [block["text"] for block in message["content"]] == ["Hi there."]
    assert message["stop_reason"] == "end_turn"
    assert (message["usage"]["input_tokens"], message["usage"]["output_tokens"]) == (3, 4)


@pytest.mark.parametrize("api", APIS)
async def test_tools_through_every_api(emulator, tmp_path, api):
    through = {"api": api} if api else None
    async with serving(emulator, tmp_path, through=through) as gateway:
        emulator.answer([Text("Let me see."), ToolUse("weather", {"city": "Oslo"})])
        body = {
            **HELLO,
            "model": APIS[api],
            "tools": [WEATHER],
            "stream": True,
            "tool_choice": {"type": "auto"},
        }
        message = message_of(await gateway.events(PATH, body))
        text, call = message["content"]
        assert text["text"] == "Let me see."
        assert (call["name"], call["json"].replace(" ", "")) == ("weather", '{"city":"Oslo"}')
        assert message["stop_reason"] == "tool_use"
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": "Rain."}
        said = [text, {**call, "input": {"city": "Oslo"}}]
        del said[1]["json"]
        messages = [
            *HELLO["messages"],
            {"role": "assistant", "content": said},
            {"role": "user", "content": [result, {"type": "text", "text": "And now?"}]},
        ]
        emulator.answer("It rains.")
        status, _, answer = await gateway.post(
            PATH, {**body, "stream": False, "messages": messages}
        )
        assert (status, answer["content"][0]["text"]) == (200, "It rains.")


@pytest.mark.parametrize("api", [None, "anthropic-messages"])
async def test_thinking_comes_back_with_its_signature(emulator, tmp_path, api):
    thoughts = [Thinking("Hm.", signature="c2ln"), RedactedThinking(b"hidden"), Text("Hi.")]
    thinking = THINKING if api is None else {"type": "adaptive"}
    body = {**HELLO, "model": APIS[api], "max_tokens": 4000, "thinking": thinking}
    async with serving(emulator, tmp_path, through={"api": api} if api else None) as gateway:
        emulator.answer(thoughts)
        message = message_of(await gateway.events(PATH, {**body, "stream": True}))
        first, second, third = message["content"]
        assert first == {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
        assert second["type"] == "redacted_thinking"
        assert third["text"] == "Hi."
        emulator.answer(thoughts)
        _, _, answer = await gateway.post(PATH, body)
        assert answer["content"][:2] == [first, second]
        again = [
            *HELLO["messages"],
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": "Go on."},
        ]
        status, _, answer = await gateway.post(PATH, {**body, "messages": again})
        assert status == 200, answer
        sent = emulator.requests[-1]
        if api is None:
            parts = sent.parameters["messages"][1]["content"]
            assert parts[0]["reasoningContent"]["reasoningText"]["signature"] == "c2ln"
            assert parts[1]["reasoningContent"]["redactedContent"] == b"hidden"
            fields = sent.parameters["additionalModelRequestFields"]
            assert fields["thinking"]["budget_tokens"] == 2000
        else:
            parts = sent.body["messages"][1]["content"]
            assert [part["type"] for part in parts] == ["thinking", "redacted_thinking", "text"]
            assert sent.body["thinking"] == thinking


async def test_fields_and_betas_reach_an_upstream_of_the_same_api(emulator, tmp_path):
    body = {
        **HELLO,
        "model": OPUS,
        "system": [
            {"type": "text", "text": "x-anthropic-billing"},
            {"type": "text", "text": "Be short."},
        ],
        "metadata": {"user_id": "me"},
        "output_config": {"effort": "medium"},
    }
    async with serving(emulator, tmp_path, through={"api": "anthropic-messages"}) as gateway:
        emulator.answer("Hi.")
        betas = "interleaved-thinking-2025-05-14,context-1m-2025-08-07"
        status, _, answer = await gateway.post(PATH, body, **{"anthropic-beta": betas})
        assert status == 200, answer
        sent = emulator.requests[-1]
        assert sent.body["system"] == body["system"]
        assert sent.body["output_config"] == {"effort": "medium"}
        assert sent.body["metadata"] == {"user_id": "me"}
        given = f"{sent.headers.get('anthropic-beta', '')} {sent.body.get('anthropic_beta', '')}"
        assert "context-1m-2025-08-07" in given
        assert "interleaved-thinking-2025-05-14" in given


async def test_betas_that_bedrock_refuses_are_left_out_and_reported(gateway, emulator):
    betas = "claude-code-20250219,context-management-2025-06-27,context-1m-2025-08-07"
    body = {**HELLO, "context_management": {"edits": []}, "metadata": {"user_id": "me"}}
    emulator.answer("Hi.")
    status, headers, answer = await gateway.post(PATH, body, **{"anthropic-beta": betas})
    assert status == 200, answer
    fields = emulator.requests[-1].parameters["additionalModelRequestFields"]
    assert fields["anthropic_beta"] == ["context-1m-2025-08-07"]
    assert headers["x-modelwire-ignored"] == "anthropic-beta, context_management"


async def test_marks_ask_for_the_prompt_cache(gateway, emulator):
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    system = [{"type": "text", "text": "Be short.", **mark}]
    for body in (HELLO, {**HELLO, "system": system}):
        emulator.answer("Hi.")
        await gateway.post(PATH, body)
    without, marked = (str(request.parameters) for request in emulator.requests)
    assert "cachePoint" not in without
    assert "cachePoint" in marked


async def test_an_image_and_a_document_are_passed_on(gateway, emulator):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    image = {"type": "base64", "media_type": "image/png", "data": pixel}
    content = [
        {"type": "image", "source": image},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "Notes"},
            "title": "it",
        },
        {"type": "text", "text": "What is it?"},
    ]
    emulator.answer("A pixel.")
    status, _, answer = await gateway.post(
        PATH, {**HELLO, "messages": [{"role": "user", "content": content}]}
    )
    assert status == 200, answer
    sent = emulator.requests[-1].parameters["messages"][0]["content"]
    assert sorted(next(iter(block)) for block in sent) == ["document", "image", "text"]


async def test_a_schema_is_followed(gateway, emulator):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    config = {"format": {"type": "json_schema", "schema": schema}}
    status, _, answer = await gateway.post(PATH, {**HELLO, "output_config": config})
    assert status == 200
    assert '"a"' in answer["content"][0]["text"]


async def test_a_tool_of_the_service_is_refused_elsewhere(gateway):
    tool = {"type": "web_search_20250305", "name": "web_search"}
    status, _, answer = await gateway.post(PATH, {**HELLO, "tools": [tool]})
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert "web_search_20250305" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 429, "rate_limit_error"),
        ("ServiceUnavailableException", 529, "overloaded_error"),
        ("AccessDeniedException", 403, "permission_error"),
        ("ValidationException", 400, "invalid_request_error"),
        ("UnrecognizedClientException", 502, "api_error"),
    ],
)
async def test_a_failure_before_the_answer_has_its_status(gateway, emulator, code, status, kind):
    for stream in (False, True):
        emulator.answer(fault=Fault.error(code))
        got, headers, answer = await gateway.post(PATH, {**HELLO, "stream": stream})
        assert (got, answer["error"]["type"]) == (status, kind)
        assert answer["type"] == "error"
        assert answer["request_id"] == headers["request-id"]


async def test_an_overflow_is_said_in_the_words_that_claude_code_knows(gateway, emulator):
    fault = Fault.error("ValidationException", "Input is too long for requested model.")
    emulator.answer(fault=fault)
    status, _, answer = await gateway.post(PATH, HELLO)
    assert status == 400
    assert answer["error"]["message"].startswith("prompt is too long")


async def test_a_cut_stream_ends_with_an_error(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there."))), fault=Fault("cut", after=3))
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    name, data = events[-1]
    assert (name, data["error"]["type"]) == ("error", "api_error")
    assert "message_stop" not in [name for name, _ in events]


async def test_tokens_are_counted_by_the_provider_or_estimated(gateway, emulator):
    body = {
        "model": MODEL,
        "messages": HELLO["messages"],
        "system": "Be short.",
        "tools": [WEATHER],
    }
    status, _, counted = await gateway.post("/v1/messages/count_tokens?beta=true", body)
    assert status == 200
    assert counted["input_tokens"] > 0
    assert emulator.requests[-1].operation == "CountTokens"
    assert "modelwire" not in counted
    emulator.answer(fault=Fault.error("AccessDeniedException"))
    status, _, estimated = await gateway.post("/v1/messages/count_tokens", body)
    assert status == 200
    assert estimated["input_tokens"] > 0
    assert "4 characters" in estimated["modelwire"]["estimated"]
