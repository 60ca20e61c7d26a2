"""What a request says beside the conversation."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool, UserMessage
from modelwire.models import Model
from modelwire_openai.responses.dialect import dialect_of
from modelwire_openai.responses.structured import is_strict
from modelwire_openai.responses.thinking import EFFORTS, reasoner_of

WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {}}})


def somewhere(host="api.openai.com", **compat):
    return dialect_of(host, Model("openai", "m", extra={"compat": compat}))


ELSEWHERE = somewhere("127.0.0.1")


def noted(request):
    return {change.path for change in request.changes}


def test_the_least_request(build):
    assert build(model="gpt-4o").payload == {
        "model": "gpt-4o",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "stream": True,
        "store": False,
    }


def test_a_model_that_reasons_hands_out_what_it_needs_back(build):
    assert build(model="gpt-5.5").payload["include"] == ["reasoning.encrypted_content"]
    assert "reasoning" not in build(model="gpt-5.5").payload
    unknown = Model("openai", "next", reasoning=True)
    assert build(model=unknown).payload["include"] == ["reasoning.encrypted_content"]
    assert "include" not in build(model="next").payload


@pytest.mark.parametrize(
    ("model", "level", "effort"),
    [
        ("gpt-5", "off", "minimal"),
        ("gpt-5", "minimal", "minimal"),
        ("gpt-5", "high", "high"),
        ("gpt-5", "xhigh", "high"),
        ("gpt-5-pro", "low", "high"),
        ("gpt-5.1", "off", "none"),
        ("gpt-5.1", "minimal", "low"),
        ("gpt-5.1", "xhigh", "high"),
        ("gpt-5.5-2026-04-23", "max", "xhigh"),
        ("openai.gpt-5.6-luna", "xhigh", "xhigh"),
        ("openai/gpt-5.4", "off", "none"),
        ("gpt-5.3-codex", "off", "low"),
        ("o4-mini", "minimal", "low"),
        ("openai/gpt-oss-120b", "max", "high"),
        ("grok-9", "max", "max"),
        ("grok-9", "off", "none"),
    ],
)
def test_levels_become_efforts_that_the_model_has(model, level, effort, build):
    request = build(model=model, reasoning=level)
    wanted = "none" if level == "off" else level
    summary = {} if effort == "none" else {"summary": "auto"}
    assert request.payload["reasoning"] == {"effort": effort, **summary}
    assert noted(request) == ({"options.reasoning"} if effort != wanted else set())


def test_the_configuration_has_its_own_words_for_levels(build):
    named = Model("openai", "gpt-5", thinking_level_map={"high": "extreme", "low": None})
    assert build(model=named, reasoning="high").payload["reasoning"]["effort"] == "extreme"
    assert "reasoning" not in build(model=named, reasoning="low").payload
    mapped = somewhere(reasoningEffortMap={"high": "default"})
    assert build(reasoning="high", dialect=mapped).payload["reasoning"]["effort"] == "default"
    some = somewhere(supportedReasoningEfforts=["low", "high"])
    assert build(reasoning="medium", dialect=some).payload["reasoning"]["effort"] in (
        "low",
        "high",
    )
    none = somewhere(supportsReasoningEffort=False)
    assert "reasoning" not in build(reasoning="high", dialect=none).payload


def test_a_model_that_does_not_reason_is_not_asked_to(build):
    request = build(model="gpt-4o", reasoning="high")
    assert not {"reasoning", "include"} & request.payload.keys()
    assert noted(request) == {"options.reasoning"}
    assert noted(build(model="gpt-4o", reasoning="off")) == set()


@pytest.mark.parametrize(
    ("model", "level", "taken"),
    [
        ("gpt-4o", None, True),
        ("gpt-5", None, False),
        ("gpt-5.5", None, False),
        ("gpt-5.5", "off", True),
        ("gpt-5.4", None, True),
        ("gpt-5.4", "low", False),
        ("o3", "off", False),
        ("grok-9", None, True),
    ],
)
def test_sampling_goes_only_where_nothing_reasons(model, level, taken, build):
    request = build(model=model, reasoning=level, temperature=0.2, top_p=0.9)
    sent = {"temperature": 0.2, "top_p": 0.9}
    assert {key: request.payload[key] for key in sent if key in request.payload} == (
        sent if taken else {}
    )
    assert ({"options.temperature", "options.top_p"} <= noted(request)) is not taken


def test_every_effort_of_the_table_is_known():
    for model in ("gpt-5", "gpt-5-pro", "gpt-5.1", "gpt-5.5", "o3", "gpt-5.2-pro", "gpt-4.1"):
        row = reasoner_of(model)
        assert set(row.efforts) <= set(EFFORTS)
        assert row.default in (*row.efforts, "none")


def test_the_limit_is_sent_only_when_asked_for(build):
    assert "max_output_tokens" not in build(model=Model("openai", "gpt-5", max_tokens=9)).payload
    assert build(max_tokens=100).payload["max_output_tokens"] == 100
    request = build(max_tokens=5)
    assert request.payload["max_output_tokens"] == 16
    assert noted(request) == {"options.max_tokens"}
    assert build(max_tokens=5, dialect=ELSEWHERE).payload["max_output_tokens"] == 5


def test_stop_sequences_are_not_of_this_api(build):
    request = build(stop=("END",))
    assert "stop" not in request.payload
    assert noted(request) == {"options.stop"}


@pytest.mark.parametrize(
    ("host", "retention", "key", "kept"),
    [
        ("api.openai.com", None, "s1", None),
        ("api.openai.com", "short", "s1", None),
        ("api.openai.com", "long", "s1", "24h"),
        ("eu.api.openai.com", "long", "s1", "24h"),
        ("api.openai.com", "none", None, None),
        ("me.openai.azure.com", "long", "s1", None),
        ("bedrock-mantle.us-east-1.api.aws", "long", "s1", None),
        ("api.openai.com.evil.example", "long", None, None),
        ("127.0.0.1", "long", None, None),
    ],
)
def test_caching_by_host(host, retention, key, kept, build):
    request = build(session_id="s1", cache_retention=retention, dialect=somewhere(host))
    assert request.payload.get("prompt_cache_key") == key
    assert request.payload.get("prompt_cache_retention") == kept


def test_the_user_knows_better_what_a_service_takes(build):
    told = somewhere("10.0.0.1", supportsPromptCacheKey=True, supportsStore=False)
    payload = build(session_id="s" * 100, dialect=told).payload
    assert len(payload["prompt_cache_key"]) == 64
    assert "store" not in payload


def test_labels_are_kept_within_limits(build):
    request = build(metadata={"user": "u1", "long": "x" * 513, **{f"n{i}": "" for i in range(20)}})
    assert request.payload["metadata"]["user"] == "u1"
    assert len(request.payload["metadata"]) == 16
    assert "options.metadata.long" in noted(request)


def test_tools_are_never_strict_unasked(build):
    request = build(tools=[WEATHER, Tool("a.b", "", {}), Tool("weather")])
    first, second = request.payload["tools"]
    assert first == {
        "type": "function",
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": WEATHER.parameters,
        "strict": False,
    }
    assert second["parameters"] == {"type": "object", "properties": {}}
    assert request.tool_names == {second["name"]: "a.b"}
    assert {"tools[1].name", "tools[2]"} <= noted(request)
    assert "tool_choice" not in request.payload
    lax = somewhere(supportsStrictMode=False)
    assert "strict" not in build(tools=[WEATHER], dialect=lax).payload["tools"][0]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("weather", {"type": "function", "name": "weather"}),
    ],
)
def test_tool_choices(choice, sent, build):
    request = build(tools=[WEATHER], tool_choice=ToolChoice.parse(choice))
    assert request.payload["tool_choice"] == sent
    assert request.payload["tools"], "a list that stays the same keeps the prompt cached"


def test_a_choice_of_no_tool_is_refused_here(build):
    with pytest.raises(InvalidRequest, match="'time'") as caught:
        build(tools=[WEATHER], tool_choice=ToolChoice.parse("time"))
    assert "weather" in caught.value.hint
    assert "tool_choice" not in build(tool_choice=ToolChoice("none")).payload


CLOSED = {
    "title": "Capital of",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def test_an_answer_by_a_schema(build):
    written = build(response_schema=CLOSED).payload["text"]["format"]
    assert written["type"] == "json_schema"
    assert written["schema"] == CLOSED
    assert written["strict"] is True
    assert written["name"].startswith("Capital_of_")


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({"type": "object", "properties": {}}, False),
        ({**CLOSED, "properties": {"name": {"type": "object", "properties": {}}}}, False),
        ({**CLOSED, "properties": {"name": {"anyOf": [CLOSED, {"type": "null"}]}}}, True),
        ({**CLOSED, "properties": {"name": {"oneOf": [{}]}}}, False),
        ({**CLOSED, "$defs": {"a": {"type": "object"}}}, False),
        ({**CLOSED, "properties": {"name": {"type": "array", "items": CLOSED}}}, True),
    ],
)
def test_a_schema_is_called_strict_only_where_it_is(schema, strict):
    assert is_strict(schema) is strict


def test_params_are_passed_on(build):
    search = {"type": "web_search"}
    request = build(
        tools=[WEATHER],
        reasoning="low",
        response_schema=CLOSED,
        params={
            "serviceTier": "flex",
            "parallel_tool_calls": False,
            "truncation": "auto",
            "new_thing": {"a": 1},
            "textVerbosity": "low",
            "reasoningSummary": "detailed",
            "tools": [search],
            "include": ["web_search_call.action.sources", "reasoning.encrypted_content"],
            "organization": "org_1",
        },
    )
    payload = request.payload
    assert payload["service_tier"] == "flex"
    assert payload["parallel_tool_calls"] is False
    assert payload["truncation"] == "auto"
    assert payload["new_thing"] == {"a": 1}
    assert payload["text"]["verbosity"] == "low"
    assert payload["text"]["format"]["type"] == "json_schema"
    assert payload["reasoning"] == {"effort": "low", "summary": "detailed"}
    assert payload["tools"][-1] == search
    assert payload["include"] == [
        "reasoning.encrypted_content",
        "web_search_call.action.sources",
    ]
    assert "organization" not in payload
    assert request.changes == ()


def test_params_take_fields_out_but_not_the_conversation(build):
    request = build(params={"include": None, "input": [], "stream": False, "store": True})
    assert "include" not in request.payload
    assert request.payload["store"] is True
    assert request.payload["stream"] is True
    assert request.payload["input"]
    assert noted(request) == {"options.params.input", "options.params.stream"}


def test_fast_is_priority_where_there_is_such_a_thing(build):
    assert build(params={"fastMode": True}).payload["service_tier"] == "priority"
    assert (
        build(params={"fastMode": True, "service_tier": "flex"}).payload["service_tier"] == "flex"
    )
    elsewhere = build(params={"fastMode": True}, dialect=ELSEWHERE).payload
    assert not {"service_tier", "fastMode"} & elsewhere.keys()


def test_a_conversation_kept_by_the_service_needs_no_words(build):
    request = build([UserMessage("")], params={"previousResponseId": "resp_1", "store": True})
    assert request.payload["previous_response_id"] == "resp_1"
    assert request.payload["input"] == []


CLOSED_TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "dialect", "sent"),
    [
        (CLOSED_TOOL, somewhere(), True),
        ({**CLOSED_TOOL, "required": []}, somewhere(), False),
        (CLOSED_TOOL, somewhere("127.0.0.1", supportsStrictMode=False), None),
    ],
)
def test_a_tool_is_strict_where_it_asks_for_it_and_can_be(build, schema, dialect, sent):
    request = build(tools=[Tool("weather", "", schema, strict=True)], dialect=dialect)
    assert request.payload["tools"][0].get("strict") is sent
    assert ("tools[0].strict" in {path.removeprefix("context.") for path in noted(request)}) is (
        sent is not True
    )
