"""A conversation that holds data which is nested too deep can go on without it."""

import pytest

from modelwire.messages import (
    AssistantMessage,
    Context,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.repair import Change, Changes, ToolNames, clean_arguments, clean_json, offered_tools
from modelwire.repair.depth import limit_depth


def nested(levels):
    data = {}
    for _ in range(levels - 1):
        data = {"a": data}
    return data


def cyclic():
    data = {}
    data["again"] = [data, data]
    return data


REASON = "The arguments were nested deeper than 128 levels; an empty object is sent."


def test_a_value_at_the_limit_is_kept_and_one_beyond_it_becomes_null():
    assert clean_json(nested(128)) == nested(128)
    for deep in (nested(129), nested(100_000), cyclic(), [[cyclic()]]):
        assert clean_json(deep) is None


def test_integers_that_cannot_be_written_become_null():
    assert clean_json([10**5000, -(10**5000), 2**70]) == [None, None, 2**70]


@pytest.mark.parametrize("arguments", [nested(129), cyclic(), '{"a":' * 600 + "1" + "}" * 600])
def test_arguments_that_are_too_deep_are_sent_as_an_empty_object(arguments):
    changes = Changes()
    assert clean_arguments(ToolCall("c", "tool", arguments), "messages[3]", changes) == {}
    assert changes.noted == [Change("rewritten", "messages[3].arguments", REASON)]


def test_a_schema_that_is_too_deep_says_any_object():
    changes = Changes()
    tool = Tool("t", "", nested(600))
    (offered,) = offered_tools([tool], ToolNames.of(["t"]), changes)
    assert offered.parameters == {"properties": {}}
    assert changes.noted[0].reason.startswith("The schema was nested deeper than 128 levels")


@pytest.mark.parametrize("deep", [nested(129), nested(600), cyclic()], ids=["129", "600", "itself"])
def test_a_context_loses_what_is_too_deep_and_nothing_else(deep):
    answer = AssistantMessage(
        [Text("I call"), ToolCall("c", "tool", deep), ToolCall("d", "tool", {"a": [1]})],
        "acme",
        "m-1",
        diagnostics=[{"type": "kept"}, {"type": "deep", "data": deep}],
    )
    result = ToolResultMessage("c", "tool", "ok", details={"deep": {"er": {"still": deep}}})
    context = Context([UserMessage("x"), answer, result], system_prompt="s", tools=[Tool("tool")])
    changes = Changes()
    repaired = limit_depth(context, changes)
    assert changes.noted == [
        Change("rewritten", "messages[1].content[1].arguments", REASON),
        Change("dropped", "messages[1].diagnostics[1]", "It was nested deeper than 128 levels."),
        Change("dropped", "messages[2].details", "It was nested deeper than 128 levels."),
    ]
    assert repaired.messages[1].content == [
        Text("I call"),
        ToolCall("c", "tool", {}),
        ToolCall("d", "tool", {"a": [1]}),
    ]
    assert repaired.messages[1].diagnostics == [{"type": "kept"}]
    assert repaired.messages[2].details is None
    assert (repaired.system_prompt, repaired.tools) == ("s", context.tools)
    assert repaired.messages[0] is context.messages[0]
    assert context.messages[1].content[1].arguments is deep


def test_a_context_that_is_not_too_deep_stays_the_same_object():
    context = Context([UserMessage("x"), AssistantMessage("y", "acme", "m-1")])
    assert limit_depth(context, Changes()) is context
