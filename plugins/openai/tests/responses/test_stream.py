"""What each event of a stream means."""

import json
import math

import pytest
from responses_events import (
    REASONING,
    added,
    arguments,
    arguments_done,
    call_item,
    created,
    done,
    end,
    message_item,
    said,
    summary,
    text,
    usage,
)

from modelwire.authoring import JsonEvent
from modelwire.errors import (
    BillingError,
    ContentFiltered,
    ContextOverflow,
    MalformedResponse,
    MalformedToolCall,
    ProviderError,
    RateLimited,
    ServerError,
    StreamTruncated,
)
from modelwire.events import Stop
from modelwire.messages import Citation, StopReason, Text, Thinking, ToolCall
from modelwire_openai.responses.outcome import usage_of
from modelwire_openai.responses.stream import Translator


def test_text_arrives_and_knows_its_item(message_of):
    message = message_of([created(), *said(["Hel", "lo"], phase="final_answer"), end()])
    assert message.text == "Hello"
    assert json.loads(message.content[0].signature) == {
        "v": 1,
        "id": "msg_1",
        "phase": "final_answer",
    }
    assert message.response_id == "resp_1"
    assert message.response_model == "gpt-5.5-2026-04-23"
    assert message.raw_stop_reason == "completed"


def test_two_messages_are_two_texts(message_of):
    events = [*said(["one"]), *said(["two"], item_id="msg_2", output=1), end()]
    assert [block.text for block in message_of(events).content] == ["one", "two"]


def test_the_parts_of_one_message_are_one_text(message_of):
    events = [text(0, "one "), text(0, "two", part=1), end()]
    assert [block.text for block in message_of(events).content] == ["one two"]


def test_a_message_without_text_leaves_nothing(message_of):
    assert message_of([*said([]), end()]).content == []


def test_reasoning_has_its_parts_apart_and_is_signed_with_the_whole_item(message_of):
    item = {
        **REASONING,
        "summary": [{"type": "summary_text", "text": t} for t in ("First.", "Then.")],
    }
    events = [
        added(0, {**item, "summary": []}),
        {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0},
        summary(0, "Fir"),
        summary(0, "st."),
        {"type": "response.reasoning_summary_part.done", "output_index": 0, "summary_index": 0},
        summary(0, "Then.", part=1),
        done(0, item),
        *said(["Hi"], output=1),
        end(),
    ]
    thinking, answer = message_of(events).content
    assert thinking.text == "First.\n\nThen."
    assert json.loads(thinking.signature) == item
    assert answer.text == "Hi"


def test_reasoning_without_a_word_is_kept(message_of):
    item = {**REASONING, "summary": []}
    (block,) = message_of([added(0, item), done(0, item), end()]).content
    assert block == Thinking("", json.dumps(item, separators=(",", ":")))


def test_reasoning_text_is_thinking(message_of):
    delta = {"output_index": 0, "item_id": "rs_1", "content_index": 0, "delta": "We must"}
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "We must"}],
    }
    events = [{"type": "response.reasoning_text.delta", **delta}, done(0, item), end()]
    assert message_of(events).thinking == "We must"


def test_a_refusal_is_text_with_a_diagnostic(message_of):
    item = message_item()
    item["content"] = [{"type": "refusal", "refusal": "I cannot."}]
    events = [
        added(0, message_item()),
        {"type": "response.refusal.delta", "output_index": 0, "item_id": "msg_1", "delta": "I can"},
        {"type": "response.refusal.delta", "output_index": 0, "item_id": "msg_1", "delta": "not."},
        {
            "type": "response.refusal.done",
            "output_index": 0,
            "item_id": "msg_1",
            "refusal": "I cannot.",
        },
        done(0, item),
        end(),
    ]
    message = message_of(events)
    assert message.text == "I cannot."
    assert message.diagnostics == [{"type": "refusal", "text": "I cannot."}]


