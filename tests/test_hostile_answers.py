"""Answers that no service should give, over HTTP, in every API: never a plugin's bug, never a dead end."""

import json
from contextlib import asynccontextmanager

import pytest
from wires import WIRES as TABLE

from modelwire import Runtime
from modelwire.errors import MalformedResponse, MalformedToolCall
from modelwire.messages import (
    AssistantMessage,
    StopReason,
    Text,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.codec import message_to_json
from modelwire.sessions import Session
from modelwire.testing import ScriptedAnswer, listening
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator.frames import frame

WIRES = {wire.api: wire.kit for wire in TABLE}
SSE = [wire.api for wire in TABLE if not wire.aws]
AWS = [wire.api for wire in TABLE if wire.aws]
PLACEHOLDER = {"at": "here"}
MODEL = "p/m"


def nested(levels):
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


@asynccontextmanager
async def answering(api, *bodies):
    """A runtime in front of a server that gives these bodies in turn, and the requests it got."""
    wire, requests, left = WIRES[api], [], list(bodies)

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        requests.append(json.loads(await reader.readexactly(length)))
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {wire.content_type}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        writer.write(left.pop(0))
        await writer.drain()
        writer.close()

    async with listening(answer) as port:
        url = f"http://127.0.0.1:{port}"
        provider = {"api": api, **wire.settings(url, "sk-key"), "models": ["m"]}
        runtime = Runtime.from_config(
            {"models": {"providers": {"p": provider}}},
            environ={**wire.environ(url, "sk-key")},
            retries=RetryPolicy(max_attempts=1),
        )
        async with runtime:
            yield runtime, requests


def body_of(api, answer):
    return b"".join(WIRES[api].bodies(answer))


def call_with(api, arguments):
    """The body of an answer with a text and a call, whose arguments are this JSON text."""
    wire = WIRES[api]
    call = ToolCall("call_1", "tool", PLACEHOLDER)
    answer = ScriptedAnswer([Text("so far"), call], stop_reason=StopReason.TOOL_USE)
    made = b""
    for event in wire.events(answer):
        name, data = event if isinstance(event, tuple) else (None, event)
        data = with_arguments(data, arguments)
        made += wire.encode(data if name is None else (name, data))
    return made


def with_arguments(data, arguments):
    """Give the arguments at once with the first fragment, and nothing with the others."""
    whole = json.dumps(PLACEHOLDER, ensure_ascii=False)
    if isinstance(data, str) and data and data in whole and data != "{}":
        return arguments if whole.startswith(data) else ""
    if isinstance(data, dict):
        return {key: with_arguments(value, arguments) for key, value in data.items()}
    return [with_arguments(item, arguments) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("api", WIRES)
async def test_arguments_at_the_limit_are_taken_kept_and_sent_back(api, tmp_path):
    good = body_of(api, ScriptedAnswer("done"))
    async with answering(api, call_with(api, nested(128)), good) as (runtime, requests):
        message = await runtime.complete("x", model=MODEL)
        json.dumps(message_to_json(message))
        with Session.create(tmp_path / "s.jsonl", cwd="/work") as session:
            session.add(UserMessage("x"))
            session.add(message)
        history = [UserMessage("x"), message, ToolResultMessage("call_1", "tool", "ok")]
        assert (await runtime.complete(history, model=MODEL)).text == "done"
        sent = json.dumps(requests[1]).replace("\\", "").replace(" ", "")
        assert nested(128) in sent


@pytest.mark.parametrize("levels", [129, 600, 100_000])
@pytest.mark.parametrize("api", WIRES)
async def test_deeper_arguments_are_a_malformed_call(api, levels):
    async with answering(api, call_with(api, nested(levels))) as (runtime, _):
        with pytest.raises(MalformedToolCall, match="nested deeper than 128 levels") as caught:
            await runtime.complete("x", model=MODEL)
        assert caught.value.partial.text == "so far"
        json.dumps(message_to_json(caught.value.partial))


@pytest.mark.parametrize("arguments", ['{"a": 1e999}', '{"a": NaN}', '{"a": Infinity}', "[]", "5"])
@pytest.mark.parametrize("api", WIRES)
async def test_arguments_that_are_not_json_are_a_malformed_call(api, arguments):
    async with answering(api, call_with(api, arguments)) as (runtime, _):
        with pytest.raises(MalformedToolCall) as caught:
            await runtime.complete("x", model=MODEL)
        assert caught.value.partial.text == "so far"


@pytest.mark.parametrize("api", WIRES)
async def test_a_conversation_that_holds_deep_arguments_goes_on(api):
    call = ToolCall("call_1", "tool", json.loads(nested(600)))
    history = [
        UserMessage("x"),
        AssistantMessage([Text("I call"), call], "p", "m", api=api),
        ToolResultMessage("call_1", "tool", "ok"),
    ]
    good = body_of(api, ScriptedAnswer("done"))
    async with answering(api, good, good) as (runtime, requests):
        for _ in range(2):
            message = await runtime.complete(history, model=MODEL)
            assert message.text == "done"
            assert {
                "type": "rewritten",
                "path": "messages[1].content[1].arguments",
                "reason": "The arguments were nested deeper than 128 levels; an empty object is sent.",
            } in message.diagnostics
        assert '"a"' not in json.dumps(
            requests[0]["messages" if "messages" in requests[0] else "input"]
        )


@pytest.mark.parametrize("api", WIRES)
async def test_an_event_that_is_nested_too_deep_is_the_services_fault(api):
    bodies = WIRES[api].bodies(ScriptedAnswer("some text"))
    half = len(bodies) // 2
    deep = '{"type": "x", "choices": ' + "[" * 10_000 + "]" * 10_000 + "}"
    if api in AWS:
        deep = deep.replace("choices", "metrics")
        headers = {":message-type": "event", ":event-type": "metadata"}
        wrong = frame(headers, deep.encode())
    else:
        wrong = f"data: {deep}\n\n".encode()
    async with answering(api, b"".join([*bodies[:half], wrong, *bodies[half:]])) as (runtime, _):
        with pytest.raises(MalformedResponse) as caught:
            await runtime.complete("x", model=MODEL)
        assert caught.value.retryable
        assert caught.value.partial.text


@pytest.mark.parametrize("api", SSE)
async def test_a_reconnection_time_without_end_means_nothing(api):
    body = b"retry: " + b"9" * 5000 + b"\n\n" + body_of(api, ScriptedAnswer("done"))
    async with answering(api, body) as (runtime, _):
        assert (await runtime.complete("x", model=MODEL)).text == "done"


# The frames of Bedrock are decoded strictly: an event that is not JSON, as one with `NaN`, is malformed.
COUNTS = {
    api: ["1e999", "-5", '"17"', "true", "9" * 400, *(["NaN"] if api in SSE else [])]
    for api in WIRES
}


@pytest.mark.parametrize(
    ("api", "count"), [(api, count) for api, counts in COUNTS.items() for count in counts]
)
async def test_a_usage_that_makes_no_sense_does_not_cost_the_answer(api, count):
    body = b"".join(with_output_tokens(api, event, count) for event in events_of(api, "done"))
    async with answering(api, body) as (runtime, _):
        message = await runtime.complete("x", model=MODEL)
        assert message.text == "done"
        assert message.usage.output < 2, "what a service said before counts"
        assert "unreadable_usage" in [note["type"] for note in message.diagnostics]
        json.dumps(message_to_json(message), allow_nan=False)


def events_of(api, text):
    for event in WIRES[api].events(ScriptedAnswer(text)):
        yield event if isinstance(event, tuple) else (None, event)


def with_output_tokens(api, event, count):
    """The bytes of an event, in which the 23 tokens of the answer are something else."""
    name, data = event
    if api in AWS:
        text = json.dumps(data).replace('"outputTokens": 23', f'"outputTokens": {count}')
        return frame({":message-type": "event", ":event-type": name}, text.encode())
    raw = WIRES[api].encode(data if name is None else event)
    for key in ("completion_tokens", "output_tokens"):
        raw = raw.replace(f'"{key}": 23'.encode(), f'"{key}": {count}'.encode())
    return raw


@pytest.mark.parametrize("api", SSE)
async def test_a_text_that_is_a_number_is_the_services_fault(api):
    wire = WIRES[api]
    bodies = wire.bodies(ScriptedAnswer("some long text"))
    changed = [body.replace(b'" lon"', b"5") for body in bodies]
    assert changed != bodies
    async with answering(api, b"".join(changed)) as (runtime, _):
        with pytest.raises(MalformedResponse) as caught:
            await runtime.complete("x", model=MODEL)
        assert caught.value.retryable
        assert caught.value.partial.text == "some"
