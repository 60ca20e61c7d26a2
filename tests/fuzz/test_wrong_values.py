"""Each value of a whole answer in its turn is another one: the service's fault, in every plugin."""

import json

import pytest
from fuzz_targets import translated
from wires import WIRES

from modelwire.authoring import JsonEvent, StreamEnd
from modelwire.errors import MalformedResponse
from modelwire.messages import StopReason, Text, Thinking, ToolCall
from modelwire.testing import ScriptedAnswer
from modelwire.testing.mutations import WRONG_VALUES, with_wrong_value
from modelwire_bedrock.converse.response import AnswerTranslator
from modelwire_local.chat.stream import Translator as LocalTranslator

ANSWER = ScriptedAnswer(
    [Thinking("hm", "c2lnbmVk"), Text("one"), ToolCall("t", "f", {"a": 1})],
    stop_reason=StopReason.TOOL_USE,
)


def deep(levels):
    data = 1
    for _ in range(levels):
        data = {"a": data}
    return data


VALUES = {
    **WRONG_VALUES,
    "5": 5,
    "-1": -1,
    "an empty text": "",
    "an empty list": [],
    "an empty object": {},
    "an integer of 31 digits": 10**30,
    "an infinite number": float("inf"),
    "not a number": float("nan"),
    "data at the limit": deep(100),
}

# What the wires of the conformance kit do not write.
MESSAGES_MORE = [
    {"type": "content_block_start", "index": 5, "content_block": {"type": "redacted_thinking", "data": "c2ln"}},
    {"type": "content_block_stop", "index": 5},
    {"type": "content_block_start", "index": 6, "content_block": {"type": "server_tool_use", "id": "x", "name": "y", "input": {}}},
    {"type": "content_block_stop", "index": 6},
    {"type": "content_block_start", "index": 7, "content_block": {"type": "tool_use", "id": "u", "name": "g", "input": {"a": 1}}},
    {"type": "content_block_stop", "index": 7},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"a": 1}}},
]  # fmt: skip
CHAT_MORE = [
    {
        "id": "c", "model": "m", "citations": ["a"], "service_tier": "flex",
        "choices": [{
            "index": 0,
            "logprobs": {"content": [{"token": "a"}]},
            "delta": {
                "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, {"type": "text", "text": "y"}],
                "refusal": "no",
                "annotations": [{"a": 1}],
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "a", "id": "z"},
                    {"type": "reasoning.encrypted", "data": "a", "id": "q"},
                ],
                "tool_calls": [{
                    "index": 1, "id": "q", "function": {"name": "g", "arguments": {"a": 1}},
                    "extra_content": {"google": {"thought_signature": "s"}},
                }],
                "function_call": {"name": "g", "arguments": "{}"},
            },
        }],
        "usage": {
            "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 1},
        },
    },
]  # fmt: skip
LOCAL = [
    {"id": "a", "choices": [{"index": 0, "delta": {"reasoning_content": "h", "content": None}}]},
    {"id": "a", "choices": [{"index": 0, "delta": {"content": "one"}}]},
    {"id": "a", "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]}}]},
    {"id": "a", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}},
]  # fmt: skip
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "c2ln"}},
        {"citationsContent": {"content": [{"text": "one"}], "citations": [{"title": "t"}]}},
        {"text": "two"},
        {"image": {"format": "png", "source": {"bytes": "c2ln"}}},
        {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}},
    ]}},
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 1, "cacheDetails": [{"ttl": "1h", "inputTokens": 1}]},
    "metrics": {"latencyMs": 1},
    "trace": {"guardrail": {"a": 1}},
    "additionalModelResponseFields": {"a": 1},
}  # fmt: skip


MORE = {"anthropic-messages": (-2, MESSAGES_MORE), "openai-completions": (2, CHAT_MORE)}
"""Where in an answer there are further events, and those, by API."""


def named_events(wire):
    """The events of an answer, each as its name and its data."""
    found = [
        event if isinstance(event, tuple) else ("message", event)
        for event in wire.kit.events(ANSWER)
    ]
    events = [(name, data) for name, data in found if isinstance(data, dict)]
    place, more = MORE.get(wire.api, (0, []))
    place %= len(events)
    return [*events[:place], *(("message", event) for event in more), *events[place:]]


