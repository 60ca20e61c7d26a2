"""Answers of ConverseStream, as the bytes of their frames."""

import json
from collections.abc import Sequence

from modelwire_bedrock.emulator.answers import Answer, Text, TokenUsage, ToolUse, wire_events
from modelwire_bedrock.emulator.frames import event_frame


def converse_frames(texts: Sequence[str], call: Sequence[str] = ()) -> list[bytes]:
    """An answer: pieces of text, and the arguments of one call in as many pieces."""
    blocks = [Text("".join(texts), tuple(texts))]
    if call:
        blocks.append(ToolUse("lookup", json.loads("".join(call)), pieces=len(call)))
    events = wire_events(Answer(blocks), TokenUsage(3, 4))
    return [event_frame(name, payload) for name, payload in events]


def converse_beginning(text: str, said: str) -> bytes:
    """The beginning of an answer, and what is said."""
    delta = {"contentBlockIndex": 0, "delta": {"text": said}}
    started = event_frame("messageStart", {"role": "assistant"})
    return started + event_frame("contentBlockDelta", delta)


def converse_end(text: str) -> bytes:
    """The end of an answer, with a text as the reason."""
    return event_frame("messageStop", {"stopReason": text})
