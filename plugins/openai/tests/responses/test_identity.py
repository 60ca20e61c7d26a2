"""Items and parts are matched by what they are, so that nothing counts twice."""

import json

import pytest
from responses_events import (
    REASONING,
    added,
    arguments,
    arguments_done,
    call_item,
    done,
    end,
    message_item,
    said,
    summary,
    text,
)

from modelwire.messages import Text, Thinking, ToolCall

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
