"""Responses in front of models that are called in other APIs."""

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
SOL = "amazon-bedrock/us.openai.gpt-6-sol"
APIS = {
    None: MODEL,
    "openai-completions": "amazon-bedrock/openai.gpt-oss-120b-1:0",
    "openai-responses": SOL,
    "anthropic-messages": "amazon-bedrock/us.anthropic.claude-opus-5",
}
"""A model for each API of a provider; `None` is Converse."""
PATH = "/v1/responses"
HELLO = {"model": MODEL, "input": "Hello"}
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


def response_of(events):
    """The last response of a stream, whose items are those that came one by one."""
    numbers = [data["sequence_number"] for _, data in events]
    assert numbers == list(range(len(events)))
    assert [name for name, _ in events[:2]] == ["response.created", "response.in_progress"]
    assert all(data["type"] == name for name, data in events)
    response = events[-1][1]["response"]
    done = [data for name, data in events if name == "response.output_item.done"]
    items = [each["item"] for each in sorted(done, key=lambda each: each["output_index"])]
    assert response["output"] == items
    added = [data for name, data in events if name == "response.output_item.added"]
    assert [each["output_index"] for each in added] == list(range(len(added)))
    assert [each["item"]["id"] for each in added] == [item["id"] for item in items]
    return response


async def test_an_answer(gateway, emulator):
    emulator.answer(Answer("Hi.", usage=TokenUsage(10, 5, cache_read=900)))
    status, headers, answer = await gateway.post(PATH, {**HELLO, "instructions": "Be short."})
    assert status == 200
    assert headers["x-request-id"].startswith("req_")
    assert answer["object"] == "response"
    assert answer["status"] == "completed"
    assert answer["instructions"] == "Be short."
    (item,) = answer["output"]
    assert (item["type"], item["content"][0]["text"]) == ("message", "Hi.")
    assert answer["usage"]["input_tokens"] == 910
    assert answer["usage"]["input_tokens_details"] == {
        "cached_tokens": 900,
        "cache_write_tokens": 0,
    }
    assert emulator.requests[-1].parameters["system"][0] == {"text": "Be short."}


