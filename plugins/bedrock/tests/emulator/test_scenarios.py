"""What the emulated models say."""

import pytest

from modelwire_bedrock.emulator import (
    Answer,
    Citation,
    EmulatorError,
    Match,
    Pacing,
    RedactedThinking,
    Scenario,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
EVERYTHING = [
    Thinking("Let me think.", signature="c2ln"),
    RedactedThinking(b"\x00\x01opaque"),
    Text("It is sunny."),
    Citation(
        {
            "title": "Weather",
            "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 5}},
        }
    ),
    ToolUse("get_weather", {"city": "Zürich"}, id="tooluse_1"),
    ToolUse("get_time", {}, id="tooluse_2"),
]


def said(client, **changes):
    answer = client.converse(modelId=NOVA, messages=HELLO, **changes)
    return answer["output"]["message"]["content"][0].get("text")


def test_converse_says_everything_that_can_be_said(emulator, runtime):
    emulator.answer(EVERYTHING)

    answer = runtime.converse(modelId=NOVA, messages=HELLO)

    assert answer["stopReason"] == "tool_use"
    assert answer["output"]["message"]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Let me think.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": b"\x00\x01opaque"}},
        {
            "citationsContent": {
                "content": [{"text": "It is sunny."}],
                "citations": [EVERYTHING[3].citation],
            }
        },
        {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Zürich"}}},
        {"toolUse": {"toolUseId": "tooluse_2", "name": "get_time", "input": {}}},
    ]


def test_the_stream_says_the_same(emulator, runtime, read_stream, text_of):
    emulator.answer(EVERYTHING)

    events, failure = read_stream(runtime)

    assert failure is None
    assert text_of(events) == "It is sunny."
    starts = [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]
    assert [start["toolUse"]["toolUseId"] for start in starts] == ["tooluse_1", "tooluse_2"]
    deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    reasoning = [d["reasoningContent"] for d in deltas if "reasoningContent" in d]
    assert reasoning[-1] == {"redactedContent": b"\x00\x01opaque"}
    assert {"signature": "c2ln"} in reasoning
    stops = [e["contentBlockStop"]["contentBlockIndex"] for e in events if "contentBlockStop" in e]
    assert stops == [0, 1, 2, 3, 4]
    assert list(events[-2]) == ["messageStop"]
    assert list(events[-1]) == ["metadata"]


def test_usage_with_cache_counts(emulator, runtime):
    usage = TokenUsage(10, 20, cache_read=300, cache_write=40, cache_write_1h=15)
    emulator.answer(Answer("Hi", usage=usage))

    answer = runtime.converse(modelId=NOVA, messages=HELLO)

    assert answer["usage"] == {
        "inputTokens": 10,
        "outputTokens": 20,
        "totalTokens": 370,
        "cacheReadInputTokens": 300,
        "cacheWriteInputTokens": 40,
        "cacheDetails": [{"inputTokens": 15, "ttl": "1h"}, {"inputTokens": 25, "ttl": "5m"}],
    }


@pytest.mark.parametrize("reason", ["max_tokens", "guardrail_intervened", "content_filtered"])
def test_any_stop_reason(emulator, runtime, reason):
    emulator.answer(Answer("Hi", stop_reason=reason))

    assert runtime.converse(modelId=NOVA, messages=HELLO)["stopReason"] == reason


def test_broken_arguments_are_sent_as_they_are(emulator, runtime, read_stream):
    emulator.answer(ToolUse("look", '{"city": "Os'))

    events, _ = read_stream(runtime)

    deltas = [
        e["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for e in events
        if "contentBlockDelta" in e
    ]
    assert "".join(deltas) == '{"city": "Os'


def test_steps_are_used_in_their_order_and_then_the_default_answers(emulator, runtime):
    emulator.answer("first")
    emulator.answer("second", times=2)

    answers = [said(runtime) for _ in range(4)]

    assert answers[:3] == ["first", "second", "second"]
    assert answers[3] == "This is the Bedrock emulator. You said: Hello"


def test_steps_may_be_for_some_requests_only(emulator, runtime):
    emulator.answer("for micro", when=Match(model="amazon.nova-micro-*"), times=None)
    emulator.answer("about rain", when=Match(text="RAIN"), times=None)
    emulator.answer("else", times=None)
    rain = [{"role": "user", "content": [{"text": "Will it rain?"}]}]

    micro = runtime.converse(modelId="us.amazon.nova-micro-v1:0", messages=HELLO)
    wet = runtime.converse(modelId=NOVA, messages=rain)

    assert micro["output"]["message"]["content"] == [{"text": "for micro"}]
    assert wet["output"]["message"]["content"] == [{"text": "about rain"}]
    assert said(runtime) == "else"


def test_a_refused_request_uses_no_step(emulator, runtime):
    emulator.answer("kept")
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.converse(modelId="us.acme.none", messages=HELLO)

    assert said(runtime) == "kept"


def test_requests_can_be_looked_at(emulator, runtime):
    emulator.answer("Hi")
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    messages = [{"role": "user", "content": [{"text": "Look"}, image]}]

    runtime.converse(modelId=NOVA, messages=messages, inferenceConfig={"maxTokens": 5})

    [request] = emulator.requests
    assert request.operation == "Converse"
    assert request.model_id == NOVA
    assert request.parameters["messages"] == messages
    assert request.body["inferenceConfig"] == {"maxTokens": 5}
    assert request.wait() == "complete"
    emulator.reset()
    assert emulator.requests == []


FILE = """
{
  pacing: { first: 0, between: 0 },
  steps: [
    { fault: "throttling", times: 2 },
    {
      when: { text: "weather", operation: "Converse" },
      answer: {
        content: [
          { thinking: "Hm.", signature: "c2ln" },
          { redactedThinking: "b3BhcXVl" },
          { text: "Looking.", pieces: ["Look", "ing."] },
          { toolUse: { name: "get_weather", input: { city: "Oslo" }, id: "tooluse_1" } },
        ],
        usage: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4, cacheWrite1h: 4 },
        stopReason: "tool_use",
        pacing: { between: 0.001 },
      },
    },
    { answer: "always this", times: "always" },
  ],
}
"""


def test_a_scenario_from_a_file(tmp_path):
    path = tmp_path / "scenario.json5"
    path.write_text(FILE)

    steps = Scenario.from_file(path).steps

    assert [step.times for step in steps] == [2, 1, None]
    assert steps[0].fault.code == "ThrottlingException"
    assert steps[1].when == Match("Converse", None, "weather")
    assert steps[1].answer == Answer(
        [
            Thinking("Hm.", "c2ln"),
            RedactedThinking(b"opaque"),
            Text("Looking.", ("Look", "ing.")),
            ToolUse("get_weather", {"city": "Oslo"}, id="tooluse_1"),
        ],
        stop_reason="tool_use",
        usage=TokenUsage(1, 2, 3, 4, 4),
        pacing=Pacing(0, 0.001),
    )
    assert steps[2].answer == Answer("always this")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON5"),
        ("[]", "holds no object"),
        ("{ step: [] }", "has no member 'step'"),
        ("{ steps: [{}] }", "steps[0] has neither an answer nor a fault"),
        ("{ steps: [{ answer: 'x', times: 0 }] }", "steps[0].times has to be a positive number"),
        ("{ steps: [{ fault: 'explode' }] }", "steps[0].fault: there is no fault 'explode'"),
        ("{ steps: [{ fault: { kind: 'reset', when: 3 } }] }", "a fault has no member 'when'"),
        ("{ steps: [{ fault: 'exception' }] }", "needs a code"),
        (
            "{ steps: [{ answer: { content: [{ txt: 'x' }] } }] }",
            "answer.content[0] has to be a block",
        ),
        ("{ steps: [{ answer: { content: [{ redactedThinking: '%' }] } }] }", "has to be base64"),
    ],
)
def test_a_wrong_file_names_the_place(tmp_path, text, words):
    path = tmp_path / "scenario.json5"
    path.write_text(text)

    with pytest.raises(EmulatorError) as caught:
        Scenario.from_file(path)

    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(EmulatorError, match=r"Cannot read .*nowhere\.json5"):
        Scenario.from_file(tmp_path / "nowhere.json5")
