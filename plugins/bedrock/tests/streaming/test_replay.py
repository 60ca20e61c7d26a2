"""What AWS really answered becomes the message that botocore's own parser sees in it."""

import base64
import json

import pytest
from attrs import evolve
from botocore.eventstream import EventStream
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserFactory

from modelwire.messages import StopReason, Text, Thinking, ToolCall
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.citations import cited_block
from modelwire_bedrock.converse.outcome import STOP_REASONS
from modelwire_bedrock.converse.response import deltas_of_answer
from modelwire_bedrock.converse.stream import Translator


@pytest.fixture(scope="module")
def runtime():
    return ServiceModel(create_loader().load_service_model("bedrock-runtime", "service-2"))


class Raw:
    def __init__(self, data):
        self.data = data

    def stream(self):
        yield self.data


def events_of_botocore(runtime, data):
    shape = runtime.operation_model("ConverseStream").output_shape
    parser = ResponseParserFactory().create_parser("rest-json")
    return list(
        EventStream(
            Raw(data), shape.members["stream"], parser._event_stream_parser, "ConverseStream"
        )
    )


def answer_of_botocore(runtime, data):
    response = {"status_code": 200, "headers": {}, "body": data}
    parser = ResponseParserFactory().create_parser("rest-json")
    return parser.parse(response, runtime.operation_model("Converse").output_shape)


def blocks_of_events(events):
    """Build content blocks out of botocore's events, one for each kind under each index."""
    blocks = []
    for event in events:
        if start := event.get("contentBlockStart"):
            call = start["start"]["toolUse"]
            blocks.append((start["contentBlockIndex"], "call", [call["toolUseId"], call["name"]]))
        elif delta := event.get("contentBlockDelta"):
            for kind, piece in pieces_of(delta["delta"]):
                key = (delta["contentBlockIndex"], kind)
                if not blocks or blocks[-1][:2] != key:
                    blocks.append((*key, []))
                blocks[-1][2].append(piece)
    return [(kind, parts) for _, kind, parts in blocks]


def pieces_of(delta):
    if delta.get("text"):
        yield "text", delta["text"]
    elif "toolUse" in delta:
        yield "call", delta["toolUse"]["input"]
    elif reasoning := delta.get("reasoningContent"):
        if "redactedContent" in reasoning:
            yield "redacted", reasoning["redactedContent"]
        elif "signature" in reasoning:
            yield "thinking", ("signature", reasoning["signature"])
        else:
            yield "thinking", ("text", reasoning["text"])


def blocks_of_answer(answer):
    for block in answer["output"]["message"]["content"]:
        if block.get("text"):
            yield "text", [block["text"]]
        elif cited := block.get("citationsContent"):
            yield "text", [part["text"] for part in cited["content"]]
        elif call := block.get("toolUse"):
            yield "call", [call["toolUseId"], call["name"], json.dumps(call["input"])]
        elif reasoning := block.get("reasoningContent"):
            if "redactedContent" in reasoning:
                yield "redacted", [reasoning["redactedContent"]]
            else:
                yield "thinking", list(reasoning["reasoningText"].items())


def content_of(blocks):
    content = []
    for kind, parts in blocks:
        if kind == "text":
            content.append(Text("".join(parts)))
        elif kind == "call":
            call_id, name, *fragments = parts
            content.append(ToolCall(call_id, name, json.loads("".join(fragments) or "{}")))
        elif kind == "redacted":
            content.append(Thinking.from_redacted(b"".join(parts)))
        else:
            said = {
                key: "".join(v for k, v in parts if k == key) or None
                for key in ("text", "signature")
            }
            content.append(Thinking(said["text"] or "", said["signature"]))
    return content


def counters(usage):
    cached = [usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)]
    return [usage["inputTokens"], usage["outputTokens"], *cached]


def assert_says(message, blocks, stop, usage):
    plain = [evolve(b, citations=()) if isinstance(b, Text) else b for b in message.content]
    assert plain == content_of(blocks)
    assert message.raw_stop_reason == stop
    assert message.stop_reason is STOP_REASONS[stop]
    ours = message.usage
    assert [ours.input, ours.output, ours.cache_read, ours.cache_write] == counters(usage)
    assert ours.total_tokens == usage["totalTokens"]
    hours = [d["inputTokens"] for d in usage.get("cacheDetails", ()) if d["ttl"] == "1h"]
    assert ours.cache_write_1h == sum(hours)


def test_a_recorded_stream_becomes_the_message_that_botocore_sees(
    runtime, recorded_stream, assemble
):
    decoder, translator, deltas = FrameDecoder(), Translator(), []
    translator.feed(decoder.feed(recorded_stream), deltas)
    decoder.end()
    translator.end()
    events = events_of_botocore(runtime, recorded_stream)
    merged = {name: value for event in events for name, value in event.items()}

    message = assemble(deltas)

    assert_says(
        message,
        blocks_of_events(events),
        merged["messageStop"]["stopReason"],
        merged["metadata"]["usage"],
    )
    latency = merged["metadata"]["metrics"]["latencyMs"]
    (facts,) = [d for d in message.diagnostics if d["type"] == "response_metadata"]
    assert facts["metrics"] == {"latencyMs": latency}
    citations = [
        event["contentBlockDelta"]["delta"]["citation"]
        for event in events
        if "citation" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert cited_block("", message.citations)["citationsContent"]["citations"] == citations


def test_a_recorded_answer_becomes_the_message_that_botocore_sees(
    runtime, recorded_answer, assemble
):
    answer = answer_of_botocore(runtime, recorded_answer)

    message = assemble(deltas_of_answer(recorded_answer))

    assert_says(message, blocks_of_answer(answer), answer["stopReason"], answer["usage"])
    blocks = answer["output"]["message"]["content"]
    citations = [c for b in blocks for c in b.get("citationsContent", {}).get("citations", ())]
    assert cited_block("", message.citations)["citationsContent"]["citations"] == citations
    stop_is_call = message.stop_reason is StopReason.TOOL_USE
    assert stop_is_call == any("toolUse" in block for block in blocks)


def test_redacted_thinking_keeps_its_bytes(event, assemble):
    secret = bytes(range(256))
    halves = [base64.b64encode(part).decode() for part in (secret[:100], secret[100:])]
    decoder, translator, deltas = FrameDecoder(), Translator(), []
    for half in halves:
        delta = {
            "contentBlockIndex": 0,
            "delta": {"reasoningContent": {"redactedContent": half}},
        }
        translator.feed(decoder.feed(event("contentBlockDelta", delta)), deltas)
    translator.feed(decoder.feed(event("messageStop", {"stopReason": "end_turn"})), deltas)

    (block,) = assemble(deltas).content
    assert block.redacted_data == secret
