"""Tools reach the model, or it is said that they do not."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context, Tool, UserMessage
from modelwire.models import Model
from modelwire_local.chat.request import build_request
from modelwire_local.discovery import embedded_model
from modelwire_local.template import PLAIN, ChatTemplate

EMBEDDED = embedded_model("local")
OWN = Model("local", "qwen", extra={"path": "/qwen.gguf"})
WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {}})
NEWS = Tool("news")
NATIVE = ChatTemplate(tools=True, tool_calls=True)
SCHEMA = {"type": "object"}


def built(context, options, model, template):
    options = options or CompletionOptions()
    return build_request(model, context, options, embedded=model is EMBEDDED, template=template)


def request_of(context, options=None, model=EMBEDDED, template=NATIVE):
    return built(context, options, model, template).payload


def changes_of(context, options=None, model=OWN, template=NATIVE):
    return [(c.kind, c.path) for c in built(context, options, model, template).changes]


def test_the_embedded_model_refuses_tools():
    with pytest.raises(InvalidRequest, match="cannot call tools"):
        request_of(Context([UserMessage("Weather?")], tools=[WEATHER]))


@pytest.mark.parametrize("model", [EMBEDDED, OWN])
def test_tools_that_may_not_be_called_do_no_harm(model):
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    options = CompletionOptions(tool_choice=ToolChoice("none"))
    assert "tools" not in request_of(context, options, model)
    assert changes_of(context, options, model) == [("dropped", "tools")]


def test_a_model_declared_without_tools_refuses_them():
    model = Model("local", "own", extra={"path": "/own.gguf", "tools": False})
    with pytest.raises(InvalidRequest, match="cannot call tools"):
        request_of(Context([UserMessage("Weather?")], tools=[WEATHER]), model=model)


def test_a_model_of_the_users_own_gets_the_tools():
    context = Context([UserMessage("Weather?")], tools=[WEATHER, NEWS])
    request = request_of(context, model=OWN)
    assert [tool["function"]["name"] for tool in request["tools"]] == ["weather", "news"]
    assert "tool_choice" not in request


@pytest.mark.parametrize(
    ("choice", "names"),
    [(ToolChoice("any"), ["weather", "news"]), (ToolChoice("tool", "news"), ["news"])],
)
def test_a_demanded_call_is_demanded_of_the_engine(choice, names):
    context = Context([UserMessage("Weather?")], tools=[WEATHER, NEWS])
    request = request_of(context, CompletionOptions(tool_choice=choice), OWN)
    assert [tool["function"]["name"] for tool in request["tools"]] == names
    assert request["tool_choice"] == "required"


def test_a_demanded_tool_has_to_exist():
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    options = CompletionOptions(tool_choice=ToolChoice("tool", "news"))
    with pytest.raises(InvalidRequest, match="news is demanded"):
        request_of(context, options, OWN)


def test_a_demanded_tool_is_the_only_one_left_and_that_is_recorded():
    context = Context([UserMessage("Weather?")], tools=[WEATHER, NEWS])
    options = CompletionOptions(tool_choice=ToolChoice("tool", "news"))
    assert changes_of(context, options) == [("rewritten", "options.tool_choice")]


@pytest.mark.parametrize("model", [EMBEDDED, OWN])
def test_a_demanded_call_needs_tools(model):
    options = CompletionOptions(tool_choice=ToolChoice("any"))
    with pytest.raises(InvalidRequest, match="there are no tools"):
        request_of(Context([UserMessage("Weather?")]), options, model)


def test_tools_are_offered_once_under_legal_names():
    tools = [Tool("get.weather", "Now.", {"properties": {}}), WEATHER, WEATHER]
    context = Context([UserMessage("Weather?")], tools=tools)
    request = built(context, None, OWN, NATIVE)
    first, second = (tool["function"] for tool in request.payload["tools"])
    assert request.tool_names == {first["name"]: "get.weather"}
    assert first["parameters"] == {"type": "object", "properties": {}}
    assert second["name"] == "weather"
    assert changes_of(context) == [("rewritten", "tools[0].name"), ("dropped", "tools[2]")]


@pytest.mark.parametrize("choice", [None, ToolChoice("auto")])
@pytest.mark.parametrize(("template", "schema"), [(PLAIN, None), (NATIVE, SCHEMA), (PLAIN, SCHEMA)])
def test_tools_that_the_model_could_not_call_are_left_out_and_that_is_recorded(
    template, schema, choice
):
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    options = CompletionOptions(tool_choice=choice, response_schema=schema)
    request = built(context, options, OWN, template)
    assert not {"tools", "tool_choice"} & set(request.payload)
    assert changes_of(context, options, template=template) == [("dropped", "tools")]


@pytest.mark.parametrize("choice", [ToolChoice("any"), ToolChoice("tool", "weather")])
@pytest.mark.parametrize(
    ("template", "schema", "why"),
    [(PLAIN, None, "chat template"), (NATIVE, SCHEMA, "follows a schema")],
)
def test_a_demanded_call_that_the_model_could_not_make_is_refused(template, schema, why, choice):
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    options = CompletionOptions(tool_choice=choice, response_schema=schema)
    with pytest.raises(InvalidRequest, match=why):
        request_of(context, options, OWN, template)
