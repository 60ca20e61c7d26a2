"""Answers that services were reported to send, over a real connection and through the whole runtime."""

import json

import pytest

from modelwire import Runtime, Tool
from modelwire.events import ToolCallDeltaEvent
from modelwire.messages import Text, Thinking, ToolCall
from modelwire.testing import Reply, ScriptedAnswer, WireServer
from modelwire.transport import RetryPolicy
from modelwire_anthropic.testing import MessagesWire
from modelwire_openai.testing import ChatCompletionsWire, ResponsesWire

LOOK = Tool("look", "d", {"type": "object", "properties": {"q": {"type": "string"}}})
BANANAS = ("look", {"q": "bananas"})
WIRES = {
    "openai-completions": ChatCompletionsWire,
    "openai-responses": ResponsesWire,
    "anthropic-messages": MessagesWire,
}


@pytest.fixture
def server():
    with WireServer() as made:
        yield made


@pytest.fixture
async def runtime(server, tmp_path):
    providers = {api: {"api": api, "baseUrl": f"{server.url}/v1", "apiKey": "k"} for api in WIRES}
    async with Runtime.from_config(
        {"models": {"providers": providers}},
        environ={},
        retries=RetryPolicy(max_attempts=1),
        cache_directory=tmp_path,
    ) as made:
        yield made


def sse(*chunks):
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Reply(
        [f"{body}data: [DONE]\n\n".encode()], headers={"Content-Type": "text/event-stream"}
    )


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def call(arguments, call_id=None, name=None):
    function = {"arguments": arguments, **({"name": name} if name is not None else {})}
    piece = {"index": 0, "type": "function", "function": function}
    return chunk({"tool_calls": [{**piece, **({"id": call_id} if call_id is not None else {})}]})


END = chunk({}, "tool_calls")
CHAT_CALLS = {
    "snapshots": (
        [call("", "c1", "look"), call('{"q'), call('{"q": "ba'), call('{"q": "bananas"}')],
        [BANANAS],
    ),
    "a placeholder": ([call("{}", "c1", "look"), call('{"q": "bananas"}')], [BANANAS]),
    "a repeat in another spacing": (
        [call("", "c1", "look"), call('{"q":'), call(' "bananas"}'), call('{"q":"bananas"}')],
        [BANANAS],
    ),
    "one index and no ids": (
        [call('{"q":"x"}', "", "look"), call('{"q":"y"}', "", "look")],
        [("look", {"q": "x"}), ("look", {"q": "y"})],
    ),
    "arguments before the name": (
        [call('{"q":'), call('"bananas"}', "c1", "look")],
        [BANANAS],
    ),
}


@pytest.mark.parametrize(("chunks", "calls"), CHAT_CALLS.values(), ids=CHAT_CALLS)
async def test_calls_of_chat_completions(runtime, server, chunks, calls):
    server.script(sse(*chunks, END))
    stream = runtime.stream("hi", model="openai-completions/m", tools=[LOOK])
    passed_on = ""
    async for event in stream:
        passed_on += event.delta if isinstance(event, ToolCallDeltaEvent) else ""
    assert [(found.name, found.arguments) for found in stream.message.tool_calls] == calls
    # No piece had to be taken back: together they are the arguments.
    assert passed_on.replace(" ", "") == "".join(
        json.dumps(arguments, separators=(",", ":")) for _, arguments in calls
    )


async def test_a_reasoning_tag_at_the_beginning_is_thinking(runtime, server):
    tag = chunk({"content": "<reasoning>Plan.</reasoning>"})
    server.script(sse(tag, chunk({"content": "Hello!"}), chunk({}, "stop")))
    message = await runtime.complete("hi", model="openai-completions/m")
    assert message.content == [Thinking("Plan.", "<reasoning>"), Text("Hello!")]


async def test_a_part_that_is_numbered_otherwise_at_its_end_is_said_once(runtime, server):
    item = {"id": "m1", "type": "message", "role": "assistant", "content": []}
    whole = {**item, "content": [{"type": "output_text", "text": "Hi"}]}
    delta = {"item_id": "m1", "output_index": 1, "content_index": 1, "delta": "Hi"}
    events = [
        {"type": "response.output_item.added", "output_index": 1, "item": item},
        {"type": "response.output_text.delta", **delta},
        {"type": "response.output_item.done", "output_index": 1, "item": whole},
        {"type": "response.completed", "response": {"status": "completed", "output": [whole]}},
    ]
    server.script(sse(*events))
    assert (await runtime.complete("hi", model="openai-responses/m")).text == "Hi"


async def test_arguments_in_ciphertext_are_those_of_the_end(runtime, server):
    item = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "look"}
    place = {"item_id": "f1", "output_index": 0}
    arguments = '{"q": "bananas"}'
    done = {**item, "arguments": arguments}
    kind = "response.function_call_arguments"
    events = [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "arguments": ""},
        },
        {"type": f"{kind}.delta", **place, "delta": "gAAAABk3"},
        {"type": f"{kind}.delta", **place, "delta": "xyz=="},
        {"type": f"{kind}.done", **place, "arguments": arguments},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {"status": "completed", "output": [done]}},
    ]
    server.script(sse(*events))
    message = await runtime.complete("hi", model="openai-responses/m", tools=[LOOK])
    assert message.tool_calls == [ToolCall("c1|f1", "look", {"q": "bananas"})]


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(("api", "wire"), WIRES.items(), ids=WIRES)
@pytest.mark.parametrize(("text", "reported"), [("It is Oslo.", True), ('{"city": "Oslo"}', False)])
async def test_a_schema_that_was_ignored_is_reported(runtime, server, api, wire, text, reported):
    made = wire()
    server.script(made.reply(made.bodies(ScriptedAnswer(text))))
    message = await runtime.complete("Which city?", model=f"{api}/m", response_schema=CITY)
    kinds = [note["type"] for note in message.diagnostics]
    assert ("unstructured_output" in kinds) is reported
