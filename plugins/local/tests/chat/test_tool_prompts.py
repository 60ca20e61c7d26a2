"""The prompts that have tools chosen and called."""

import pytest

from modelwire.repair import OfferedTool
from modelwire_local.chat.tool_prompts import tool_prompts

CITY = {"type": "object", "properties": {"city": {"type": "string", "description": "Its name."}}}
WEATHER = OfferedTool("tools[0]", "weather", "weather", "Tells the weather.\n\nFor a day.", CITY)
NEWS = OfferedTool(
    "tools[1]", "news", "world_news", None, {"type": "object", "properties": {"at": {}}}
)
USER = {"role": "user", "content": "Weather in Oslo?"}
SYSTEM = {"role": "system", "content": "Be brief."}


def prompts(*messages, tools=(WEATHER, NEWS), must_call=False, embedded=False, **fields):
    payload = {"messages": list(messages), "max_tokens": 9, **fields}
    return tool_prompts(tools, payload, must_call=must_call, embedded=embedded)


def test_tools_are_listed_with_their_first_paragraph_and_have_an_example_each():
    system, *examples = prompts(USER).examples
    assert "- weather(city): Tells the weather.\n" in system["content"]
    assert "- world_news(at): world news\n" in system["content"]
    assert "- none: " in system["content"]
    assert examples[:4] == [
        {"role": "user", "content": "Tells the weather."},
        {"role": "assistant", "content": "weather"},
        {"role": "user", "content": "world news"},
        {"role": "assistant", "content": "world_news"},
    ]
    assert [turn["role"] for turn in examples] == ["user", "assistant"] * 4


def test_the_callers_system_prompt_is_kept_but_for_the_embedded_model():
    for embedded in (False, True):
        found = prompts(SYSTEM, USER, embedded=embedded)
        first = [found.examples[0], found.calls["weather"]["messages"][0]]
        assert all(m["content"].startswith("Be brief.") is not embedded for m in first)
        assert found.conversation == (USER,)


def test_a_conversation_begins_with_the_user():
    assert prompts({"role": "assistant", "content": "Hi."}, USER).conversation == (USER,)


def test_no_tool_has_a_name_that_no_tool_has():
    tool = OfferedTool("tools[0]", "none", "none", None, CITY)
    assert prompts(USER, tools=[tool]).no_tool == "none_"
    assert prompts(USER, tools=[tool], must_call=True).no_tool is None


def test_a_call_is_asked_for_with_its_parameters_and_held_to_its_schema():
    call = prompts(SYSTEM, USER).calls["weather"]
    assert call["messages"][-1] == {
        "role": "user",
        "content": "Weather in Oslo?\n\nweather(city)\n- city: Its name.",
    }
    assert call["response_format"]["json_schema"] == {"schema": CITY}
    assert call["max_tokens"] == 9


def test_a_call_after_a_result_is_asked_for_in_a_turn_of_its_own():
    result = {"role": "tool", "tool_call_id": "c1", "content": "Sunny"}
    called = {"role": "assistant", "content": "", "tool_calls": [{}]}
    messages = prompts(USER, called, result).calls["world_news"]["messages"]
    assert messages[-4:] == [
        USER,
        called,
        result,
        {"role": "user", "content": "world_news(at)"},
    ]


@pytest.mark.parametrize("name", ["stop", "grammar", "json_schema"])
def test_what_is_meant_for_words_does_not_hold_for_calls(name):
    assert name not in prompts(USER, **{name: "x"}).calls["weather"]


def test_a_switch_of_the_template_holds_for_the_choice_too():
    kwargs = {"enable_thinking": False}
    assert prompts(USER, chat_template_kwargs=kwargs).settings == {"chat_template_kwargs": kwargs}
