"""The length of answers: `maxTokens` holds, and Claude has a limit where none is sent."""

import pytest

from modelwire_bedrock.emulator import Text, Thinking, ToolUse

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
LONG = "word " * 8000
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
TOOLS = {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]}


def said(answer):
    return answer["output"]["message"]["content"]


@pytest.mark.parametrize(
    ("model", "sent", "tokens", "reason"),
    [
        (CLAUDE, {"maxTokens": 100}, 100, "max_tokens"),
        (CLAUDE, {}, 4096, "max_tokens"),
        (CLAUDE, {"maxTokens": 20_000}, None, "end_turn"),
        (NOVA, {}, 10_000, "end_turn"),
    ],
)
def test_an_answer_ends_where_the_limit_is(emulator, runtime, model, sent, tokens, reason):
    emulator.answer(LONG)

    answer = runtime.converse(modelId=model, messages=HELLO, inferenceConfig=sent)

    assert answer["stopReason"] == reason
    if reason == "max_tokens":
        assert answer["usage"]["outputTokens"] == tokens
        assert len(said(answer)[0]["text"]) == tokens * 4
    else:
        assert said(answer)[0]["text"] == LONG


def test_thinking_counts_and_what_comes_after_it_is_left_out(emulator, runtime):
    emulator.answer([Thinking("hm " * 1000, "c2ln"), Text("Done.")])

    answer = runtime.converse(modelId=CLAUDE, messages=HELLO, inferenceConfig={"maxTokens": 10})

    assert answer["stopReason"] == "max_tokens"
    assert len(said(answer)) == 1
    assert said(answer)[0]["reasoningContent"]["reasoningText"]["text"] == ("hm " * 14)[:40]


def test_arguments_that_are_too_long_are_cut_in_the_stream(emulator, runtime, read_stream):
    emulator.answer(ToolUse("look", {"at": "x" * 1000}, pieces=3))

    events, failure = read_stream(
        runtime, modelId=CLAUDE, toolConfig=TOOLS, inferenceConfig={"maxTokens": 50}
    )

    pieces = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert failure is None
    assert len("".join(piece["toolUse"]["input"] for piece in pieces)) == 200
    assert [e["messageStop"]["stopReason"] for e in events if "messageStop" in e] == ["max_tokens"]
    assert sum("contentBlockStop" in event for event in events) == 1


def test_a_budget_for_thinking_comes_on_top_of_the_usual_limit(emulator, runtime):
    emulator.answer("word " * 4000)
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 4000}}

    answer = runtime.converse(modelId=CLAUDE, messages=HELLO, additionalModelRequestFields=thinking)

    assert answer["stopReason"] == "end_turn"
