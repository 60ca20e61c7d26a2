"""Answers over a real connection, through the runtime."""

import json
import logging
from pathlib import Path

import pytest

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ContentFiltered,
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    MalformedToolCall,
    NotFound,
    Overloaded,
    RateLimited,
    ServerError,
    StreamTruncated,
)
from modelwire.messages import (
    AssistantMessage,
    Citation,
    Context,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from modelwire.testing import Reply, ScriptedAnswer

RECORDED = (
    Path(__file__).resolve().parents[4]
    / "shared/recordings/dialects/xllamacpp-key-tools/anthropic_messages_stream.http"
)


async def ask(runtime, prompt="Hi", model="anthropic/claude-sonnet-4-5", **options):
    async with runtime as live:
        return await live.complete(prompt, model=model, **options)


def event(kind, **data):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


async def test_an_answer_with_everything_in_it(runtime, server, wire):
    answer = ScriptedAnswer(
        [
            Thinking("Let me see.", signature="c2ln"),
            Thinking.from_redacted(b"opaque"),
            Text("Hello, wörld."),
            ToolCall("toolu_1", "look", {"at": ["sky", None]}),
        ],
        usage=Usage(input=10, output=20, cache_read=30, cache_write=40, cache_write_1h=15),
        stop_reason=StopReason.TOOL_USE,
    )
    server.script(wire.reply(wire.bodies(answer)))
    message = await ask(runtime())
    assert message.content == list(answer.content)
    assert message.usage == answer.usage
    assert (message.stop_reason, message.raw_stop_reason) == (StopReason.TOOL_USE, "tool_use")
    assert (message.response_id, message.api) == ("response-1", "anthropic-messages")
    (request,) = server.requests
    assert request.target == "/v1/messages"
    assert request.headers["x-api-key"] == "sk-ant-marked"
    assert request.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not beside this checkout")
async def test_a_recorded_stream_of_llama_cpp(runtime, server):
    _, _, body = RECORDED.read_bytes().partition(b"\r\n\r\n")
    if not body:
        _, _, body = RECORDED.read_bytes().partition(b"\n\n")
    for size in (1, 7, 100_000):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        server.script(Reply(pieces, headers={"Content-Type": "text/event-stream"}))
        message = await ask(runtime())
        assert message.text == "The capital of France is Paris."
        assert message.usage == Usage(input=28, output=8, cache_read=5)
        assert message.stop_reason is StopReason.STOP


async def test_a_tool_of_the_service_is_kept_beside_the_answer(runtime, server, wire):
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
    citation = {
        "type": "web_search_result_location",
        "url": "https://example.com",
        "title": "Weather",
        "cited_text": "Rain.",
        "encrypted_index": "abc",
    }
    unknown = {"type": "some_new_location"}
    pieces = [
        event("message_start", message={"id": "m", "model": "c", "usage": {"input_tokens": 1}}),
        event("content_block_start", index=0, content_block=found),
        event("content_block_delta", index=0, delta={"type": "input_json_delta"}),
        event("content_block_stop", index=0),
        event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=1, delta={"type": "text_delta", "text": "It rains."}),
        event(
            "content_block_delta", index=1, delta={"type": "citations_delta", "citation": citation}
        ),
        event(
            "content_block_delta", index=1, delta={"type": "citations_delta", "citation": unknown}
        ),
        event("content_block_stop", index=1),
        event("some_new_event", nobody="knows"),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3}),
        event("message_stop"),
    ]
    server.script(wire.reply(pieces))
    message = await ask(runtime())
    assert message.text == "It rains."
    assert message.citations == [
        Citation("web", "Weather", "https://example.com", "Rain.", signature="abc")
    ]
    assert [note["type"] for note in message.diagnostics] == ["content_block", "citation"]
    assert message.diagnostics[1]["citation"] == unknown


def call_events(pieces, *, given=None, index=0, call_id="toolu_1", name="look", stop=True):
    block = {"type": "tool_use", "id": call_id, "name": name, "input": given or {}}
    events = [event("content_block_start", index=index, content_block=block)]
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece}
        events.append(event("content_block_delta", index=index, delta=delta))
    return [*events, event("content_block_stop", index=index)] if stop else events


