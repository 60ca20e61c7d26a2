"""Texts that follow one another are parts of one message of Responses: clients show the last item."""

import json

import pytest

from modelwire.dialects import ServedRequest
from modelwire.events import (
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantMessage, Text, ToolCall
from modelwire.models import Model
from modelwire.registry import load_dialect


@pytest.fixture
def dialect():
    return load_dialect("openai-responses")


@pytest.fixture
def served_request(dialect):
    call = dialect.read({"model": "gpt", "input": "Hello"}, {}, Model("openai", "gpt"), "")
    return ServedRequest(call, "gpt", "req_1", 0)


def text(at, said):
    return [TextStartEvent(at), TextDeltaEvent(at, said), TextEndEvent(at, said)]


def answer(content):
    return AssistantMessage(content, "openai", "gpt")


def shape(output):
    """Each item by its type and the texts in it."""
    return [(item["type"], [part["text"] for part in item.get("content", ())]) for item in output]


def test_a_whole_answer_has_one_message_for_them(dialect, served_request):
    content = [Text("One, "), Text("two."), ToolCall("call_1", "look"), Text("Three.")]

    output = dialect.whole(answer(content), served_request)["output"]

    assert shape(output) == [
        ("message", ["One, ", "two."]),
        ("function_call", []),
        ("message", ["Three."]),
    ]


def test_a_stream_has_one_message_for_them(dialect, served_request):
    writer = dialect.writer(served_request)
    call = ToolCall("call_1", "look")
    events = [
        *text(0, "One, "),
        *text(1, "two."),
        ToolCallStartEvent(2, "call_1", "look"),
        ToolCallDeltaEvent(2, "{}"),
        *text(3, "Three."),
        ToolCallEndEvent(2, call),
    ]
    whole = answer([Text("One, "), Text("two."), call, Text("Three.")])

    written = [each for event in events for each in writer.feed(event)] + writer.end(whole)

    said = [json.loads(each.data) for each in written]
    done = [event for event in said if event["type"] == "response.output_item.done"]
    assert shape(event["item"] for event in done) == [
        ("message", ["One, ", "two."]),
        ("function_call", []),
        ("message", ["Three."]),
    ]
    assert said[-1]["response"]["output"] == [event["item"] for event in done]
    parts = [event for event in said if event["type"] == "response.content_part.added"]
    assert [(part["output_index"], part["content_index"]) for part in parts] == [
        (0, 0),
        (0, 1),
        (2, 0),
    ]


def test_a_text_may_go_on_while_a_call_begins(dialect, served_request):
    writer = dialect.writer(served_request)
    call = ToolCall("call_1", "look")
    start, delta, end = text(0, "One.")
    events = [
        start,
        ToolCallStartEvent(1, "call_1", "look"),
        delta,
        end,
        ToolCallEndEvent(1, call),
    ]

    written = [each for event in events for each in writer.feed(event)]
    written += writer.end(answer([Text("One."), call]))

    last = json.loads(written[-1].data)["response"]
    assert shape(last["output"]) == [("message", ["One."]), ("function_call", [])]