def test_annotations_are_citations_of_the_joined_text(message_of):
    url = {"type": "url_citation", "url": "https://a.example", "start_index": 0, "end_index": 2}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "a.pdf", "index": 1}
    odd = {"type": "file_path", "file_id": "file_2"}
    item = message_item("Hi")
    part = item["content"][0]
    item["content"] = [{**part, "annotations": [url, odd]}, {**part, "annotations": [url, file]}]
    message = message_of([added(0, message_item()), done(0, item), end()])
    assert message.text == "HiHi"
    assert message.citations == [
        Citation("web", source="https://a.example", text_start=0, text_end=2),
        Citation("web", source="https://a.example", text_start=2, text_end=4),
        Citation("file", "a.pdf", "file_1", text_start=3, text_end=3),
    ]
    assert [note["citation"] for note in message.diagnostics] == [odd]


def test_a_tool_call(message_of):
    events = [
        added(0, call_item()),
        arguments(0, '{"city":'),
        arguments(0, '"Oslo"}'),
        arguments_done(0, '{"city":"Oslo"}'),
        done(0, call_item('{"city":"Oslo"}')),
        end(),
    ]
    message = message_of(events)
    assert message.content == [ToolCall("call_1|fc_1", "weather", {"city": "Oslo"})]
    assert message.stop_reason is StopReason.TOOL_USE


def test_a_tool_gets_its_own_name_back(message_of):
    events = [done(0, call_item("{}", name="browser_go_1a2b")), end()]
    message = message_of(events, tool_names={"browser_go_1a2b": "browser.go"})
    assert message.tool_calls[0].name == "browser.go"


def test_parallel_calls_do_not_mix(message_of):
    events = [
        added(0, call_item(number=1)),
        added(1, call_item(number=2, name="time")),
        arguments(0, '{"a":', 1),
        arguments(1, '{"b"', 2),
        arguments(0, "1}", 1),
        arguments(1, ":2}", 2),
        done(1, call_item('{"b":2}', 2, "time")),
        done(0, call_item('{"a":1}', 1)),
        end(),
    ]
    assert message_of(events).content == [
        ToolCall("call_1|fc_1", "weather", {"a": 1}),
        ToolCall("call_2|fc_2", "time", {"b": 2}),
    ]


@pytest.mark.parametrize("document", [{"message": "no"}, {"detail": "no"}])
def test_a_document_that_says_what_failed_is_a_failure(document):
    with pytest.raises(ServerError, match="no") as caught:
        Translator().feed([JsonEvent("message", document, whole=True)], [])
    assert caught.value.retryable


@pytest.mark.parametrize("document", [{"code": 5}, {}, {"choices": []}])
def test_a_document_that_is_no_answer_is_not_of_this_api(document):
    with pytest.raises(MalformedResponse) as caught:
        Translator().feed([JsonEvent("message", document, whole=True)], [])
    assert not caught.value.retryable


def test_items_of_the_services_own_tools_are_kept_with_their_place(message_of):
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    events = [
        done(0, REASONING),
        added(1, {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}),
        {"type": "response.web_search_call.searching", "output_index": 1, "item_id": "ws_1"},
        done(1, search),
        *said(["Found."], output=2),
        end(),
    ]
    (kept,) = message_of(events).diagnostics
    assert kept == {"type": "output_item", "item": search, "after": "rs_1"}


def test_events_and_items_that_are_not_known_are_no_failure(message_of):
    events = [
        {"type": "response.surprise.delta", "delta": {"x": 1}},
        {"type": "keepalive", "sequence_number": 3},
        {},
        {"type": "response.output_item.added", "output_index": 0},
        *said(["Hi"]),
        end(),
    ]
    assert message_of(events).text == "Hi"


@pytest.mark.parametrize(
    ("last", "reason", "raw"),
    [
        (end(), StopReason.STOP, "completed"),
        (end("incomplete", incomplete_details={"reason": "max_output_tokens"}), StopReason.LENGTH, "max_output_tokens"),
        (end("incomplete", incomplete_details=None), StopReason.LENGTH, "incomplete"),
        (end(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), StopReason.LENGTH, "max_output_tokens"),
        (end(status="in_progress"), StopReason.STOP, "completed"),
        (end(status="queued"), StopReason.STOP, "completed"),
    ],
)  # fmt: skip
def test_why_an_answer_ended(last, reason, raw, message_of):
    message = message_of([*said(["Hi"]), last])
    assert message.stop_reason is reason
    assert message.raw_stop_reason == raw
    assert message.usage.output == 5


