"""How an answer of ConverseStream ends: its stop reason, its usage, and what else is told of it."""

import json

import pytest
from converse_events import delta, stop

from modelwire.errors import (
    ContentFiltered,
    MalformedResponse,
    MalformedToolCall,
)
from modelwire.events import (
    Diagnostic,
    ResponseInfo,
    Stop,
)
from modelwire.messages import StopReason, Usage
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.stream import Translator


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", StopReason.STOP),
        ("stop_sequence", StopReason.STOP),
        ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("tool_use", StopReason.TOOL_USE),
    ],
)
def test_a_good_stop_reason_is_mapped_and_kept(translate, raw, reason):
    assert translate(stop(raw), end=True) == [Stop(reason, raw)]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("refusal", ContentFiltered),
        ("guardrail_intervened", ContentFiltered),
        ("content_filtered", ContentFiltered),
        ("malformed_model_output", MalformedResponse),
        ("malformed_tool_use", MalformedToolCall),
        ("something_new", MalformedResponse),
    ],
)
def test_a_bad_stop_reason_is_an_error_that_names_it(translate, raw, kind):
    with pytest.raises(kind, match=raw):
        translate(delta(0, text="partial"), stop(raw), end=True)


def test_a_refusal_says_why(translate):
    details = {"type": "refusal", "category": "cyber", "explanation": "This is not allowed"}
    refused = stop("refusal", additionalModelResponseFields={"stop_details": details})

    with pytest.raises(ContentFiltered, match="category cyber; This is not allowed"):
        translate(refused, end=True)
    assert translate(refused) == [
        Diagnostic("failed_stop", {"stopReason": "refusal"}),
        Diagnostic("response_fields", {"fields": {"stop_details": details}}),
    ]


def test_usage_and_trace_come_before_the_error_of_a_guardrail(event):
    trace = {"actionReason": "Guardrail blocked.", "inputAssessment": {"id": {"topicPolicy": {}}}}
    translator, decoder, deltas = Translator(), FrameDecoder(), []
    metadata = {"usage": {"inputTokens": 9}, "metrics": {}, "trace": {"guardrail": trace}}
    for data in (event(*stop("guardrail_intervened")), event("metadata", metadata)):
        translator.feed(decoder.feed(data), deltas)

    assert deltas[1].usage == Usage(input=9)
    assert deltas[2] == Diagnostic("guardrail_trace", {"trace": trace})
    with pytest.raises(ContentFiltered, match="Guardrail blocked"):
        translator.end()


def test_usage_has_four_counters_that_do_not_overlap(translate):
    usage = {
        "inputTokens": 3,
        "outputTokens": 40,
        "totalTokens": 1_843,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 1_700,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 1_500}, {"ttl": "5m", "inputTokens": 200}],
        "serverToolUsage": {},
    }
    report, facts = translate(("metadata", {"usage": usage, "metrics": {"latencyMs": 12}}))

    assert report.usage == Usage(3, 40, 100, 1_700, 1_500)
    assert report.usage.total_tokens == 1_843
    assert facts.data == {"metrics": {"latencyMs": 12}, "cacheDetails": usage["cacheDetails"]}


def test_tier_latency_and_the_routed_model_are_kept(translate, assemble):
    metadata = {
        "usage": {"inputTokens": 1},
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
        "trace": {"promptRouter": {"invokedModelId": "arn:aws:bedrock:::x"}},
    }
    deltas = translate(stop(), ("metadata", metadata))

    assert deltas[-1] == ResponseInfo(response_model="arn:aws:bedrock:::x")
    found = assemble(deltas).diagnostics
    (facts,) = [each for each in found if each["type"] != "empty_answer"]
    assert facts == {
        "type": "response_metadata",
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
    }


@pytest.mark.parametrize(
    "usage", ['{"inputTokens": 1e999, "outputTokens": 2}', '{"inputTokens": -1e999}', "[1]"]
)
def test_a_usage_that_makes_no_sense_does_not_cost_the_answer(translate, assemble, usage):
    metadata = b'{"usage": %s, "metrics": {"latencyMs": 7}}' % usage.encode()
    deltas = translate(delta(0, text="hi"), stop(), ("metadata", metadata), end=True)
    message = assemble(deltas)
    assert message.text == "hi"
    assert message.usage == Usage()
    assert [note["type"] for note in message.diagnostics] == [
        "unreadable_usage",
        "response_metadata",
    ]
    json.dumps(message.diagnostics, allow_nan=False)


@pytest.mark.parametrize("levels", [200, 5_000])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("metadata", '{"trace": %s}'),
        ("messageStop", '{"stopReason": "end_turn", "additionalModelResponseFields": %s}'),
        ("contentBlockDelta", '{"contentBlockIndex": 0, "delta": {"citation": %s}}'),
        ("contentBlockStart", '{"contentBlockIndex": 0, "start": {"toolResult": %s}}'),
    ],
)
def test_an_event_that_is_nested_too_deep_is_refused(translate, kind, data, levels):
    deep = '{"a":' * levels + "1" + "}" * levels
    with pytest.raises(MalformedResponse, match=f"A {kind} event cannot be read: it is nested"):
        translate(delta(0, text="hi"), (kind, (data % deep).encode()))
