"""What other models and broken turns left in a history does no harm."""

from __future__ import annotations

import pytest

from modelwire.messages import (
    AssistantMessage,
    File,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def test_the_signature_that_another_model_put_on_a_call_is_not_sent(build):
    call = ToolCall("a", "read", {"path": "x"}, "Z2VtaW5p")
    messages = [
        UserMessage("go"),
        AssistantMessage([Text("I look.", "dGV4dA"), call], "google", "gemini"),
        ToolResultMessage("a", "read", "42"),
    ]
    said = build(messages, tools=[Tool("read")]).payload["messages"][1]["content"]
    assert said == [
        {"text": "I look."},
        {"toolUse": {"toolUseId": "a", "name": "read", "input": {"path": "x"}}},
    ]


@pytest.mark.parametrize("stopped", [StopReason.ABORTED, StopReason.ERROR])
def test_a_turn_that_was_stopped_while_it_thought_is_left_out(build, stopped):
    thought = AssistantMessage(
        [Thinking("Let me see", "c2ln")], "amazon-bedrock", CLAUDE, stop_reason=stopped
    )
    messages = [UserMessage("go"), thought, UserMessage("again")]
    request = build(messages, CLAUDE, reasoning="low", cache_retention="none")
    assert request.payload["messages"] == [
        {"role": "user", "content": [{"text": "go"}, {"text": "again"}]}
    ]


@pytest.mark.parametrize("content", [[], "", "  \n", [Text("")], [Text(" "), Text("")]])
def test_a_conversation_of_nothing_is_still_a_request(build, content):
    request = build([UserMessage(content)], cache_retention="none")
    assert request.payload["messages"] == [{"role": "user", "content": [{"text": "."}]}]


@pytest.mark.parametrize(
    "name", ["awsProfile", "endpoint", "endpointUrl", "baseUrl", "bearerToken", "accessKeyId"]
)
def test_a_parameter_that_does_not_steer_a_call_is_said_to_be_ignored(build, name):
    request = build(params={name: "c2VjcmV0"})
    (change,) = request.changes
    assert (change.kind, change.path) == ("ignored", f"options.params.{name}")
    assert "c2VjcmV0" not in change.reason


@pytest.mark.parametrize("name", ["region", "profile"])
def test_a_parameter_that_does_is_not(build, name):
    assert build(params={name: "x"}).changes == ()


def test_a_sound_in_a_result_is_a_word_about_it_where_the_model_hears_nothing(build):
    answer = AssistantMessage([ToolCall("a", "listen")], "openai", "gpt")
    sound = File(b"RIFF", "audio/wav")
    request = build(
        [UserMessage("go"), answer, ToolResultMessage("a", "listen", [Text("so:"), sound])],
        CLAUDE,
        tools=[Tool("listen")],
        cache_retention="none",
    )
    [block] = request.payload["messages"][2]["content"]
    said, told = block["toolResult"]["content"]
    assert said == {"text": "so:"}
    assert "audio" in told["text"]