def test_an_answer_that_met_the_limit_in_silence_was_cut(message_of):
    events = [*said(["Hi"]), end(usage=usage(output=8))]
    assert message_of(events, limit=8).stop_reason is StopReason.LENGTH
    assert message_of(events, limit=9).stop_reason is StopReason.STOP
    assert message_of(events).stop_reason is StopReason.STOP


def test_a_content_filter_is_an_error_after_what_came(translate):
    last = end("incomplete", incomplete_details={"reason": "content_filter"})
    translator, deltas = Translator(), []
    translator.feed([JsonEvent("message", event) for event in [text(0, "Hi"), last]], deltas)
    assert not any(isinstance(delta, Stop) for delta in deltas)
    assert usage_of(usage()) in [getattr(delta, "usage", None) for delta in deltas]
    with pytest.raises(ContentFiltered):
        translator.end()


@pytest.mark.parametrize(
    ("error", "kind", "said_so"),
    [
        ({"code": "server_error", "message": "It broke."}, ServerError, "It broke."),
        ({"code": "rate_limit_exceeded", "message": "Slow down."}, RateLimited, "Slow down."),
        ({"code": "insufficient_quota", "message": "No credit."}, BillingError, "No credit."),
        ({"code": "context_length_exceeded", "message": "Too long."}, ContextOverflow, "Too long."),
    ],
)
@pytest.mark.parametrize("shape", ["failed", "error", "nested"])
def test_failures_are_typed(error, kind, said_so, shape, translate):
    last = {
        "failed": end("failed", error=error),
        "error": {"type": "error", "param": None, "sequence_number": 3, **error},
        "nested": {"type": "error", "error": error},
    }[shape]
    with pytest.raises(kind, match=said_so):
        translate([text(0, "Hi"), last])


def test_a_failure_that_says_nothing_is_the_servers(translate):
    with pytest.raises(ServerError):
        translate([end("failed", error=None)])
    with pytest.raises(ServerError, match="cancelled"):
        translate([end("cancelled")])
    with pytest.raises(ProviderError):
        translate([{"type": "error"}])


def test_a_stream_without_an_end_is_cut(translate, assemble):
    translator, deltas = Translator(), []
    translator.feed([JsonEvent("message", event) for event in said(["Hi"])], deltas)
    assert not any(isinstance(delta, Stop) for delta in deltas)
    with pytest.raises(StreamTruncated):
        assemble(deltas)
    with pytest.raises(StreamTruncated):
        translator.end()


@pytest.mark.parametrize(
    "events",
    [
        [added(0, call_item()), arguments(0, '{"city":')],
        [added(0, call_item()), arguments(0, "{}")],
        [added(0, call_item()), arguments(0, '{"c'), arguments_done(0, '{"c')],
        [added(0, call_item()), done(0, call_item("{}", status="incomplete"))],
        [added(0, call_item()), done(0, call_item('{"ci'))],
    ],
)
def test_a_call_that_was_cut_at_the_limit_is_not_run(events, message_of):
    last = end("incomplete", incomplete_details={"reason": "max_output_tokens"})
    with pytest.raises(MalformedToolCall) as caught:
        message_of([*events, last])
    assert "max_tokens" in caught.value.hint
    assert not caught.value.retryable


def test_a_call_that_is_never_named_is_malformed(translate):
    with pytest.raises(MalformedResponse, match="without an id or a name"):
        translate([done(0, {"type": "function_call", "arguments": "{}"}), end()])


def test_nothing_counts_after_the_end(message_of):
    assert message_of([*said(["Hi"]), end(), text(0, "more")]).text == "Hi"


def test_the_answer_keeps_text_blocks_plain_without_an_id(message_of):
    events = [{"type": "response.output_text.delta", "delta": "Hi"}, end()]
    assert message_of(events).content == [Text("Hi")]


def test_what_is_kept_of_an_item_is_json(message_of):
    item = {"type": "web_search_call", "id": "ws_1", "score": math.inf}
    message = message_of([done(0, item), end()])
    assert message.diagnostics[0]["item"] == {**item, "score": None}
