"""Events of ConverseStream become deltas, and its ways to fail become typed errors."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import (
    ContentFiltered,
    ContextOverflow,
    MalformedResponse,
    MalformedToolCall,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Diagnostic,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason, Text, Thinking, ToolCall, Usage
from modelwire_bedrock.converse import deltas_of_answer
from modelwire_bedrock.converse_stream import Translator
from modelwire_bedrock.eventstream import FrameDecoder
from modelwire_bedrock.faults import ServiceFault
from modelwire_bedrock.symptoms import Symptom


@pytest.fixture
def translate(event):
    """Translate events given as `(type, data)` or as bytes; `end` says that no more will come."""

    def run(*events, tool_names=None, end=False):
        decoder, translator, deltas = FrameDecoder(), Translator(tool_names), []
        for item in events:
            data = item if isinstance(item, bytes) else event(*item)
            for frame in decoder.feed(data):
                deltas += translator.feed(frame)
        if end:
            translator.end()
        return deltas

    return run


def delta(index, **content):
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": content}


def tool_start(index, name="look", **more):
    call = {"toolUseId": f"call-{index}", "name": name, **more}
    return "contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": call}}


def tool_input(index, text):
    return delta(index, toolUse={"input": text})


def block_stop(index):
    return "contentBlockStop", {"contentBlockIndex": index}


def stop(reason="end_turn", **more):
    return "messageStop", {"stopReason": reason, **more}


def test_text_and_thinking_become_deltas(translate):
    assert translate(
        ("messageStart", {"role": "assistant"}),
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"signature": "c2ln"}),
        delta(1, text="hello"),
        block_stop(1),
        stop(),
    ) == [
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "c2ln"),
        TextDelta(1, "hello"),
        BlockEnd(1),
        Stop(StopReason.STOP, "end_turn"),
    ]


def test_thinking_and_text_under_one_index_are_both_kept(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"signature": "sig"}),
        delta(0, text="hello"),
        stop(),
    )
    assert assemble(deltas).content == [Thinking("hm", "sig"), Text("hello")]


def test_a_signature_without_text_is_kept(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"text": "", "signature": "sig"}), block_stop(0), stop()
    )
    assert assemble(deltas).content == [Thinking("", "sig")]


def test_interleaved_tool_calls_are_told_apart(translate, assemble):
    deltas = translate(
        tool_start(0),
        tool_start(1, "list"),
        tool_input(1, '{"b":'),
        tool_input(0, '{"a":'),
        tool_input(0, "1}"),
        tool_input(1, "2}"),
        block_stop(1),
        block_stop(0),
        stop("tool_use"),
    )
    assert assemble(deltas).content == [
        ToolCall("call-0", "look", {"a": 1}),
        ToolCall("call-1", "list", {"b": 2}),
    ]


def test_a_tool_gets_its_own_name_back(translate):
    deltas = translate(tool_start(0, "fs_read_1a2b"), tool_names={"fs_read_1a2b": "fs.read"})
    assert deltas == [ToolCallStart(0, "call-0", "fs.read")]


@pytest.mark.parametrize("given", [{"city": "Paris"}, '{"city": "Paris"}'])
def test_input_that_comes_with_the_start_is_used(translate, assemble, given):
    deltas = translate(tool_start(0, input=given), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", {"city": "Paris"})]


@pytest.mark.parametrize("given", [{}, {"city": "Par"}])
def test_fragments_replace_what_came_with_the_start(translate, assemble, given):
    deltas = translate(
        tool_start(0, input=given),
        tool_input(0, ""),
        tool_input(0, '{"city": '),
        tool_input(0, '"Paris"}'),
        block_stop(0),
        stop("tool_use"),
    )
    assert assemble(deltas).content == [ToolCall("call-0", "look", {"city": "Paris"})]


def test_a_call_without_input_has_no_arguments(translate, assemble):
    deltas = translate(tool_start(0), tool_input(0, ""), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", {})]


def test_no_digit_of_a_number_is_lost(translate, assemble):
    text = b'{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b","input":{"n":123456789012345678901234567890}}}}'
    deltas = translate(("contentBlockStart", text), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("a", "b", {"n": 123456789012345678901234567890})]


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "null", '"text"', '{"a": NaN}'])
def test_tool_input_that_is_no_object_is_an_error_and_no_call_is_complete(
    translate, assemble, arguments
):
    deltas = translate(
        tool_start(0),
        tool_input(0, "{}"),
        block_stop(0),
        tool_start(1),
        tool_input(1, arguments),
        block_stop(1),
        stop("tool_use"),
    )
    with pytest.raises(MalformedToolCall):
        assemble(deltas)


def test_a_tool_call_that_is_never_stopped_is_an_error(translate, assemble):
    with pytest.raises(MalformedToolCall, match="never ended"):
        assemble(translate(tool_start(0), tool_input(0, "{}"), stop("tool_use")))


def test_text_and_thinking_that_are_never_stopped_end_with_the_message(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"redactedContent": base64.b64encode(b"xyz").decode()}),
        delta(1, reasoningContent={"text": "hm"}),
        delta(2, text="hello"),
        stop(),
    )
    assert assemble(deltas).content == [
        Thinking.from_redacted(b"xyz"),
        Thinking("hm"),
        Text("hello"),
    ]


def test_a_large_input_of_many_fragments_is_joined(translate, assemble):
    arguments = {"lines": [f"line {n} of a long file" for n in range(5_000)]}
    text = json.dumps(arguments)
    pieces = [tool_input(0, text[i : i + 50]) for i in range(0, len(text), 50)]
    deltas = translate(tool_start(0), *pieces, block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", arguments)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", StopReason.STOP),
        ("stop_sequence", StopReason.STOP),
        ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("tool_use", StopReason.TOOL_USE),
    ],
)
def test_a_good_stop_reason_is_mapped_and_kept(translate, raw, reason):
    assert translate(stop(raw), end=True) == [Stop(reason, raw)]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("refusal", ContentFiltered),
        ("guardrail_intervened", ContentFiltered),
        ("content_filtered", ContentFiltered),
        ("malformed_model_output", MalformedResponse),
        ("malformed_tool_use", MalformedToolCall),
        ("something_new", MalformedResponse),
    ],
)
def test_a_bad_stop_reason_is_an_error_that_names_it(translate, raw, kind):
    with pytest.raises(kind, match=raw):
        translate(delta(0, text="partial"), stop(raw), end=True)


def test_a_refusal_says_why(translate):
    details = {"type": "refusal", "category": "cyber", "explanation": "This is not allowed"}
    refused = stop("refusal", additionalModelResponseFields={"stop_details": details})

    with pytest.raises(ContentFiltered, match="category cyber; This is not allowed"):
        translate(refused, end=True)
    assert translate(refused) == [
        Diagnostic("failed_stop", {"stopReason": "refusal"}),
        Diagnostic("response_fields", {"fields": {"stop_details": details}}),
    ]


def test_usage_and_trace_come_before_the_error_of_a_guardrail(event):
    trace = {"actionReason": "Guardrail blocked.", "inputAssessment": {"id": {"topicPolicy": {}}}}
    translator, decoder, deltas = Translator(), FrameDecoder(), []
    metadata = {"usage": {"inputTokens": 9}, "metrics": {}, "trace": {"guardrail": trace}}
    for data in (event(*stop("guardrail_intervened")), event("metadata", metadata)):
        for frame in decoder.feed(data):
            deltas += translator.feed(frame)

    assert deltas[1].usage == Usage(input=9)
    assert deltas[2] == Diagnostic("guardrail_trace", {"trace": trace})
    with pytest.raises(ContentFiltered, match="Guardrail blocked"):
        translator.end()


def test_usage_has_four_counters_that_do_not_overlap(translate):
    usage = {
        "inputTokens": 3,
        "outputTokens": 40,
        "totalTokens": 1_843,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 1_700,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 1_500}, {"ttl": "5m", "inputTokens": 200}],
        "serverToolUsage": {},
    }
    report, facts = translate(("metadata", {"usage": usage, "metrics": {"latencyMs": 12}}))

    assert report.usage == Usage(3, 40, 100, 1_700, 1_500)
    assert report.usage.total_tokens == 1_843
    assert facts.data == {"metrics": {"latencyMs": 12}, "cacheDetails": usage["cacheDetails"]}


def test_tier_latency_and_the_routed_model_are_kept(translate, assemble):
    metadata = {
        "usage": {"inputTokens": 1},
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
        "trace": {"promptRouter": {"invokedModelId": "arn:aws:bedrock:::x"}},
    }
    deltas = translate(stop(), ("metadata", metadata))

    assert deltas[-1] == ResponseInfo(response_model="arn:aws:bedrock:::x")
    (facts,) = assemble(deltas).diagnostics
    assert facts == {
        "type": "response_metadata",
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
    }


def test_an_image_that_the_model_draws_is_kept(translate):
    halves = [base64.b64encode(part).decode() for part in (b"first half,", b" second half")]
    deltas = translate(
        (
            "contentBlockStart",
            {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}},
        ),
        *(delta(0, image={"source": {"bytes": half}}) for half in halves),
        block_stop(0),
    )
    data = base64.b64encode(b"first half, second half").decode()
    kept = Diagnostic("image_output", {"contentBlockIndex": 0, "format": "png", "data": data})
    assert deltas == [kept, BlockEnd(0)]


def test_a_tool_that_the_service_runs_is_no_call_for_the_caller(translate, assemble):
    result = {"toolUseId": "call-0", "status": "success", "type": "web"}
    deltas = translate(
        tool_start(0, "search", type="server_tool_use"),
        tool_input(0, '{"q": '),
        tool_input(0, "1}"),
        block_stop(0),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": result}}),
        delta(1, toolResult=[{"text": "found"}]),
        block_stop(1),
        delta(2, text="It is so."),
        stop(),
    )
    message = assemble(deltas)

    assert message.content == [Text("It is so.")]
    assert message.diagnostics == [
        {
            "type": "server_tool_use",
            "contentBlockIndex": 0,
            "id": "call-0",
            "name": "search",
            "input": '{"q": 1}',
        },
        {
            "type": "server_tool_result",
            "contentBlockIndex": 1,
            "id": "call-0",
            "status": "success",
            "content": [{"text": "found"}],
        },
    ]


def test_what_is_not_known_is_skipped(translate):
    assert (
        translate(
            ("initial-response", {}),
            ("brandNewEvent", {"a": 1}),
            delta(0, hologram={"x": 1}),
            ("contentBlockStart", {"contentBlockIndex": 0, "start": {"hologram": {}}}),
            ("messageStart", {"role": "assistant", "mood": "good"}),
        )
        == []
    )


@pytest.mark.parametrize(
    "events",
    [
        [("messageStart", {"role": "user"})],
        [("contentBlockDelta", {"delta": {"text": "no index"}})],
        [("contentBlockDelta", b"{")],
        [("contentBlockDelta", b"")],
        [("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"\xff"}}')],
        [("metadata", b'{"usage":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")],
        [delta(0, text=7)],
        [delta(0, reasoningContent={"redactedContent": "!"})],
    ],
)
def test_an_event_that_breaks_the_protocol_is_malformed(translate, events):
    with pytest.raises(MalformedResponse):
        translate(*events)


@given(payload=st.binary(max_size=120), kind=st.sampled_from(["contentBlockDelta", "metadata"]))
def test_any_payload_gives_deltas_or_a_typed_error(event, payload, kind):
    (frame,) = FrameDecoder().feed(event(kind, payload))
    with suppress(MalformedResponse):
        Translator().feed(frame)


def test_a_stream_without_message_stop_is_truncated(translate):
    metadata = ("metadata", {"usage": {"inputTokens": 1}})
    with pytest.raises(StreamTruncated, match="messageStop"):
        translate(delta(0, text="half"), block_stop(0), metadata, end=True)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("throttlingException", RateLimited, 429),
        ("ThrottlingException", RateLimited, 429),
        ("serviceUnavailableException", Overloaded, 503),
        ("internalServerException", ServerError, 500),
        ("modelStreamErrorException", ServerError, 424),
        ("modelTimeoutException", RequestTimeout, 408),
        ("aNewException", ServerError, 500),
    ],
)
def test_an_exception_frame_has_the_status_of_the_service_model(
    translate, exception, name, kind, status
):
    with pytest.raises(kind) as caught:
        translate(delta(0, text="so far"), exception(name, {"message": "It failed."}))

    assert caught.value.status == status
    assert caught.value.retryable
    assert "It failed." in str(caught.value)
    assert isinstance(caught.value.__cause__, ServiceFault)
    assert caught.value.__cause__.in_stream


def test_an_exception_frame_is_read_as_an_http_answer_is(translate, exception):
    overflow = exception("validationException", {"message": "Input is too long for this model."})
    with pytest.raises(ContextOverflow) as caught:
        translate(overflow)
    assert caught.value.__cause__.symptom is Symptom.CONTEXT_OVERFLOW


def test_what_the_model_behind_the_service_said_is_told(translate, exception):
    data = {"message": "Failed.", "originalMessage": "too hot", "originalStatusCode": 400}
    with pytest.raises(ServerError, match=r"Failed\. too hot") as caught:
        translate(exception("modelStreamErrorException", data))
    assert not caught.value.retryable


def test_a_credential_that_an_exception_frame_repeats_is_hidden(exception, frame):
    told = exception("validationException", {"message": "Bad token tok-marked-1234 here."})
    bare = frame([(":message-type", "error"), (":error-message", "Bad tok-marked-1234.")], b"")
    for bytes_of in (told, bare):
        (read,) = FrameDecoder().feed(bytes_of)
        with pytest.raises(ProviderError) as caught:
            Translator({}, ("tok-marked-1234",)).feed(read)
        assert "Bad " in str(caught.value)
        assert "marked" not in f"{caught.value!s}{caught.value.__cause__!r}"


def test_an_error_frame_without_a_model_is_an_error_too(translate, frame):
    headers = [
        (":message-type", "error"),
        (":error-code", "InternalError"),
        (":error-message", "Oh."),
    ]
    with pytest.raises(ProviderError, match="InternalError: Oh"):
        translate(frame(headers))


def test_a_whole_answer_gives_the_deltas_of_a_stream():
    body = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                    {"text": "hello"},
                    {"toolUse": {"toolUseId": "a", "name": "wire_name", "input": {"n": 1}}},
                    {"hologram": {}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        "metrics": {"latencyMs": 8},
    }
    deltas = list(deltas_of_answer(json.dumps(body).encode(), {"wire_name": "own.name"}))

    assert deltas[:9] == [
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "s"),
        BlockEnd(0),
        TextDelta(1, "hello"),
        BlockEnd(1),
        ToolCallStart(2, "a", "own.name"),
        ArgumentsDelta(2, '{"n": 1}'),
        BlockEnd(2),
        BlockEnd(3),
    ]
    assert deltas[9] == Stop(StopReason.TOOL_USE, "tool_use")
    assert deltas[10].usage == Usage(3, 4)


def test_a_whole_answer_fails_as_a_stream_does():
    body = {"stopReason": "guardrail_intervened", "usage": {"inputTokens": 3}}
    deltas = deltas_of_answer(json.dumps(body).encode())

    assert next(deltas) == Diagnostic("failed_stop", {"stopReason": "guardrail_intervened"})
    assert next(deltas).usage == Usage(3)
    with pytest.raises(ContentFiltered, match="guardrail"):
        next(deltas)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"stopReason": 1}'])
def test_what_is_no_answer_is_malformed(body):
    with pytest.raises(MalformedResponse):
        list(deltas_of_answer(body))
