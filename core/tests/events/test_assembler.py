"""The assembler turns any provider's deltas into events and exactly one message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import (
    MalformedResponse,
    MalformedToolCall,
    PluginError,
    RateLimited,
    StreamTruncated,
)
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    CitationDelta,
    CitationEvent,
    Diagnostic,
    DoneEvent,
    RedactedThinkingDelta,
    ResponseInfo,
    SignatureDelta,
    StartEvent,
    Stop,
    TextDelta,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDelta,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ThinkingStartEvent,
    ToolCallEndEvent,
    ToolCallStart,
    ToolCallStartEvent,
    UsageReport,
)
from modelwire.events.assembler import Assembler
from modelwire.messages import Citation, Cost, StopReason, Text, Thinking, ToolCall, Usage
from modelwire.messages.codec import message_to_json
from modelwire.structuring import MAX_DEPTH

STOP = Stop(StopReason.STOP, "end_turn")


def assemble(*deltas, **options):
    assembler = Assembler("acme", "m-1", **options)
    events = [event for delta in deltas for event in assembler.feed(delta)]
    return events + list(assembler.finish())


def message_of(*deltas, **options):
    return assemble(*deltas, **options)[-1].message


def test_text_becomes_a_start_deltas_and_an_end():
    events = assemble(TextDelta(0, "Hel"), TextDelta(0, "lo"), BlockEnd(0), STOP)
    assert events[:-1] == [
        StartEvent("acme", "m-1"),
        TextStartEvent(0),
        TextDeltaEvent(0, "Hel"),
        TextDeltaEvent(0, "lo"),
        TextEndEvent(0, "Hello"),
    ]
    assert isinstance(events[-1], DoneEvent)
    assert events[-1].message.content == [Text("Hello")]
    assert events[-1].message.stop_reason is StopReason.STOP
    assert events[-1].message.raw_stop_reason == "end_turn"


def test_nothing_is_yielded_before_there_is_content():
    assembler = Assembler("acme", "m-1")
    for quiet in (
        ResponseInfo(response_id="r"),
        UsageReport(Usage(1)),
        TextDelta(0, ""),
        BlockEnd(7),
    ):
        assert list(assembler.feed(quiet)) == []


def test_an_answer_without_content_still_starts_and_ends():
    events = assemble(STOP)
    assert [type(event) for event in events] == [StartEvent, DoneEvent]
    assert events[-1].message.content == []


def test_an_open_text_block_is_ended_with_the_stream():
    assert TextEndEvent(0, "cut off") in assemble(TextDelta(3, "cut off"), STOP)


def test_blocks_are_numbered_by_position_and_interleave_by_index():
    message = message_of(
        ToolCallStart(5, "a", "first"),
        ToolCallStart(2, "b", "second"),
        ArgumentsDelta(5, '{"x"'),
        ArgumentsDelta(2, '{"y": '),
        ArgumentsDelta(5, ": 1}"),
        ArgumentsDelta(2, "2}"),
        BlockEnd(2),
        BlockEnd(5),
        STOP,
    )
    assert message.content == [ToolCall("a", "first", {"x": 1}), ToolCall("b", "second", {"y": 2})]


def test_text_and_thinking_under_one_index_are_two_blocks():
    events = assemble(
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "si"),
        SignatureDelta(0, "g"),
        TextDelta(0, "ok"),
        STOP,
    )
    assert events[1:-1] == [
        ThinkingStartEvent(0),
        ThinkingDeltaEvent(0, "hm"),
        ThinkingEndEvent(0, "hm", "sig"),
        TextStartEvent(1),
        TextDeltaEvent(1, "ok"),
        TextEndEvent(1, "ok"),
    ]
    assert events[-1].message.content == [Thinking("hm", "sig"), Text("ok")]


def test_the_end_of_redacted_thinking_has_its_bytes():
    events = assemble(
        RedactedThinkingDelta(0, b"hid"), RedactedThinkingDelta(0, b"den"), Stop(StopReason.STOP)
    )
    assert ThinkingEndEvent(0, "[Reasoning redacted]", "aGlkZGVu", redacted=True) in events


def test_a_signature_without_text_is_a_thinking_block_of_its_own():
    assert message_of(SignatureDelta(0, "proof"), BlockEnd(0), STOP).content == [
        Thinking("", "proof")
    ]


def test_a_signature_belongs_to_whatever_block_is_open():
    message = message_of(
        TextDelta(0, "a"),
        SignatureDelta(0, "t"),
        ToolCallStart(1, "c", "tool"),
        SignatureDelta(1, "u"),
        BlockEnd(1),
        STOP,
    )
    assert message.content == [Text("a", "t"), ToolCall("c", "tool", {}, "u")]


def test_redacted_thinking_is_kept_byte_for_byte():
    chunks = [bytes([0, 255, 10]), b"\xf0\x9f", b"\x98"]
    message = message_of(*(RedactedThinkingDelta(0, chunk) for chunk in chunks), BlockEnd(0), STOP)
    assert message.content[0].redacted
    assert message.content[0].redacted_data == b"".join(chunks)
    assert message.thinking == ""


def test_visible_thinking_after_redacted_thinking_is_a_new_block():
    message = message_of(RedactedThinkingDelta(0, b"x"), ThinkingDelta(0, "seen"), STOP)
    assert message.content == [Thinking.from_redacted(b"x"), Thinking("seen")]


def test_empty_arguments_mean_an_empty_object():
    message = message_of(ToolCallStart(0, "c", "now"), ArgumentsDelta(0, ""), BlockEnd(0), STOP)
    assert message.content == [ToolCall("c", "now", {})]


@pytest.mark.parametrize(
    "arguments",
    ['{"a": 1', "[1]", '"text"', "null", "1", "{} {}", '{"a": NaN}', "{'a': 1}", "[" * 100_000],
)
def test_arguments_that_are_not_a_json_object_are_an_error(arguments):
    with pytest.raises(MalformedToolCall) as caught:
        assemble(ToolCallStart(0, "c", "rm"), ArgumentsDelta(0, arguments), BlockEnd(0), STOP)
    assert caught.value.retryable
    assert "rm" in str(caught.value)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_arguments_with_numbers_that_json_does_not_have_are_an_error(number):
    with pytest.raises(MalformedToolCall, match="a number that is not valid JSON"):
        assemble(
            ToolCallStart(0, "c", "rm"), ArgumentsDelta(0, f'{{"a": {number}}}'), BlockEnd(0), STOP
        )


def test_arguments_that_are_nested_too_deep_are_an_error():
    def called(levels):
        arguments = '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"
        return message_of(
            ToolCallStart(0, "c", "rm"), ArgumentsDelta(0, arguments), BlockEnd(0), STOP
        )

    message_to_json(called(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 500):
        with pytest.raises(MalformedToolCall, match="nested deeper than 128 levels"):
            called(levels)


def test_no_call_is_reported_complete_when_a_sibling_is_malformed():
    assembler = Assembler("acme", "m-1")
    events = []
    for delta in (
        ToolCallStart(0, "a", "good"),
        ArgumentsDelta(0, "{}"),
        BlockEnd(0),
        ToolCallStart(1, "b", "bad"),
        ArgumentsDelta(1, '{"x"'),
        BlockEnd(1),
        STOP,
    ):
        events += assembler.feed(delta)
    with pytest.raises(MalformedToolCall):
        assembler.finish()
    assert not any(isinstance(event, ToolCallEndEvent) for event in events)


def test_a_tool_call_that_was_never_ended_is_an_error_even_with_valid_arguments():
    with pytest.raises(MalformedToolCall, match="cut"):
        assemble(ToolCallStart(0, "c", "rm"), ArgumentsDelta(0, "{}"), STOP)


def test_a_tool_call_that_another_block_displaced_is_an_error():
    with pytest.raises(MalformedToolCall, match="cut"):
        assemble(ToolCallStart(0, "c", "rm"), ArgumentsDelta(0, '{"a"'), TextDelta(0, "oh"), STOP)


def test_a_call_that_the_token_limit_cut_says_so_and_is_not_retryable():
    with pytest.raises(MalformedToolCall) as caught:
        assemble(
            ToolCallStart(0, "c", "rm"),
            ArgumentsDelta(0, '{"a"'),
            BlockEnd(0),
            Stop(StopReason.LENGTH),
        )
    assert not caught.value.retryable
    assert "max_tokens" in caught.value.hint


@pytest.mark.parametrize(
    ("deltas", "reason"),
    [
        ([ToolCallStart(0, "c", "t"), BlockEnd(0), Stop(StopReason.STOP)], StopReason.TOOL_USE),
        ([TextDelta(0, "x"), Stop(StopReason.TOOL_USE)], StopReason.STOP),
        ([TextDelta(0, "x"), Stop(StopReason.LENGTH)], StopReason.LENGTH),
    ],
)
def test_the_stop_reason_agrees_with_the_content(deltas, reason):
    assert message_of(*deltas).stop_reason is reason


def test_a_stream_without_a_stop_reason_is_truncated():
    with pytest.raises(StreamTruncated):
        assemble(TextDelta(0, "half an ans"), BlockEnd(0))


def test_usage_after_the_stop_reason_is_counted_and_priced():
    message = message_of(
        UsageReport(Usage(1, 1)),
        STOP,
        UsageReport(Usage(10, 20)),
        price=lambda usage: Cost(usage.input, usage.output),
    )
    assert message.usage == Usage(10, 20, cost=Cost(10, 20))


def test_a_cost_that_the_provider_reports_is_kept():
    message = message_of(UsageReport(Usage(1, cost=Cost(5))), STOP, price=lambda _: Cost(7))
    assert message.usage.cost == Cost(5)


def test_facts_about_the_response_are_kept():
    message = message_of(
        ResponseInfo(response_id="r-1", api="acme-chat"),
        ResponseInfo(response_model="m-1-turbo"),
        Diagnostic("dropped", {"what": "image"}),
        TextDelta(0, "Hi"),
        STOP,
    )
    assert (message.response_id, message.response_model, message.api) == (
        "r-1",
        "m-1-turbo",
        "acme-chat",
    )
    assert message.diagnostics == [{"type": "dropped", "what": "image"}]


@pytest.mark.parametrize("deltas", [[], [TextDelta(0, "")], [ThinkingDelta(0, "")]])
@pytest.mark.parametrize("keep_text", [True, False])
def test_an_answer_without_content_says_so(deltas, keep_text):
    assembler = Assembler("acme", "m-1", keep_text=keep_text)
    for delta in (*deltas, STOP):
        assembler.feed(delta)
    assert assembler.finish()[-1].message.diagnostics == [{"type": "empty_answer"}]


@pytest.mark.parametrize(
    "deltas",
    [
        [TextDelta(0, "Hi")],
        [ThinkingDelta(0, "Hm")],
        [ThinkingDelta(0, ""), SignatureDelta(0, "s")],
        [RedactedThinkingDelta(0, b"x")],
        [ToolCallStart(0, "c1", "look"), ArgumentsDelta(0, "{}"), BlockEnd(0)],
    ],
)
@pytest.mark.parametrize("keep_text", [True, False])
def test_an_answer_with_any_content_does_not(deltas, keep_text):
    assembler = Assembler("acme", "m-1", keep_text=keep_text)
    for delta in (*deltas, STOP):
        assembler.feed(delta)
    assert assembler.finish()[-1].message.diagnostics == []


def test_arguments_without_a_tool_call_are_refused():
    with pytest.raises(MalformedResponse):
        assemble(ArgumentsDelta(0, "{}"), STOP)


@pytest.mark.parametrize("start", [ToolCallStart(0, "", "x"), ToolCallStart(0, "x", "")])
def test_a_tool_call_needs_an_id_and_a_name(start):
    with pytest.raises(MalformedResponse):
        assemble(start, STOP)


def test_something_that_is_no_delta_is_refused_by_name():
    with pytest.raises(PluginError, match="dict"):
        Assembler("acme", "m-1").feed({"text": "hi"})


def test_a_failure_carries_what_had_arrived_without_runnable_tool_calls():
    assembler = Assembler("acme", "m-1")
    for delta in (
        ResponseInfo(request_id="req-9"),
        TextDelta(0, "I will"),
        ToolCallStart(1, "c", "rm"),
        ArgumentsDelta(1, '{"path": "/"'),
        UsageReport(Usage(3, 4)),
    ):
        assembler.feed(delta)
    error = RateLimited("slow down")
    assembler.fail(error)
    assert (error.provider, error.model, error.request_id) == ("acme", "m-1", "req-9")
    assert error.partial.content == [Text("I will")]
    assert error.partial.stop_reason is StopReason.ERROR
    assert (error.partial.error_code, error.partial.error_message) == ("rate_limited", "slow down")
    assert error.partial.usage == Usage(3, 4)
    assert error.partial.diagnostics == [
        {
            "type": "incomplete_tool_calls",
            "calls": [{"id": "c", "name": "rm", "arguments": '{"path": "/"'}],
        }
    ]


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.data())
def test_arguments_survive_any_split(arguments, data):
    text = json.dumps(arguments)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    deltas = [ArgumentsDelta(0, piece) for piece in pieces]
    events = assemble(ToolCallStart(0, "c", "t"), *deltas, BlockEnd(0), STOP)
    assert ToolCallStartEvent(0, "c", "t") in events
    assert events[-1].message.tool_calls[0].arguments == arguments


WEB = Citation("web", "A", "https://a.example", cited_text="It rains.")


def test_citations_belong_to_the_text_that_they_support():
    events = assemble(
        TextDelta(0, "It rains"), CitationDelta(0, WEB), TextDelta(0, "."), BlockEnd(0), STOP
    )
    assert events[1:6] == [
        TextStartEvent(0),
        TextDeltaEvent(0, "It rains"),
        CitationEvent(0, WEB),
        TextDeltaEvent(0, "."),
        TextEndEvent(0, "It rains."),
    ]
    assert events[-1].message.content == [Text("It rains.", citations=[WEB])]
    assert events[-1].message.citations == [WEB]


def test_a_citation_before_its_text_begins_the_block():
    assert message_of(
        ThinkingDelta(0, "hm"), CitationDelta(0, WEB), TextDelta(0, "It rains."), STOP
    ).content == [Thinking("hm"), Text("It rains.", citations=[WEB])]


def test_a_citation_loses_halves_of_characters():
    broken = Citation("web", "\ud83d", "https://a.example")
    assert message_of(CitationDelta(0, broken), STOP).citations == [
        Citation("web", "\ufffd", "https://a.example")
    ]


def test_without_text_no_citations_are_kept():
    assembler = Assembler("acme", "m-1", keep_text=False)
    for delta in (TextDelta(0, "It rains."), CitationDelta(0, WEB), STOP):
        assembler.feed(delta)
    assert assembler.finish()[-1].message.content == []
