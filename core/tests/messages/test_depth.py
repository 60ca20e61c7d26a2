"""Data in messages is limited in depth where it is read and where it is written."""

import json

import pytest

from modelwire.errors import InvalidMessage
from modelwire.events import DoneEvent, ErrorEvent, ToolCallEndEvent
from modelwire.events.codec import event_from_json, event_to_json
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.codec import (
    context_from_json,
    context_to_json,
    message_from_json,
    message_to_json,
)
from modelwire.messages.depth import deep_parts, without_deep_parts

LIMIT = 128


def nested(levels):
    """Data of so many levels, objects and lists in turn."""
    data = 1
    for level in range(levels - 1):
        data = [data] if level % 2 else {"a": data}
    return {"top": data}


def cyclic():
    data = {}
    data["again"] = [data, data]
    return data


def calling(arguments, **more):
    return AssistantMessage([ToolCall("c", "tool", arguments)], "acme", "m-1", **more)


DEEP = {
    "content[0].arguments": lambda levels: calling(nested(levels)),
    "diagnostics[1]": lambda levels: calling({}, diagnostics=[{}, nested(levels + 1)]),
    "details": lambda levels: ToolResultMessage("c", "tool", "ok", details=nested(levels + 2)),
}


@pytest.mark.parametrize("place", DEEP)
def test_a_message_at_the_limit_survives_the_way_to_json_and_back(place):
    message = DEEP[place](LIMIT)
    text = json.dumps(message_to_json(message))
    assert message_from_json(json.loads(text)) == message
    assert list(deep_parts(message)) == []


@pytest.mark.parametrize("place", DEEP)
@pytest.mark.parametrize("levels", [LIMIT + 1, 600, 100_000])
def test_a_message_beyond_the_limit_is_not_written_and_its_place_is_named(place, levels):
    with pytest.raises(InvalidMessage) as caught:
        message_to_json(DEEP[place](levels))
    assert str(caught.value.problems[0]) == f"{place}: nested deeper than 128 levels"


def test_a_message_that_holds_itself_is_not_written():
    for message in (
        calling(cyclic()),
        calling({}, diagnostics=[cyclic()]),
        ToolResultMessage("c", "tool", "ok", details=cyclic()),
    ):
        with pytest.raises(InvalidMessage, match="nested deeper"):
            message_to_json(message)
        message_to_json(without_deep_parts(message))


@pytest.mark.parametrize("levels", [LIMIT + 1, 600, 100_000])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_message_beyond_the_limit_is_not_read(levels, as_text):
    arguments = nested(levels)
    if as_text:
        arguments = '{"a":' * levels + "1" + "}" * levels
    call = {"type": "toolCall", "id": "c", "name": "tool", "arguments": arguments}
    data = {"role": "assistant", "provider": "p", "model": "m", "content": [call]}
    for read, given, place in (
        (message_from_json, data, "content[0]"),
        (context_from_json, {"messages": [data]}, "messages[0].content[0]"),
    ):
        with pytest.raises(InvalidMessage) as caught:
            read(given)
        (problem,) = caught.value.problems
        assert problem.path.startswith(place)
        assert "nested deeper than 128 levels" in problem.message


def test_a_context_names_the_message_and_the_tool():
    context = Context(
        [UserMessage("x"), calling(nested(600))], tools=[Tool("a"), Tool("b", "", nested(600))]
    )
    with pytest.raises(InvalidMessage) as caught:
        context_to_json(context)
    assert [problem.path for problem in caught.value.problems] == [
        "messages[1].content[0].arguments",
        "tools[1].parameters",
    ]


def test_an_event_names_the_message_in_it():
    message = calling(nested(600))
    events = {
        "message.content[0].arguments": DoneEvent(StopReason.TOOL_USE, message),
        "error.content[0].arguments": ErrorEvent(StopReason.ERROR, message),
        "toolCall.arguments": ToolCallEndEvent(0, message.content[0]),
    }
    for place, event in events.items():
        with pytest.raises(InvalidMessage) as caught:
            event_to_json(event)
        assert caught.value.problems[0].path == place
    call = {"type": "toolCall", "id": "c", "name": "tool", "arguments": nested(600)}
    with pytest.raises(InvalidMessage, match=r"toolCall\.arguments: nested deeper"):
        event_from_json({"type": "toolcall_end", "contentIndex": 0, "toolCall": call})


def test_data_at_the_limit_needs_less_than_half_of_pythons_stack():
    """Frameworks that call modelwire have some hundred calls open when they do."""
    message = calling(nested(LIMIT))

    def from_below(calls):
        return from_below(calls - 1) if calls else json.dumps(message_to_json(message))

    assert from_below(400)


def test_numbers_that_json_does_not_have_are_written_as_null():
    written = message_to_json(calling({"a": [float("inf"), float("nan"), 10**5000, 1.5]}))
    assert written["content"][0]["arguments"] == {"a": [None, None, None, 1.5]}


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', "[1]", "{"])
def test_arguments_as_text_have_to_be_a_json_object(text):
    call = {"type": "toolCall", "id": "c", "name": "tool", "arguments": text}
    data = {"role": "assistant", "provider": "p", "model": "m", "content": [call]}
    with pytest.raises(InvalidMessage, match=r"content\[0\]: the arguments (hold|are not)"):
        message_from_json(data)