def reader(wire, names):
    """Reads an answer whose events have these names, and other data."""

    def read(events):
        if wire.aws:
            named = zip(names, events, strict=True)
            arrivals = wire.read(wire.kit.encode(event) for event in named)
        else:
            # As data, since not all of it can be written as JSON.
            arrivals = [[JsonEvent("message", event)] for event in events]
            arrivals.append([StreamEnd(marked=True)])
        return translated(wire.translator(), arrivals)

    return read


def over(wire):
    names, events = zip(*named_events(wire), strict=True)
    return reader(wire, names), list(events)


def read_converse(events):
    return translated(AnswerTranslator({}), [[json.dumps(event).encode()] for event in events])


APIS = {
    **{wire.api: over(wire) for wire in WIRES},
    "a whole answer of Converse": (read_converse, [CONVERSE]),
    "local": (
        lambda events: translated(LocalTranslator("local", "m", {}), [[e] for e in events]),
        LOCAL,
    ),
}


@pytest.mark.parametrize("api", APIS)
def test_the_answer_is_good_as_it_is(api):
    read, events = APIS[api]
    message, failure = read(events)
    assert failure is None
    assert message.text
    assert message.thinking
    assert message.tool_calls


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("api", APIS)
def test_another_value_is_never_the_plugins_fault(api, value):
    read, events = APIS[api]
    for _, changed in with_wrong_value(events, value):
        if all(isinstance(event, dict) for event in changed):
            read(changed)


@pytest.mark.parametrize(
    ("api", "event"),
    [
        ("anthropic-messages", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 5}}),
        ("anthropic-messages", {"type": "content_block_start", "index": 9, "content_block": {"type": "text", "text": 5}}),
        ("anthropic-messages", {"type": "content_block_start", "index": 9, "content_block": {"type": "tool_use", "id": -1, "name": "f"}}),
        ("anthropic-messages", {"type": "content_block_start", "index": 9, "content_block": {"type": "tool_use", "id": "t", "name": 1.5}}),
        ("anthropic-messages", {"type": "content_block_start", "index": 9, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": []}}),
        *[
            ("anthropic-messages", {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": value}})
            for value in (5, True, 1.5, None, [], {})
        ],
        *[
            ("openai-completions", {"choices": [{"index": 0, "delta": delta}]})
            for delta in (
                {"content": 5},
                {"content": [{"type": "text", "text": 5}]},
                {"refusal": 5},
                {"tool_calls": {}},
                {"tool_calls": [5]},
                {"tool_calls": [{"id": -1, "function": {"name": "f"}}]},
                {"tool_calls": [{"id": "t", "function": {"name": 1.5}}]},
                {"tool_calls": [{"id": "t", "function": {"name": "f", "arguments": True}}]},
                {"tool_calls": [{"id": "t", "function": 5}]},
                {"function_call": "f"},
            )
        ],
        ("openai-completions", {"choices": [{"index": True, "delta": {}}]}),
        ("openai-completions", {"choices": [{"index": 0, "delta": "text"}]}),
        ("openai-completions", {"choices": {}}),
        ("openai-responses", {"type": "response.output_text.delta", "item_id": "x", "delta": 5}),
        ("openai-responses", {"type": "response.output_text.delta", "item_id": "x", "content_index": True, "delta": "a"}),
        ("openai-responses", {"type": "response.function_call_arguments.delta", "item_id": "x", "delta": True}),
        ("openai-responses", {"type": "response.output_item.added", "item": 5}),
        ("openai-responses", {"type": "response.output_item.done", "item": {"type": "function_call", "call_id": -1, "name": "f"}}),
        ("openai-responses", {"type": "response.output_item.done", "item": {"type": "function_call", "call_id": "t", "name": 1.5}}),
        ("openai-responses", {"type": "response.output_item.done", "item": {"type": "message", "content": [{"text": 5}]}}),
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_type_is_a_malformed_response_that_may_be_tried_again(api, event):
    read, events = APIS[api]
    _, failure = read([events[0], event, *events[1:]])
    assert isinstance(failure, MalformedResponse)
    assert failure.retryable
