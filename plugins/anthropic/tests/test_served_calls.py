"""Blocks of streams of Messages follow one another, though the calls of a message end together."""

import json

from modelwire.dialects import ServedRequest
from modelwire.events import ToolCallDeltaEvent, ToolCallEndEvent, ToolCallStartEvent
from modelwire.messages import ToolCall
from modelwire.models import Model
from modelwire.registry import load_dialect


def test_a_block_stops_before_the_next_one_starts():
    dialect = load_dialect("anthropic-messages")
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "The weather?"}]}
    call = dialect.read(body, {}, Model("anthropic", "claude"), "")
    writer = dialect.writer(ServedRequest(call, "claude", "", 0))
    events = [
        event
        for at in (0, 1)
        for event in (ToolCallStartEvent(at, f"call_{at}", "look"), ToolCallDeltaEvent(at, "{}"))
    ]
    events += [ToolCallEndEvent(at, ToolCall(f"call_{at}", "look")) for at in (0, 1)]

    written = [each for event in events for each in writer.feed(event)]

    blocks = [(each.name, json.loads(each.data).get("index")) for each in written]
    steps = ("content_block_start", "content_block_delta", "content_block_stop")
    assert blocks == [("message_start", None), *((step, at) for at in (0, 1) for step in steps)]
