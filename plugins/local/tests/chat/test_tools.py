"""Which tools are offered, and whether the chat template or prompts have them called."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
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


ASKED = Context([UserMessage("Weather?")], tools=[WEATHER, NEWS])
ANSWERED = Context(
    [
        UserMessage("Weather?"),
        AssistantMessage([ToolCall("c1", "weather", {})], "local", "m"),
        ToolResultMessage("c1", "weather", "Sunny"),
    ],
    tools=[WEATHER, NEWS],
)


def called_by_prompt(context, options=None, model=OWN, template=NATIVE):
    """The tools that prompts have called, and whether an answer in words is possible."""
    prompts = built(context, options, model, template).prompts
    return prompts and (list(prompts.calls), prompts.no_tool is not None)


def test_a_chat_template_that_renders_tools_gets_them():
    request = built(ASKED, None, OWN, NATIVE)
    assert [tool["function"]["name"] for tool in request.payload["tools"]] == ["weather", "news"]
    assert "tool_choice" not in request.payload
    assert request.prompts is None
    assert not request.changes


@pytest.mark.parametrize("template", [PLAIN, ChatTemplate(tools=True, tool_calls=False)])
def test_prompts_have_tools_called_where_the_chat_template_cannot(template):
    assert called_by_prompt(ASKED, template=template) == (["weather", "news"], True)
    assert "tools" not in request_of(ASKED, model=OWN, template=template)
    assert changes_of(ASKED, template=template) == [("rewritten", "tools")]


def test_the_embedded_model_has_tools_called_by_prompts_without_a_remark():
    assert called_by_prompt(ASKED, model=EMBEDDED, template=PLAIN) == (["weather", "news"], True)
    assert changes_of(ASKED, model=EMBEDDED, template=PLAIN) == []


@pytest.mark.parametrize("template", [PLAIN, NATIVE])
@pytest.mark.parametrize(
    ("choice", "names"),
    [(ToolChoice("any"), ["weather", "news"]), (ToolChoice("tool", "news"), ["news"])],
)
@pytest.mark.parametrize("schema", [None, SCHEMA])
@pytest.mark.parametrize(("model", "context"), [(OWN, ASKED), (EMBEDDED, ANSWERED)])
def test_a_demanded_call_is_made_whatever_the_template(
    template, choice, names, schema, model, context
):
    options = CompletionOptions(tool_choice=choice, response_schema=schema)
    assert called_by_prompt(context, options, model, template) == (names, False)
    assert "tools" not in request_of(context, options, model, template)


def test_an_answer_that_follows_a_schema_can_be_a_call_instead():
    options = CompletionOptions(response_schema=SCHEMA)
    request = built(ASKED, options, OWN, NATIVE)
    assert "tools" not in request.payload
    assert "response_format" in request.payload
    assert (list(request.prompts.calls), request.prompts.no_tool) == (["weather", "news"], "none")
    assert changes_of(ASKED, options) == [("rewritten", "tools")]


@pytest.mark.parametrize("model", [EMBEDDED, OWN])
def test_tools_that_may_not_be_called_do_no_harm(model):
    options = CompletionOptions(tool_choice=ToolChoice("none"))
    assert "tools" not in request_of(ASKED, options, model)
    assert called_by_prompt(ASKED, options, model) is None
    assert changes_of(ASKED, options, model) == [("dropped", "tools")]


def test_the_embedded_model_answers_a_result_in_words():
    assert called_by_prompt(ANSWERED, model=EMBEDDED) is None
    assert ("dropped", "tools") in changes_of(ANSWERED, model=EMBEDDED)
    assert called_by_prompt(ANSWERED, model=OWN, template=PLAIN) == (["weather", "news"], True)


def test_a_model_declared_without_tools_refuses_them():
    model = Model("local", "own", extra={"path": "/own.gguf", "tools": False})
    with pytest.raises(InvalidRequest, match="cannot call tools"):
        request_of(ASKED, model=model)


def test_a_demanded_tool_has_to_exist():
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    options = CompletionOptions(tool_choice=ToolChoice("tool", "news"))
    with pytest.raises(InvalidRequest, match="news is demanded"):
        request_of(context, options, OWN)


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


@pytest.mark.parametrize("template", [PLAIN, NATIVE])
def test_a_schema_that_cannot_be_followed_is_refused_with_its_place(template):
    schema = {"type": "object", "properties": {"city": {"unevaluatedItems": False}}}
    context = Context([UserMessage("Weather?")], tools=[NEWS, Tool("weather", "", schema)])
    with pytest.raises(InvalidRequest, match=r"tools\[1\].parameters.properties.city.unevaluated"):
        request_of(context, model=OWN, template=template)
    with pytest.raises(InvalidRequest, match=r"options.response_schema.properties.city.uneval"):
        request_of(ASKED, CompletionOptions(response_schema=schema))
