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


WHOLE = '{"city":"Oslo"}'


@pytest.mark.parametrize(
    "events",
    [
        [added(0, call_item()), arguments_done(0, WHOLE), done(0, call_item(WHOLE))],
        [added(0, call_item()), done(0, call_item(WHOLE))],
        [done(0, call_item(WHOLE))],
        [added(0, call_item(WHOLE)), done(0, call_item())],
        [added(0, call_item(WHOLE)), arguments(0, WHOLE), done(0, call_item(WHOLE))],
        [added(0, call_item(name=None)), arguments(0, WHOLE), done(0, call_item(WHOLE))],
        [arguments(0, WHOLE[:5]), arguments(0, WHOLE[5:]), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, WHOLE[:5]), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, WHOLE), arguments_done(0, WHOLE)],
        [added(0, call_item()), arguments_done(0, WHOLE)],
        [done(0, call_item({"city": "Oslo"}))],
        [],
        # As GitHub Copilot sends them.
        [added(0, call_item()), arguments(0, "gAAAAB"), arguments(0, "x=="), arguments_done(0, WHOLE), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, "gAAAABx=="), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, "gAAAABx=="), arguments_done(0, WHOLE)],
        [added(0, call_item("{}")), arguments(0, WHOLE), arguments_done(0, "{}"), done(0, call_item("{}"))],
        [added(0, call_item()), arguments(0, WHOLE[:3]), arguments(0, WHOLE[:9]), arguments(0, WHOLE), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, "{}"), arguments(0, WHOLE), done(0, call_item())],
        [added(0, call_item()), arguments(0, '{"city": '), arguments(0, '"Oslo"}'), arguments(0, WHOLE), done(0, call_item())],
        [added(0, call_item()), arguments(0, '{"city": '), arguments(0, '"Oslo"}'), arguments_done(0, WHOLE), done(0, call_item(WHOLE))],
        [added(0, call_item()), arguments(0, '{"city": '), arguments(0, '"Oslo"}'), arguments(0, WHOLE), done(0, call_item(status="completed"))],
    ],
)  # fmt: skip
def test_arguments_count_once_wherever_they_come(events, message_of):
    whole = end(output=[] if events else [call_item(WHOLE)])
    assert message_of([*events, whole]).content == [
        ToolCall("call_1|fc_1", "weather", {"city": "Oslo"})
    ]


@pytest.mark.parametrize(
    "events",
    [
        [text(0, "Hello")],
        [added(0, message_item()), text(0, "Hello")],
        [added(0, message_item()), {**text(0, ""), "text": "Hello"} | {"type": "response.output_text.done"}],
        [text(0, "Hel"), {**text(0, ""), "text": "Hello"} | {"type": "response.output_text.done"}],
        [text(0, "Hel"), done(0, message_item("Hello"))],
        [{"type": "response.output_text.delta", "delta": "Hello"}],
        [{**text(0, "Hello"), "output_index": None}],
        [],
    ],
)  # fmt: skip
def test_text_counts_once_wherever_it_comes(events, message_of):
    message = message_of([*events, end(output=[message_item("Hello")])])
    assert message.text == "Hello"
    assert json.loads(message.content[0].signature)["id"] == "msg_1"


def content(*texts):
    return [{"type": "output_text", "text": said} for said in texts]


