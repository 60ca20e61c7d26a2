"""Tools as a request may offer them: each once, legally named, with a schema that is JSON."""

import math

from modelwire.messages import Tool
from modelwire.repair import Changes, OfferedTool, ToolNames, offered_tools

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def offered(*tools):
    changes = Changes()
    names = ToolNames.of(tool.name for tool in tools)
    made = list(offered_tools(tools, names, changes))
    return made, [(change.kind, change.path) for change in changes.noted]


def test_a_sound_tool_stays_as_it_is():
    made, told = offered(Tool("weather", "Tells it.", SCHEMA))
    assert made == [OfferedTool("tools[0]", "weather", "weather", "Tells it.", SCHEMA)]
    assert told == []


def test_of_two_tools_with_one_name_the_first_counts():
    made, told = offered(Tool("b", "First."), Tool("a"), Tool("b", "Second."))
    assert [(tool.name, tool.description) for tool in made] == [("b", "First."), ("a", None)]
    assert told == [("dropped", "tools[2]")]


def test_a_name_that_is_not_legal_is_reported():
    (tool,), told = offered(Tool("files.read"))
    assert tool.name == "files.read"
    assert tool.wire_name.startswith("files_read_")
    assert told == [("rewritten", "tools[0].name")]


def test_a_blank_description_is_none():
    (tool,), told = offered(Tool("weather", " \n"))
    assert tool.description is None
    assert told == []


def test_a_schema_becomes_json():
    (tool,), told = offered(Tool("weather", parameters={"maximum": math.inf}))
    assert tool.parameters == {"maximum": None}
    assert told == [("rewritten", "tools[0].parameters")]


def test_what_is_no_schema_takes_any_object():
    (tool,), told = offered(Tool("weather", parameters=["no schema"]))
    assert tool.parameters == {"properties": {}}
    assert told == [("rewritten", "tools[0].parameters")]
