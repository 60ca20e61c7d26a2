"""Chat Completions in front of models that are called in other APIs."""

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
PATH = "/v1/chat/completions"
HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}


async def test_an_answer(gateway, emulator):
    emulator.answer(Answer("Hi.", usage=TokenUsage(10, 5, cache_read=900)))
    status, headers, answer = await gateway.post(PATH, HELLO)
    assert status == 200
    assert headers["x-request-id"].startswith("req_")
    assert answer["object"] == "chat.completion"
    assert answer["model"] == MODEL
    (choice,) = answer["choices"]
    assert choice["message"]["content"] == "Hi."
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 910
    assert answer["usage"]["completion_tokens"] == 5
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 900}


async def test_a_stream(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there.")), usage=TokenUsage(3, 4)))
    body = {**HELLO, "stream": True, "stream_options": {"include_usage": True}}
    events = [data for _, data in await gateway.events(PATH, body)]
    assert events[-1] == "[DONE]"
    *chunks, usage = events[:-1]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in events[:-1]}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["delta"].get("role") for chunk in chunks[1:]] == [None] * (
        len(chunks) - 1
    )
    assert (
        "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "Hi there."
    )
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-2:]] == [None, "stop"]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 7


async def test_usage_is_streamed_only_where_it_is_asked_for(gateway, emulator):
    emulator.answer("Hi.")
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    assert not any("usage" in data for _, data in events[:-1])


async def test_tools_are_called_and_their_results_come_back(gateway, emulator):
    weather = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    emulator.answer(
        [Text("Let me see."), ToolUse("weather", {"city": "Oslo"}), ToolUse("weather", {})]
    )
    body = {**HELLO, "tools": [weather], "stream": True, "tool_choice": "auto"}
    events = await gateway.events(PATH, body)
    pieces = [
        piece
        for _, data in events[:-1]
        for piece in data["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert [piece["index"] for piece in pieces if "id" in piece] == [0, 1]
    texts = {0: "", 1: ""}
    for piece in pieces:
        texts[piece["index"]] += piece.get("function", {}).get("arguments", "")
    assert texts in ({0: '{"city": "Oslo"}', 1: "{}"}, {0: '{"city":"Oslo"}', 1: "{}"})
    assert events[-2][1]["choices"][0]["finish_reason"] == "tool_calls"
    calls = [
        {
            "id": piece["id"],
            "type": "function",
            "function": {"name": "weather", "arguments": texts[piece["index"]]},
        }
        for piece in pieces
        if "id" in piece
    ]
    messages = [
        *HELLO["messages"],
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        *({"role": "tool", "tool_call_id": call["id"], "content": "Rain."} for call in calls),
    ]
    emulator.answer("It rains.")
    status, _, answer = await gateway.post(
        PATH, {**HELLO, "messages": messages, "tools": [weather]}
    )
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "It rains.")
    sent = emulator.requests[-1].parameters["messages"]
    assert [next(iter(block)) for block in sent[1]["content"]] == ["text", "toolUse", "toolUse"]
    assert [next(iter(block)) for block in sent[2]["content"][:2]] == ["toolResult", "toolResult"]


async def test_thinking_comes_back_with_its_signature(gateway, emulator):
    thoughts = [Thinking("Hm.", signature="c2ln"), RedactedThinking(b"hidden"), Text("Hi.")]
    emulator.answer(thoughts)
    emulator.answer(thoughts)
    body = {**HELLO, "reasoning_effort": "low", "max_completion_tokens": 4000}
    _, _, answer = await gateway.post(PATH, body)
    message = answer["choices"][0]["message"]
    assert message["reasoning_content"] == "Hm."
    assert [detail["type"] for detail in message["reasoning_details"]] == [
        "reasoning.text",
        "reasoning.encrypted",
    ]
    events = await gateway.events(PATH, {**body, "stream": True})
    deltas = [data["choices"][0]["delta"] for _, data in events[:-1]]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Hm."
    streamed = [each for delta in deltas for each in delta.get("reasoning_details", ())]
    assert streamed == message["reasoning_details"]
    emulator.answer("Well.")
    again = [*HELLO["messages"], message, {"role": "user", "content": "Go on."}]
    status, _, _ = await gateway.post(PATH, {**body, "messages": again})
    assert status == 200
    first, second, third, *_ = emulator.requests[-1].parameters["messages"][1]["content"]
    assert first["reasoningContent"]["reasoningText"] == {"text": "Hm.", "signature": "c2ln"}
    assert second["reasoningContent"]["redactedContent"] == b"hidden"
    assert third == {"text": "Hi."}


async def test_an_image_is_passed_on(gateway, emulator):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    content = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
    ]
    emulator.answer("A pixel.")
    status, _, _ = await gateway.post(
        PATH, {**HELLO, "messages": [{"role": "user", "content": content}]}
    )
    assert status == 200
    image = emulator.requests[-1].parameters["messages"][0]["content"][1]["image"]
    assert (image["format"], image["source"]["bytes"][:4]) == ("png", b"\x89PNG")


async def test_a_schema_is_followed(gateway, emulator):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema, "strict": True}}
    status, _, answer = await gateway.post(PATH, {**HELLO, "response_format": form})
    assert status == 200
    assert '"a"' in answer["choices"][0]["message"]["content"]


async def test_a_free_form_tool_gets_its_text(gateway, emulator):
    patch = {"type": "custom", "custom": {"name": "patch", "description": "Applies a patch."}}
    emulator.answer(ToolUse("patch", {"input": "*** Begin"}))
    emulator.answer(ToolUse("patch", {"input": "*** Begin"}))
    body = {**HELLO, "tools": [patch]}
    _, _, answer = await gateway.post(PATH, body)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert call["custom"] == {"name": "patch", "input": "*** Begin"}
    events = await gateway.events(PATH, {**body, "stream": True})
    pieces = [
        p for _, data in events[:-1] for p in data["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert "".join(piece["custom"]["input"] for piece in pieces) == "*** Begin"


async def test_fields_without_a_counterpart_are_reported(gateway, emulator):
    emulator.answer("Hi.")
    _, headers, answer = await gateway.post(PATH, {**HELLO, "seed": 1, "user": "me"})
    assert headers["x-modelwire-ignored"] == "seed"
    assert [note["path"] for note in answer["modelwire"]["ignored"]] == ["seed"]


async def test_a_cut_stream_ends_with_an_error(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there."))), fault=Fault("cut", after=3))
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    assert events[-1][1]["error"]["code"] == "upstream_error"
    assert (await gateway.record()).failure == "upstream"


async def test_a_failure_before_the_answer_has_its_status(gateway, emulator):
    emulator.answer(fault=Fault.error("ThrottlingException"))
    status, headers, answer = await gateway.post(PATH, {**HELLO, "stream": True})
    assert status == 429
    assert answer["error"]["code"] == "rate_limit_exceeded"
    assert headers["x-should-retry"] == "true"