def called(*events):
    return [
        event("message_start", message={"id": "m", "model": "c", "usage": {"input_tokens": 1}}),
        *events,
        event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 3}),
        event("message_stop"),
    ]


@pytest.mark.parametrize(
    ("pieces", "given"),
    [
        (['{"q"', ': "bananas"}'], None),
        ([], {"q": "bananas"}),
        (['{"q"', ': "bananas"}'], {"q": "bananas"}),
        (['{"q": "bananas"}'], {"q": ""}),
        (["{}"], {"q": "bananas"}),
        (['{"q', '{"q": "ba', '{"q": "bananas"}'], None),
        (["{}", '{"q": "bananas"}'], None),
        (['{"q":', ' "bananas"}', '{"q":"bananas"}'], None),
        (["", '{"q": "bananas"}', ""], None),
    ],
)
async def test_arguments_need_not_be_deltas(runtime, server, wire, pieces, given):
    server.script(wire.reply(called(*call_events(pieces, given=given))))
    message = await ask(runtime())
    assert message.tool_calls == [ToolCall("toolu_1", "look", {"q": "bananas"})]


async def test_another_call_under_an_index_that_was_not_stopped_is_another_call(
    runtime, server, wire
):
    first = call_events(['{"q":"x"}'], stop=False)
    second = call_events(['{"q":', '"y"}'], call_id="toolu_2")
    server.script(wire.reply(called(*first, *second)))
    message = await ask(runtime())
    assert [(call.id, call.arguments) for call in message.tool_calls] == [
        ("toolu_1", {"q": "x"}),
        ("toolu_2", {"q": "y"}),
    ]


async def test_two_sets_of_arguments_of_one_call_are_an_error(runtime, server, wire):
    server.script(wire.reply(called(*call_events(['{"q":"x"}', '{"q":"y"}']))))
    with pytest.raises(MalformedToolCall, match="differ"):
        await ask(runtime())


async def test_a_refusal_is_an_error_with_what_was_said_before(runtime, server, wire):
    pieces = wire.bodies(ScriptedAnswer("I was "))[:-2]
    details = {"category": "cyber", "explanation": "No."}
    end = {"stop_reason": "refusal", "stop_details": details}
    pieces += [event("message_delta", delta=end, usage={}), event("message_stop")]
    server.script(wire.reply(pieces))
    with pytest.raises(ContentFiltered, match="cyber; No") as caught:
        await ask(runtime())
    assert caught.value.partial.text == "I was "


async def test_an_unknown_stop_reason_is_not_taken_for_success(runtime, server, wire):
    end = [event("message_delta", delta={"stop_reason": "tired"}), event("message_stop")]
    server.script(wire.reply([*wire.bodies(ScriptedAnswer("Hm"))[:-2], *end]))
    with pytest.raises(MalformedResponse, match="'tired', which is unknown"):
        await ask(runtime())


async def test_a_stream_without_message_stop_is_cut(runtime, server, wire):
    server.script(wire.reply(wire.bodies(ScriptedAnswer("Hello"))[:-1]))
    with pytest.raises(StreamTruncated):
        await ask(runtime())


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "max_tokens: required", InvalidRequest),
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", ContextOverflow),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            ContextOverflow,
        ),
        (400, "invalid_request_error", "Your credit balance is too low to", BillingError),
        (401, "authentication_error", "invalid x-api-key", AuthenticationError),
        (402, "billing_error", "pay", BillingError),
        (403, "permission_error", "no", AccessDenied),
        (404, "not_found_error", "model: claude-9", NotFound),
        (413, "request_too_large", "too large", InvalidRequest),
        (429, "rate_limit_error", "slow down", RateLimited),
        (500, "api_error", "oops", ServerError),
        (529, "overloaded_error", "Overloaded", Overloaded),
        (503, None, "<html>busy</html>", Overloaded),
    ],
)
async def test_errors_of_the_service_are_typed(runtime, server, status, kind, message, error):
    body = {"type": "error", "error": {"type": kind, "message": message}}
    data = json.dumps(body).encode() if kind else message.encode()
    headers = {"request-id": "req-9", "retry-after": "7"}
    server.script(Reply([data], status=status, headers=headers))
    with pytest.raises(error) as caught:
        await ask(runtime())
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.request_id) == (status, "req-9")
    assert caught.value.retryable is error.retryable
    if kind:
        assert message in str(caught.value)


