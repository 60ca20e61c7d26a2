"""Histories are repaired before the model sees them, and each repair is recorded."""

import json
from functools import partial

import pytest

from modelwire.errors import InvalidRequest
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    Image,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_local.chat.history import messages_of
from modelwire_local.chat.rendering import Rendering
from modelwire_local.template import PLAIN, ChatTemplate

NATIVE = ChatTemplate(tools=True, tool_calls=True)
MODEL = Model("local", "qwen")


def render(*messages, template=NATIVE):
    """The chat messages, and the kinds and places of the changes."""
    rendering = Rendering.of(MODEL, Context(messages), template)
    written = messages_of(messages, rendering)
    return written, [(change.kind, change.path) for change in rendering.changes.noted]


in_words = partial(render, template=PLAIN)


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def said_by_assistant(*blocks, **details):
    return AssistantMessage(list(blocks), provider="other", model="m", **details)


ASK = UserMessage("Weather?")
CALL = ToolCall("c1", "weather", {"city": "Paris"})
SUNNY = ToolResultMessage("c1", "weather", "Sunny")


@pytest.mark.parametrize("template", [NATIVE, PLAIN])
def test_a_failed_answer_and_a_result_without_a_call_are_not_sent(template):
    messages, changes = render(
        UserMessage("One."),
        said_by_assistant(Text("Half an"), stop_reason=StopReason.ERROR),
        ToolResultMessage("c9", "weather", "Sunny"),
        UserMessage("Two."),
        template=template,
    )
    assert messages == [user("One.\n\nTwo.")]
    assert changes == [
        ("dropped", "messages[1]"),
        ("dropped", "messages[2]"),
        ("merged", "messages[3]"),
    ]


def test_a_history_that_needs_no_repair_is_sent_as_it_is():
    messages, changes = render(
        UserMessage("One."), said_by_assistant(Text("A"), Text("B")), UserMessage("Two.")
    )
    assert messages == [user("One."), assistant("AB"), user("Two.")]
    assert changes == []


def test_neighbours_of_one_role_are_joined_and_blank_ones_dropped():
    messages, changes = render(
        UserMessage("One."),
        said_by_assistant(Thinking("hm")),
        UserMessage("Two."),
        said_by_assistant(Text("A")),
        said_by_assistant(Text("B"), Text(" ")),
        UserMessage("\n"),
    )
    assert messages == [user("One.\n\nTwo."), assistant("A\n\nB")]
    assert changes == [
        ("dropped", "messages[1].content[0]"),
        ("dropped", "messages[1]"),
        ("merged", "messages[2]"),
        ("dropped", "messages[4].content[1]"),
        ("merged", "messages[4]"),
        ("dropped", "messages[5].content[0]"),
        ("dropped", "messages[5]"),
    ]


# Tool calls and results


def test_calls_and_results_keep_their_form_where_the_template_renders_them():
    messages, changes = render(
        ASK,
        said_by_assistant(Text("Let me see."), CALL, ToolCall("c2", "news", {})),
        SUNNY,
        ToolResultMessage("c2", "news", "", is_error=True),
    )
    _, call, sunny, failed = messages
    assert call["content"] == "Let me see."
    first, second = call["tool_calls"]
    assert (first["id"], second["id"]) == ("c1", "c2")
    assert json.loads(first["function"]["arguments"]) == {"city": "Paris"}
    assert sunny == {"role": "tool", "tool_call_id": "c1", "content": "Sunny"}
    assert failed == {"role": "tool", "tool_call_id": "c2", "content": "Error: (no output)"}
    assert changes == [("dropped", "messages[3].content[0]"), ("added", "messages[3]")]


