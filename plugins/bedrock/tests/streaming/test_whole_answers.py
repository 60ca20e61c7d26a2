"""An answer of Converse, which comes in one piece, gives the deltas of a stream."""

import json

import pytest

from modelwire.errors import (
    ContentFiltered,
    MalformedResponse,
)
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Diagnostic,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason, Usage
from modelwire_bedrock.converse.response import deltas_of_answer


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


def test_half_a_character_does_not_cost_the_answer(assemble):
    body = (
        rb'{"output":{"message":{"role":"assistant","content":[{"text":"\\ud83d a\ud83d b\ud83d\ude00"}'
        rb"]}},"
        rb'"stopReason":"end_turn"}'
    )
    assert assemble(deltas_of_answer(body)).text == "\\ud83d a\ufffd b😀"