async def test_an_error_in_the_stream_comes_after_what_was_said(runtime, server, wire):
    pieces = wire.bodies(ScriptedAnswer("Hello"))[:-3]
    overloaded = {"type": "overloaded_error", "message": "Overloaded"}
    server.script(wire.reply([b"".join([*pieces, event("error", error=overloaded)])]))
    with pytest.raises(Overloaded) as caught:
        await ask(runtime())
    assert caught.value.partial.text == "Hello"


async def test_a_key_that_the_service_repeats_is_hidden(runtime, server):
    body = {"error": {"type": "authentication_error", "message": "bad key sk-ant-marked"}}
    server.script(Reply([json.dumps(body).encode()], status=401))
    with pytest.raises(AuthenticationError) as caught:
        await ask(runtime())
    assert "sk-ant-marked" not in repr(caught.value) + str(caught.value)


async def test_thinking_that_the_service_no_longer_takes_is_left_out_once(runtime, server, wire):
    refused = "messages.1.content.0: Invalid `signature` in `thinking` block"
    server.script(
        wire.refuse(400, refused),
        wire.reply(wire.bodies(ScriptedAnswer("Fine."))),
        wire.refuse(400, "x"),
    )
    before = AssistantMessage(
        [Thinking("Hm", signature="c3RhbGU"), Text("A")],
        "anthropic",
        "claude-sonnet-4-5",
        api="anthropic-messages",
    )
    context = Context([UserMessage("Q"), before, UserMessage("Q2")])
    message = await ask(runtime(), context)
    assert message.text == "Fine."
    assert "retried" in [note["type"] for note in message.diagnostics]
    first, second = server.requests
    assert first.says("c3RhbGU")
    assert not second.says("c3RhbGU")


async def test_unsigned_thinking_of_another_companys_model_goes_back_to_it(runtime, server, wire):
    thought = {"type": "thinking", "thinking": ""}
    begun = [
        event("content_block_start", index=0, content_block=thought),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm"}),
        event("content_block_stop", index=0),
    ]
    server.script(
        wire.reply(called(*begun, *call_events(['{"q":"x"}'], index=1))),
        wire.reply(wire.bodies(ScriptedAnswer("Done."))),
    )
    messages = [UserMessage("Q")]
    async with runtime() as live:
        first = await live.complete(Context(messages), model="anthropic/glm-5")
        result = ToolResultMessage("toolu_1", "look", "found")
        context = Context([*messages, first, result])
        await live.complete(context, model="anthropic/glm-5")
    _, said, _ = json.loads(server.requests[1].body)["messages"]
    assert said["content"][0] == {"type": "thinking", "thinking": "Hm"}
    assert said["content"][1]["type"] == "tool_use"


@pytest.mark.parametrize(
    "refused",
    [
        "The `content[].thinking` in the thinking mode must be passed back to the API.",
        "thinking is enabled but reasoning_content is missing in assistant tool call message",
    ],
)
async def test_a_demand_for_thinking_is_not_answered_with_less(runtime, server, wire, refused):
    server.script(wire.refuse(400, refused), wire.reply(wire.bodies(ScriptedAnswer("Fine."))))
    said = AssistantMessage(
        [Thinking("Hm"), Text("A")], "anthropic", "glm-5", api="anthropic-messages"
    )
    with pytest.raises(InvalidRequest):
        await ask(
            runtime(), Context([UserMessage("Q"), said, UserMessage("Q2")]), "anthropic/glm-5"
        )
    assert len(server.requests) == 1


async def test_another_refusal_is_not_sent_again(runtime, server, wire):
    server.script(wire.refuse(400, "max_tokens: too many"))
    with pytest.raises(InvalidRequest):
        await ask(runtime())
    assert len(server.requests) == 1