NUMBERS = {
    "vLLM after reasoning": ([text(0, "Hi", part=1)], content("Hi"), "Hi"),
    "and its own end": (
        [text(0, "Hi", part=1), {**text(0, "", part=1), "type": "response.output_text.done", "text": "Hi"}],
        content("Hi"),
        "Hi",
    ),
    "and an end of another number": (
        [text(0, "H", part=1), {**text(0, ""), "type": "response.output_text.done", "text": "Hi"}],
        content("Hi"),
        "Hi",
    ),
    "the rest is in the item": ([text(0, "H", part=1)], content("Hi"), "Hi"),
    "numbers from one": ([text(0, "a", part=1), text(0, "b", part=2)], content("a", "b"), "ab"),
    "numbers from one, the last without deltas": ([text(0, "a", part=1)], content("a", "b"), "ab"),
    "one number for all": ([text(0, "one "), text(0, "two")], content("one ", "two"), "one two"),
    "two numbers for one": ([text(0, "one "), text(0, "two", part=1)], content("one two"), "one two"),
    "two numbers for one, and more": ([text(0, "one "), text(0, "tw", part=1)], content("one two"), "one two"),
    "the first without deltas": ([text(0, "b", part=1)], content("a", "b"), "ba"),
    "twice the same text": ([text(0, "a"), text(0, "a", part=1)], content("a", "a"), "aa"),
    "an empty part in front": ([text(0, "Hi", part=1)], content("", "Hi"), "Hi"),
}  # fmt: skip


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("ends", ["item", "list", "both"])
@pytest.mark.parametrize(("deltas", "parts", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_text_counts_once_however_its_parts_are_numbered(
    deltas, parts, expected, ends, announced, message_of
):
    item = {**message_item(), "content": parts}
    begin = [added(0, message_item())] if announced else []
    middle = [done(0, item)] if ends != "list" else []
    last = end(output=[item] if ends != "item" else [])
    message = message_of([*begin, *deltas, *middle, last])
    assert message.text == expected
    assert not message.diagnostics


def test_text_that_the_end_says_differently_is_not_mixed_with_what_came(message_of):
    message = message_of([text(0, "Hi you"), done(0, message_item("Hello there")), end()])
    assert message.text == "Hi you"
    (note,) = message.diagnostics
    assert (note["type"], note["itemId"]) == ("differing_text", "msg_1")


def test_reasoning_counts_once_however_its_parts_are_numbered(message_of):
    parts = [{"type": "reasoning_text", "text": "Hm."}, {"type": "reasoning_text", "text": "Yes."}]
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "content": parts}
    deltas = [
        {**summary(0, said), "type": "response.reasoning_text.delta", "content_index": number}
        for number, said in ((1, "H"), (1, "m."), (2, "Yes."))
    ]
    message = message_of([*deltas, done(0, item), *said(["Hi"], output=1), end()])
    assert message.thinking == "Hm.\n\nYes."
    assert message.text == "Hi"


LISTS = {
    "in order": [REASONING, call_item(WHOLE), message_item("Hi")],
    "in another order": [message_item("Hi"), call_item(WHOLE), REASONING],
    "without the reasoning": [call_item(WHOLE), message_item("Hi")],
    "with new ids": [{**REASONING, "id": "a"}, {**call_item(WHOLE), "id": "b"}, message_item("Hi", "c")],
    "with new ids, without the reasoning": [{**call_item(WHOLE), "id": "b"}, message_item("Hi", "c")],
    "without ids": [{**message_item("Hi"), "id": None}, {**call_item(WHOLE), "id": None}],
    "with a message alone, that has a new id": [message_item("Hi", "c")],
}  # fmt: skip


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
def test_items_of_the_last_list_are_those_that_came(listed, closed, numbered, message_of):
    items = [REASONING, call_item(WHOLE), message_item("Hi")]
    events = [
        [added(0, {**REASONING, "summary": []}), summary(0, "Let me see.")],
        [added(1, call_item()), arguments(1, WHOLE), arguments_done(1, WHOLE)],
        [added(2, message_item()), text(2, "Hi")],
    ]
    sent = [
        event
        for number, item in enumerate(items)
        for event in (*events[number], *([done(number, item)] if closed else []))
    ]
    if not numbered:
        sent = [{k: v for k, v in event.items() if k != "output_index"} for event in sent]
    message = message_of([*sent, end(output=listed)])
    assert [type(block) for block in message.content] == [Thinking, ToolCall, Text]
    assert (message.thinking, message.text) == ("Let me see.", "Hi")
    assert message.tool_calls[0].arguments == {"city": "Oslo"}


def test_an_end_with_another_id_and_no_number_is_that_of_the_open_item(message_of):
    bare = {"type": "response.output_text.delta", "item_id": "a", "delta": "Hi"}
    last = {"type": "response.output_item.done", "item": message_item("Hi", "b")}
    assert message_of([bare, last, end(output=[message_item("Hi", "c")])]).text == "Hi"


def ended(kind, event, **whole):
    return {**event, "type": f"response.{kind}.done", **whole}


PARTS = {
    "text": (
        [ended("output_text", text(0, ""), text="Hi é"), text(0, "Hi é")],
        message_item("Hi é"),
    ),
    "text that has come": (
        [text(0, "Hi"), ended("output_text", text(0, ""), text="Hi é"), text(0, " é")],
        message_item("Hi é"),
    ),
    "a refusal": (
        [
            ended("refusal", text(0, ""), refusal="Hi é"),
            {**text(0, "Hi é"), "type": "response.refusal.delta"},
        ],
        message_item("Hi é"),
    ),
    "a summary": (
        [ended("reasoning_summary_text", summary(0, ""), text="Hi é"), summary(0, "Hi é")],
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hi é"}]},
    ),
    "reasoning": (
        [
            ended("reasoning_text", summary(0, ""), text="Hi é"),
            {**summary(0, "Hi é"), "type": "response.reasoning_text.delta"},
        ],
        {
            "type": "reasoning",
            "id": "rs_1",
            "content": [{"type": "reasoning_text", "text": "Hi é"}],
        },
    ),
    "arguments": (
        [added(0, call_item()), arguments_done(0, WHOLE), arguments(0, WHOLE)],
        call_item(WHOLE),
    ),
}


@pytest.mark.parametrize(("events", "item"), PARTS.values(), ids=PARTS)
def test_a_delta_after_the_end_of_its_part_is_left_out_and_recorded(events, item, message_of):
    clean = message_of([*events[:-1], done(0, item), end(output=[item])])
    message = message_of([*events, done(0, item), end(output=[item])])
    assert message.content == clean.content
    assert message.content
    assert "Hi éHi é" not in message.text + message.thinking
    (note,) = [note for note in message.diagnostics if note["type"] == "late_delta"]
    assert note["itemId"] == item["id"]
    assert note["characters"] > 0


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


def test_ids_that_differ_from_event_to_event_are_bridged_by_numbers(message_of):
    events = [
        added(0, call_item()),
        {**arguments(0, WHOLE), "item_id": "another"},
        done(0, {**call_item(WHOLE), "id": "a-third"}),
        end(output=[{**call_item(WHOLE), "id": "a-fourth"}]),
    ]
    assert message_of(events).content == [ToolCall("call_1|fc_1", "weather", {"city": "Oslo"})]


def test_numbers_that_are_all_the_same_are_bridged_by_ids(message_of):
    events = [
        added(0, call_item(number=1)),
        done(0, call_item('{"a":1}', 1)),
        *said(["Hi"], output=0),
        added(0, call_item(number=2)),
        arguments(0, '{"b":2}', 2),
        done(0, call_item('{"b":2}', 2)),
        end(),
    ]
    message = message_of(events)
    assert [call.arguments for call in message.tool_calls] == [{"a": 1}, {"b": 2}]
    assert message.text == "Hi"


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