def test_calls_and_results_are_put_into_words_where_the_template_leaves_them_out():
    messages, changes = in_words(
        ASK,
        said_by_assistant(Text("Let me see."), CALL, ToolCall("c2", "news", {})),
        SUNNY,
        ToolResultMessage("c2", "news", "", is_error=True),
        UserMessage("And?"),
    )
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert 'weather with {"city": "Paris"}' in messages[1]["content"]
    assert "weather returned: Sunny" in messages[2]["content"]
    assert "news returned: Error" in messages[2]["content"]
    assert messages[2]["content"].endswith("\n\nAnd?")
    assert changes == [
        ("rewritten", "messages[1].content[1]"),
        ("rewritten", "messages[1].content[2]"),
        ("rewritten", "messages[2]"),
        ("dropped", "messages[3].content[0]"),
        ("added", "messages[3]"),
        ("rewritten", "messages[3]"),
    ]


def test_a_call_without_a_result_gets_one():
    messages, changes = render(ASK, said_by_assistant(CALL), UserMessage("Never mind."))
    assert messages[2:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "No result provided"},
        user("Never mind."),
    ]
    assert changes == [("added", "messages[1].content[0]")]


def test_a_call_without_a_result_gets_one_in_words():
    messages, _ = in_words(ASK, said_by_assistant(CALL), UserMessage("Never mind."))
    assert messages[2:] == [user("[The tool weather returned: No result provided]\n\nNever mind.")]


def test_a_result_is_sent_before_what_the_user_says():
    messages, changes = render(ASK, said_by_assistant(CALL), UserMessage("Well?"), SUNNY)
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "user"]
    assert changes == [("moved", "messages[3]")]


def test_calls_of_a_failed_answer_are_dropped_with_their_results():
    failed = said_by_assistant(CALL, stop_reason=StopReason.ABORTED)
    messages, changes = render(ASK, failed, SUNNY)
    assert messages == [user("Weather?")]
    assert changes == [("dropped", "messages[1]"), ("dropped", "messages[2]")]


def test_names_and_ids_are_made_legal_and_unique():
    named = ToolCall("call|1", "get.weather", {})
    messages, changes = render(
        ASK,
        said_by_assistant(named),
        ToolResultMessage("call|1", "get.weather", "Sunny"),
        said_by_assistant(named),
        ToolResultMessage("call|1", "get.weather", "Rain"),
    )
    ids = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    results = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    (name,) = {c["function"]["name"] for m in messages for c in m.get("tool_calls", ())}
    assert ids == results
    assert len(set(ids)) == 2
    assert all(word.replace("_", "").isalnum() for word in (name, *ids))
    assert ("rewritten", "messages[1].content[0].name") in changes
    assert ("rewritten", "messages[1].content[0].id") in changes
    assert ("rewritten", "messages[3].content[0].id") in changes


@pytest.mark.parametrize("template", [NATIVE, PLAIN])
def test_arguments_are_sent_as_a_json_object(template):
    call = ToolCall("c1", "weather", {"city": "a\ud800b", "at": float("nan")})
    messages, changes = render(ASK, said_by_assistant(call), SUNNY, template=template)
    assert "ab" in json.dumps(messages)
    json.dumps(messages, ensure_ascii=False).encode()
    assert ("rewritten", "messages[1].content[0].arguments") in changes


# Images and files


@pytest.mark.parametrize("block", [Image(b"png", "image/png"), File(b"pdf", "application/pdf")])
def test_what_another_model_saw_is_a_placeholder(block):
    messages, changes = in_words(
        UserMessage([Text("Look:"), block]), said_by_assistant(Text("Nice.")), UserMessage("And?")
    )
    kind = type(block).__name__.lower()
    assert messages[0] == user(f"Look:\n({kind} omitted: this model takes only text)")
    assert changes == [("rewritten", "messages[0].content[1]")]


def test_an_image_is_refused_with_its_place():
    with pytest.raises(InvalidRequest, match=r"messages\[1\] holds .* image"):
        render(UserMessage("Look:"), UserMessage([Image(b"png", "image/png")]))


def test_an_image_in_a_new_result_is_refused_with_its_place():
    picture = ToolResultMessage("c1", "weather", [Image(b"png", "image/png")])
    with pytest.raises(InvalidRequest, match=r"messages\[2\] holds .* image"):
        render(ASK, said_by_assistant(CALL), picture)
