import json

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Image,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_local.discovery import embedded_model
from modelwire_local.history import render_messages
from modelwire_local.request import DEFAULT_SYSTEM_PROMPT, build_request

EMBEDDED = embedded_model("local")
OWN = Model("local", "qwen", extra={"path": "/qwen.gguf"})
WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {}})
NEWS = Tool("news")


def request_of(context, options=None, model=EMBEDDED):
    options = options or CompletionOptions()
    return build_request(model, context, options, embedded=model is EMBEDDED)


def said_by_assistant(*blocks):
    return AssistantMessage(list(blocks), provider="other", model="m")


HELLO = Context([UserMessage("Hello")])


def test_the_embedded_model_gets_a_short_leash():
    request = request_of(HELLO)
    assert request["messages"][0] == {"role": "system", "content": DEFAULT_SYSTEM_PROMPT}
    assert request["temperature"] == 0.0
    assert request["max_tokens"] == 512


def test_a_model_of_the_users_own_is_left_to_its_defaults():
    request = request_of(HELLO, model=OWN)
    assert request["messages"] == [{"role": "user", "content": "Hello"}]
    assert not {"temperature", "max_tokens", "stop", "tools"} & set(request)


def test_what_the_caller_says_counts():
    context = Context([UserMessage("Hello")], system_prompt="Be brief.")
    options = CompletionOptions(max_tokens=9, temperature=0.7, top_p=0.9, stop=("END", ""))
    request = request_of(context, options)
    assert request["messages"][0]["content"] == "Be brief."
    assert request["max_tokens"] == 9
    assert (request["temperature"], request["top_p"], request["stop"]) == (0.7, 0.9, ["END"])


def test_an_empty_system_prompt_is_the_callers_wish():
    request = request_of(Context([UserMessage("Hello")], system_prompt=""))
    assert request["messages"][0] == {"role": "system", "content": ""}


def test_further_parameters_reach_the_engine_but_settings_do_not():
    model = Model("local", "qwen", params={"threads": 4, "top_k": 40, "seed": 1})
    request = request_of(HELLO, CompletionOptions(params={"seed": 2}), model)
    assert (request["top_k"], request["seed"]) == (40, 2)
    assert "threads" not in request


def test_further_parameters_cannot_turn_streaming_off():
    options = CompletionOptions(params={"stream": False, "messages": [], "return_progress": False})
    request = request_of(HELLO, options)
    assert request["stream"] is True
    assert request["return_progress"] is True
    assert len(request["messages"]) == 2


def test_a_schema_becomes_a_grammar():
    schema = {"type": "object"}
    request = request_of(HELLO, CompletionOptions(response_schema=schema))
    assert request["response_format"]["json_schema"] == {"schema": schema}


@pytest.mark.parametrize("limit", [0, -1])
def test_an_answer_without_tokens_is_refused(limit):
    with pytest.raises(InvalidRequest, match="at least one token"):
        request_of(HELLO, CompletionOptions(max_tokens=limit))


def test_thinking_is_switched_only_on_models_that_think():
    model = Model("local", "qwen", reasoning=True)
    request = request_of(HELLO, CompletionOptions(reasoning="off"), model)
    assert request["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in request_of(HELLO, CompletionOptions(reasoning="high"))


# What is said


def test_an_image_that_another_model_saw_is_told_in_words():
    seen = UserMessage([Text("Look:"), Image(b"png", "image/png")])
    context = Context([seen, AssistantMessage("Nice.", "other", "m"), UserMessage("And?")])
    rendered = render_messages(context, native_tools=False)
    assert rendered[0]["content"] == "Look:\n(image omitted: this model takes only text)"


def test_an_image_is_refused_with_its_place():
    context = Context([UserMessage("Look:"), UserMessage([Image(b"png", "image/png")])])
    with pytest.raises(InvalidRequest, match=r"messages\[1\] holds .* image"):
        request_of(context)


@pytest.mark.parametrize("context", [Context(), Context([UserMessage(" ")])])
def test_there_has_to_be_something_to_answer(context):
    with pytest.raises(InvalidRequest, match="no message"):
        request_of(context)


def test_neighbours_of_one_role_are_joined_and_blank_ones_dropped():
    context = Context(
        [
            UserMessage("One."),
            said_by_assistant(Thinking("hm")),
            UserMessage("Two."),
            said_by_assistant(Text("A")),
            said_by_assistant(Text("B")),
        ]
    )
    assert request_of(context, model=OWN)["messages"] == [
        {"role": "user", "content": "One.\n\nTwo."},
        {"role": "assistant", "content": "A\n\nB"},
    ]


def test_half_a_character_is_replaced():
    request = request_of(Context([UserMessage("a\ud800b")], system_prompt="\udfff"))
    assert request["messages"][1]["content"] == "a?b"
    json.dumps(request, ensure_ascii=False).encode()


# Tools

CALLED = Context(
    [
        UserMessage("Weather?"),
        said_by_assistant(Text("Let me see."), ToolCall("c1", "weather", {"city": "Paris"})),
        ToolResultMessage("c1", "weather", "Sunny"),
        ToolResultMessage("c2", "news", "", is_error=True),
    ]
)


def test_the_embedded_model_refuses_tools():
    with pytest.raises(InvalidRequest, match="cannot call tools"):
        request_of(Context([UserMessage("Weather?")], tools=[WEATHER]))


def test_tools_that_may_not_be_called_do_no_harm():
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    request = request_of(context, CompletionOptions(tool_choice=ToolChoice("none")))
    assert "tools" not in request


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


def test_calls_and_results_keep_their_form_for_models_with_tools():
    _, call, sunny, failed = request_of(CALLED, model=OWN)["messages"]
    assert call["content"] == "Let me see."
    (function,) = call["tool_calls"]
    assert function["id"] == "c1"
    assert json.loads(function["function"]["arguments"]) == {"city": "Paris"}
    assert sunny == {"role": "tool", "tool_call_id": "c1", "content": "Sunny"}
    assert failed["content"] == "Error: (no output)"


def test_calls_and_results_are_told_in_words_to_models_without_tools():
    messages = request_of(CALLED)["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert 'weather with {"city": "Paris"}' in messages[2]["content"]
    assert "weather returned: Sunny" in messages[3]["content"]
    assert "news returned: Error" in messages[3]["content"]