async def test_a_stream(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there.")), usage=TokenUsage(3, 4)))
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    response = response_of(events)
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["text"] == "Hi there."
    deltas = [data["delta"] for name, data in events if name == "response.output_text.delta"]
    assert "".join(deltas) == "Hi there."
    assert response["usage"]["total_tokens"] == 7


@pytest.mark.parametrize("api", APIS)
async def test_tools_through_every_api(emulator, tmp_path, api):
    async with serving(emulator, tmp_path, through={"api": api} if api else None) as gateway:
        emulator.answer([Text("Let me see."), ToolUse("weather", {"city": "Oslo"})])
        body = {**HELLO, "model": APIS[api], "tools": [WEATHER], "store": False, "stream": True}
        events = await gateway.events(PATH, body)
        response = response_of(events)
        *_, call = response["output"]
        assert call["type"] == "function_call"
        assert call["arguments"].replace(" ", "") == '{"city":"Oslo"}'
        pieces = [d["delta"] for n, d in events if n == "response.function_call_arguments.delta"]
        assert "".join(pieces).replace(" ", "") == '{"city":"Oslo"}'
        again = [
            {"role": "user", "content": "Hello"},
            *response["output"],
            {"type": "function_call_output", "call_id": call["call_id"], "output": "Rain."},
        ]
        emulator.answer("It rains.")
        status, _, answer = await gateway.post(PATH, {**body, "stream": False, "input": again})
        assert status == 200, answer
        assert answer["output"][-1]["content"][0]["text"] == "It rains."


@pytest.mark.parametrize("api", [None, "openai-responses"])
async def test_thinking_comes_back_with_its_signature(emulator, tmp_path, api):
    thoughts = [Thinking("Hm.", signature="c2ln"), Text("Hi.")]
    body = {
        **HELLO,
        "model": APIS[api],
        "max_output_tokens": 4000,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "stream": True,
    }
    async with serving(emulator, tmp_path, through={"api": api} if api else None) as gateway:
        emulator.answer(thoughts)
        events = await gateway.events(PATH, body)
        response = response_of(events)
        reasoning, _ = response["output"]
        assert reasoning["summary"] == [{"type": "summary_text", "text": "Hm."}]
        assert reasoning["encrypted_content"]
        deltas = [d["delta"] for n, d in events if n == "response.reasoning_summary_text.delta"]
        assert "".join(deltas) == "Hm."
        again = [
            {"role": "user", "content": "Hello"},
            *response["output"],
            {"role": "user", "content": [{"type": "input_text", "text": "Go on."}]},
        ]
        emulator.answer("Well.")
        status, _, answer = await gateway.post(PATH, {**body, "input": again, "stream": False})
        assert status == 200, answer
        sent = emulator.requests[-1]
        if api is None:
            block = sent.parameters["messages"][1]["content"][0]
            assert block["reasoningContent"]["reasoningText"] == {
                "text": "Hm.",
                "signature": "c2ln",
            }
        else:
            kinds = [item.get("type") for item in sent.body["input"]]
            assert kinds[1:3] == ["reasoning", "message"]


async def test_redacted_thinking_comes_back(gateway, emulator):
    emulator.answer([RedactedThinking(b"hidden"), Text("Hi.")])
    body = {**HELLO, "max_output_tokens": 4000, "reasoning": {"effort": "low"}, "stream": True}
    response = response_of(await gateway.events(PATH, body))
    again = [
        {"role": "user", "content": "Hello"},
        *response["output"],
        {"role": "user", "content": "Go on."},
    ]
    emulator.answer("Well.")
    await gateway.post(PATH, {**body, "input": again, "stream": False})
    block = emulator.requests[-1].parameters["messages"][1]["content"][0]
    assert block["reasoningContent"]["redactedContent"] == b"hidden"


async def test_tools_that_are_no_functions(gateway, emulator):
    patch = {
        "type": "custom",
        "name": "apply_patch",
        "description": "Applies a patch.",
        "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'},
    }
    tools = [patch, {"type": "local_shell"}, {"type": "web_search"}]
    emulator.answer(
        [
            ToolUse("apply_patch", {"input": "*** Begin"}),
            ToolUse("local_shell", {"command": ["ls"]}),
        ]
    )
    body = {**HELLO, "tools": tools, "stream": True}
    events = await gateway.events(PATH, body)
    response = response_of(events)
    custom, shell = response["output"]
    assert (custom["type"], custom["input"]) == ("custom_tool_call", "*** Begin")
    assert shell["type"] == "local_shell_call"
    assert shell["action"] == {"type": "exec", "env": {}, "command": ["ls"]}
    texts = [d["delta"] for n, d in events if n == "response.custom_tool_call_input.delta"]
    assert "".join(texts) == "*** Begin"
    assert [note["path"] for note in response["modelwire"]["ignored"]] == ["tools[2]"]
    sent = emulator.requests[-1].parameters["toolConfig"]["tools"]
    assert "lark grammar" in sent[0]["toolSpec"]["description"]
    again = [
        {"role": "user", "content": "Hello"},
        *response["output"],
        {"type": "custom_tool_call_output", "call_id": custom["call_id"], "output": "Done."},
        {"type": "local_shell_call_output", "call_id": shell["call_id"], "output": "a.txt"},
    ]
    emulator.answer("Done.")
    status, _, answer = await gateway.post(PATH, {**body, "stream": False, "input": again})
    assert status == 200, answer
    said = emulator.requests[-1].parameters["messages"]
    assert [next(iter(block)) for block in said[1]["content"]] == ["toolUse", "toolUse"]


async def test_a_schema_is_followed(gateway):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "name": "it", "schema": schema, "strict": True}
    status, _, answer = await gateway.post(PATH, {**HELLO, "text": {"format": form}})
    assert status == 200
    assert '"a"' in answer["output"][0]["content"][0]["text"]


@pytest.mark.parametrize(
    "more", [{"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "conv_1"}]
)
async def test_what_needs_a_store_is_refused(gateway, more):
    status, _, answer = await gateway.post(PATH, {**HELLO, **more})
    assert status == 400
    assert answer["error"]["param"] == next(iter(more))


async def test_a_cut_stream_fails(gateway, emulator):
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there."))), fault=Fault("cut", after=3))
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    name, data = events[-1]
    assert name == "response.failed"
    assert data["response"]["status"] == "failed"
    assert data["response"]["error"]["code"] == "upstream_error"


async def test_an_answer_that_meets_its_limit_is_incomplete(gateway, emulator):
    emulator.answer(Answer("Hi", stop_reason="max_tokens"))
    events = await gateway.events(PATH, {**HELLO, "stream": True})
    name, data = events[-1]
    assert name == "response.incomplete"
    assert data["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
