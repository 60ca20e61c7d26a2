"""Events travel as JSON under pi-ai's names."""

import pytest

from modelwire.errors import InvalidMessage
from modelwire.events import (
    CitationEvent,
    DoneEvent,
    ErrorEvent,
    StartEvent,
    TextDeltaEvent,
    ThinkingEndEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.events.codec import event_from_json, event_to_json
from modelwire.messages import AssistantMessage, Citation, StopReason, ToolCall

MESSAGE = AssistantMessage("hi", "acme", "m")


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (StartEvent("acme", "m"), {"type": "start"}),
        (TextDeltaEvent(2, "x"), {"type": "text_delta", "contentIndex": 2, "delta": "x"}),
        (
            CitationEvent(2, Citation("web", cited_text="x")),
            {"type": "text_citation", "citation": {"kind": "web", "citedText": "x"}},
        ),
        (ThinkingEndEvent(0, "x"), {"type": "thinking_end", "content": "x"}),
        (ToolCallEndEvent(1, ToolCall("c", "t", {"a": 1})), {"type": "toolcall_end"}),
        (DoneEvent(StopReason.TOOL_USE, MESSAGE), {"type": "done", "reason": "toolUse"}),
        (ErrorEvent(StopReason.ABORTED, MESSAGE), {"type": "error", "reason": "aborted"}),
    ],
)
def test_an_event_survives_json(event, names):
    data = event_to_json(event)
    assert names.items() <= data.items()
    assert event_from_json(data) == event


def test_a_partial_message_in_a_recorded_event_is_ignored():
    data = {"type": "text_delta", "contentIndex": 0, "delta": "x", "partial": {"role": "assistant"}}
    assert event_from_json(data) == TextDeltaEvent(0, "x")


def test_pi_ais_own_beginnings_are_read():
    partial = {"role": "assistant", "provider": "p", "model": "m", "content": []}
    assert event_from_json({"type": "start", "partial": partial}) == StartEvent("p", "m")
    call = {"type": "toolCall", "id": "c", "name": "t", "arguments": {}}
    data = {"type": "toolcall_start", "contentIndex": 0, "partial": {**partial, "content": [call]}}
    assert event_from_json(data) == ToolCallStartEvent(0, "c", "t")
    with pytest.raises(InvalidMessage):
        event_from_json({"type": "toolcall_start", "contentIndex": 3, "partial": partial})


def test_a_wrong_event_names_every_place():
    with pytest.raises(InvalidMessage) as caught:
        event_from_json({"type": "text_delta", "contentIndex": "0"})
    assert [problem.path for problem in caught.value.problems] == ["contentIndex", "delta"]