async def test_a_web_page_in_place_of_the_api_is_named(runtime, server):
    server.script(Reply([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    with pytest.raises(MalformedResponse) as caught:
        await ask(runtime())
    assert "base URL" in caught.value.hint


async def test_betas_join_those_of_the_configuration(runtime, server, wire):
    server.script(wire.reply(wire.bodies(ScriptedAnswer("Ok"))))
    settings = {"headers": {"Anthropic-Beta": "one"}}
    await ask(runtime(settings), params={"betas": ["two", "one"]})
    assert server.requests[0].headers["anthropic-beta"] == "one,two"


async def test_a_dry_run_and_the_log_show_the_version_of_the_api_and_no_key(
    runtime, server, wire, caplog
):
    settings = {"headers": {"X-Team": "a-team-with-a-secret"}}
    shown = {
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "accept": "text/event-stream, application/json",
        "x-api-key": "<hidden>",
        "x-team": "<hidden>",
    }
    dry = await runtime(settings).dry_run("Hi", model="anthropic/claude-sonnet-4-5")
    assert dry.to_json()["headers"] == shown

    server.script(wire.reply(wire.bodies(ScriptedAnswer("Hello"))))
    with caplog.at_level(logging.DEBUG, "modelwire.http"):
        await ask(runtime(settings))
    sent = caplog.messages[0]
    for name, value in shown.items():
        assert f"  {name}: {value}" in sent


async def test_a_service_of_aws_names_the_request_in_its_own_header(runtime, server, wire):
    """As Amazon Bedrock's endpoint of the Messages API does."""
    headers = {"Content-Type": "text/event-stream", "x-amzn-requestid": "req-7"}
    cut = wire.bodies(ScriptedAnswer("Hello"))[:-1]
    server.script(Reply(cut, headers=headers), Reply([b"{}"], status=500, headers=headers))
    for kind in (StreamTruncated, ServerError):
        with pytest.raises(kind) as caught:
            await ask(runtime())
        assert caught.value.request_id == "req-7"


NOT_AN_ANSWER = {
    "nested too deep": "[" * 5_000 + "]" * 5_000,
    "no object": "5",
    "no json": "{oops",
}


@pytest.mark.parametrize("text", NOT_AN_ANSWER.values(), ids=NOT_AN_ANSWER)
async def test_an_event_that_cannot_be_read_is_the_services_fault(runtime, server, wire, text):
    pieces = [*wire.bodies(ScriptedAnswer("Hello"))[:-3], f"data: {text}\n\n".encode()]
    server.script(wire.reply([b"".join(pieces)]))
    with pytest.raises(MalformedResponse) as caught:
        await ask(runtime())
    assert caught.value.partial.text == "Hello"
    assert (caught.value.provider, caught.value.request_id) == ("anthropic", "request-1")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
async def test_a_usage_that_makes_no_sense_does_not_cost_the_answer(runtime, server, wire, number):
    *pieces, _, stop = wire.bodies(ScriptedAnswer("Hello", usage=Usage(input=10, output=2)))
    end = '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%s}}'
    server.script(wire.reply([*pieces, f"data: {end % number}\n\n".encode(), stop]))
    message = await ask(runtime())
    assert message.text == "Hello"
    assert message.usage.input == 10
    assert [note["type"] for note in message.diagnostics] == ["unreadable_usage"]


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "text_delta", "text": 5},
        {"type": "text_delta", "text": None},
        {"type": "text_delta"},
        {"type": ["text_delta"]},
        {},
        {"type": "input_json_delta", "partial_json": True},
        {"type": "input_json_delta", "partial_json": None},
        {"type": "input_json_delta", "partial_json": []},
        {"type": "input_json_delta", "partial_json": {}},
        {"type": "thinking_delta", "thinking": {}},
        {"type": "signature_delta", "signature": 1},
        {"type": "input_json_delta", "partial_json": 1},
        "text",
        None,
    ],
)
async def test_a_delta_of_another_shape_is_the_services_fault(runtime, server, wire, delta):
    pieces = wire.bodies(ScriptedAnswer("Hello"))
    odd = event("content_block_delta", index=0, delta=delta)
    server.script(wire.reply([*pieces[:3], odd, *pieces[3:]]))
    with pytest.raises(MalformedResponse, match="does not follow the protocol"):
        await ask(runtime())
