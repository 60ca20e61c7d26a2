"""The memory of tools: it holds for a tool that lives and is as it was, and for no other."""

import copy
import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.errors import InvalidMessage
from modelwire.messages import Tool
from modelwire.messages.tool_memory import ToolMemory
from modelwire.messages.validity import check_tools
from modelwire.repair import Changes, ToolNames, offered_tools

PARAMETERS = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
JSON = st.recursive(
    st.sampled_from([0, 1, True, False, None, 0.0, 1.0, "", "a", "\ud83d", float("nan")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=6,
)


def a_tool():
    return Tool("add", "Adds.", copy.deepcopy(PARAMETERS))


def offered(tools):
    """What is offered of tools, and what had to be changed."""
    changes = Changes()
    names = ToolNames.of(tool.name for tool in tools)
    return repr(list(offered_tools(tools, names, changes))), changes.noted


def test_it_knows_a_tool_that_is_as_it_was():
    memory, tool = ToolMemory(), a_tool()
    assert memory.get(tool) is None
    memory.keep(tool, "seen")
    assert memory.get(tool) == "seen"
    assert memory.get(a_tool()) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda tool: setattr(tool, "name", "sum"),
        lambda tool: setattr(tool, "description", ""),
        lambda tool: setattr(tool, "strict", True),
        lambda tool: tool.parameters["properties"].clear(),
        # Equal in Python, and not in JSON.
        lambda tool: tool.parameters["properties"]["n"].update(minimum=True),
        lambda tool: tool.parameters["properties"]["n"].update(minimum=1.0),
    ],
)
def test_it_does_not_know_a_tool_that_was_changed(change):
    memory, tool = ToolMemory(), a_tool()
    memory.keep(tool, "seen")
    change(tool)
    assert memory.get(tool) is None


def test_what_is_kept_goes_with_its_tool():
    memory, tool = ToolMemory(), a_tool()
    memory.keep(tool, "seen")
    memory.keep(tool, "seen again")
    assert len(memory._kept) == 1
    del tool
    gc.collect()
    assert not memory._kept


def test_nothing_is_kept_of_a_tool_that_holds_what_json_lacks():
    memory, tool = ToolMemory(), Tool("add", "", {"default": object()})
    memory.keep(tool, "seen")
    assert memory.get(tool) is None


@settings(deadline=None)
@given(first=JSON, second=JSON)
def test_a_tool_is_offered_as_a_new_one_would_be(first, second):
    tool = Tool("add", "Adds.", {"a": first})
    for parameters in ({"a": first}, {"a": second}, {"a": first}):
        tool.parameters = parameters
        for _ in range(2):
            assert offered([tool]) == offered([Tool("add", "Adds.", copy.deepcopy(parameters))])


def test_a_tool_that_is_broken_after_it_was_checked_is_refused():
    tool = a_tool()
    check_tools([tool])
    check_tools([tool])
    tool.parameters["default"] = object()
    for _ in range(2):
        with pytest.raises(InvalidMessage, match="must be JSON"):
            check_tools([tool])
