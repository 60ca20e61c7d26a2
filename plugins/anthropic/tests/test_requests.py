"""From context and options to the body of the request."""

import json

import pytest

from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    Image,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_anthropic.messages.request import build_request
from modelwire_anthropic.models import claude_of
from modelwire_anthropic.vendors import VENDORS, vendor_of

PNG = b"\x89PNG\r\n\x1a\n"


def build(*messages, model="claude-sonnet-4-5", system=None, tools=(), at=None, **options):
    known = model if isinstance(model, Model) else Model("anthropic", model)
    context = Context(
        [UserMessage(m) if isinstance(m, str) else m for m in messages or ("Hi",)],
        system_prompt=system,
        tools=tools,
    )
    options.setdefault("cache_retention", "none")
    vendor = vendor_of(known, at)
    return build_request(known, context, CompletionOptions(**options), vendor=vendor)


def said(request):
    """The messages without what surrounds their text."""
    return [
        (message["role"], [block.get("text", block["type"]) for block in message["content"]])
        for message in request.payload["messages"]
    ]


def paths(request):
    return [(change.kind, change.path) for change in request.changes]


def answered(*content, model="claude-sonnet-4-5", provider="anthropic", **more):
    return AssistantMessage(list(content), provider, model, api="anthropic-messages", **more)


def test_a_plain_question_is_a_small_request():
    request = build("Hi", system="Be brief.")
    assert request.payload == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "stream": True,
        "system": [{"type": "text", "text": "Be brief."}],
    }
    assert request.changes == ()


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-20241022", 8192),
        ("claude-opus-4-20250514", 32_000),
        ("claude-opus-4-7", 32_000),
        ("claude-from-the-future", 32_000),
        (Model("anthropic", "claude-opus-4-7", max_tokens=10_000), 10_000),
    ],
)
def test_the_service_demands_a_limit_and_gets_one_that_the_model_takes(model, limit):
    assert build(model=model).payload["max_tokens"] == limit


def test_the_callers_limit_counts():
    assert build(max_tokens=50).payload["max_tokens"] == 50


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-3-5-haiku-latest", {"temperature": 0.5, "top_p": 0.9}),
        ("claude-sonnet-4-5", {"temperature": 0.5}),
        ("claude-opus-4-7", {}),
    ],
)
def test_sampling_is_what_the_model_takes(model, sent):
    request = build(model=model, temperature=0.5, top_p=0.9)
    found = {k: v for k, v in request.payload.items() if k in ("temperature", "top_p")}
    assert found == sent
    assert len(request.changes) == 2 - len(sent)


def test_a_temperature_above_one_is_one():
    request = build(temperature=1.7)
    assert request.payload["temperature"] == 1
    assert paths(request) == [("rewritten", "options.temperature")]


@pytest.mark.parametrize(
    ("model", "level", "fields"),
    [
        ("claude-3-5-haiku-latest", "high", {}),
        (
            "claude-sonnet-4-5",
            "low",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        ("claude-sonnet-4-5", "off", {}),
        (
            "claude-opus-4-6",
            "max",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "max"},
            },
        ),
        (
            "claude-opus-4-6",
            "xhigh",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"},
            },
        ),
        ("claude-opus-4-7", "off", {}),
        (
            "claude-fable-5",
            "off",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "low"},
            },
        ),
    ],
)
def test_thinking_is_asked_for_in_the_way_of_the_generation(model, level, fields):
    request = build(model=model, reasoning=level)
    found = {k: v for k, v in request.payload.items() if k in ("thinking", "output_config")}
    assert found == fields


@pytest.mark.parametrize("limit", [1, 1000, 2000, 5000, 63_999, 64_000])
@pytest.mark.parametrize("level", ["minimal", "low", "medium", "high", "max"])
def test_a_budget_is_legal_and_leaves_room_for_the_answer(level, limit):
    payload = build(max_tokens=limit, reasoning=level).payload
    assert payload["max_tokens"] <= 64_000
    if "thinking" in payload:
        budget = payload["thinking"]["budget_tokens"]
        assert 1024 <= budget < payload["max_tokens"]
    else:
        assert payload["max_tokens"] == limit


def test_while_it_thinks_there_is_no_temperature_and_no_demand_for_a_call():
    request = build(
        tools=[Tool("look")],
        reasoning="low",
        temperature=0.5,
        tool_choice=ToolChoice("tool", "look"),
    )
    assert "temperature" not in request.payload
    assert request.payload["tool_choice"] == {"type": "auto"}
    assert ("rewritten", "options.tool_choice") in paths(request)


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("auto", {"type": "auto"}),
        ("any", {"type": "any"}),
        ("none", {"type": "none"}),
        ("get.weather", {"type": "tool", "name": "get_weather_2e0f34a5a4"}),
    ],
)
def test_a_tool_choice_in_the_words_of_the_service(choice, wire):
    request = build(tools=[Tool("get.weather", "It.")], tool_choice=ToolChoice.parse(choice))
    sent = request.payload["tool_choice"]
    assert sent["type"] == wire["type"]
    (tool,) = request.payload["tools"]
    assert tool["input_schema"]["type"] == "object"
    assert request.names == {tool["name"]: "get.weather"}
    assert sent.get("name") == (tool["name"] if wire["type"] == "tool" else None)


def test_a_demand_that_cannot_be_met_is_refused_before_anything_is_sent():
    with pytest.raises(InvalidRequest, match="'gone', which is not among the tools"):
        build(tools=[Tool("look")], tool_choice=ToolChoice("tool", "gone"))
    with pytest.raises(InvalidRequest, match="there are no tools"):
        build(tool_choice=ToolChoice("any"))


def test_calls_and_results_pair_and_results_stand_first():
    request = build(
        "Rain?",
        answered(ToolCall("c1", "look", {"at": "sky"}), ToolCall("c2", "look")),
        UserMessage("Well?"),
        ToolResultMessage("c1", "look", "Rain.", is_error=True),
        ToolResultMessage("c9", "look", "Nobody asked."),
    )
    assert [m["role"] for m in request.payload["messages"]] == ["user", "assistant", "user"]
    _, calls, last = request.payload["messages"]
    assert [c["id"] for c in calls["content"]] == ["c1", "c2"]
    first, second, text = last["content"]
    assert (first["tool_use_id"], first["is_error"]) == ("c1", True)
    assert (second["tool_use_id"], second["is_error"]) == ("c2", True)
    assert text["text"] == "Well?"
    assert ("dropped", "messages[4]") in paths(request)


def test_what_the_service_refuses_is_left_out_and_reported():
    request = build(
        UserMessage([Text("  "), Text("Hi \ud83d")]),
        answered(Text("")),
        UserMessage("There?"),
        AssistantMessage([Text("part")], "anthropic", "m", stop_reason=StopReason.ABORTED),
        UserMessage([]),
    )
    assert said(request) == [("user", ["Hi ", "There?"])]
    assert [path for _, path in paths(request)] == [
        "messages[0].content[0]",
        "messages[0].content[1]",
        "messages[1].content[0]",
        "messages[1]",
        "messages[3]",
        "messages[4]",
    ]


def test_nothing_to_say_is_an_error():
    with pytest.raises(InvalidRequest, match="no message to answer"):
        build(UserMessage(" "))


def test_the_user_begins_and_ends():
    request = build(answered(Text("Hello ")), model="claude-opus-4-7")
    assert said(request) == [("user", ["."]), ("assistant", ["Hello "]), ("user", ["."])]


def test_an_older_model_goes_on_with_an_answer_that_has_begun():
    request = build("Say it.", answered(Text("It is  ")))
    assert said(request) == [("user", ["Say it."]), ("assistant", ["It is"])]


def test_signed_thinking_goes_back_to_its_model_and_to_no_other():
    thought = Thinking("Hm \ud83d", signature="c2ln")
    hidden = Thinking.from_redacted(b"opaque")
    own = build("Q", answered(thought, hidden, Text("A")), "Q2")
    _, message, _ = own.payload["messages"]
    assert message["content"][0] == {
        "type": "thinking",
        "thinking": "Hm \ud83d",
        "signature": "c2ln",
    }
    assert message["content"][1] == {"type": "redacted_thinking", "data": "b3BhcXVl"}
    assert own.has_thinking

    other = build("Q", answered(thought, hidden, Text("A"), model="claude-opus-4-6"), "Q2")
    assert said(other)[1] == ("assistant", ["A"])
    assert not other.has_thinking


THIRD_PARTIES = [
    ("deepseek-v4-pro", "https://api.deepseek.com/anthropic"),
    ("kimi-for-coding", "https://api.kimi.com/coding"),
    ("kimi-k2.6", "https://api.moonshot.cn/anthropic"),
    ("MiniMax-M2.5", "https://api.minimaxi.com/anthropic"),
    ("glm-5", "https://open.bigmodel.cn/api/anthropic"),
    ("qwen3-max", "https://dashscope-intl.aliyuncs.com/apps/anthropic"),
    ("qwen3-max", "https://ws1.ap-southeast-1.maas.aliyuncs.com/apps/anthropic"),
    ("glm-5", "https://api.lkeap.cloud.tencent.com/api/anthropic"),
    ("any", "https://gateway.example"),
    # DeepSeek answers to Claude's names, too.
    ("claude-opus-4-6", "https://api.deepseek.com/anthropic"),
]


@pytest.mark.parametrize("signature", [None, "91cfbb94-554b"])
@pytest.mark.parametrize(("model", "at"), THIRD_PARTIES)
def test_thinking_of_another_companys_model_goes_back_as_it_came(model, at, signature):
    before = answered(Thinking("Hm", signature=signature), ToolCall("c", "look", {}), model=model)
    request = build("Q", before, ToolResultMessage("c", "look", "1"), model=model, at=at)
    thinking, call = request.payload["messages"][1]["content"]
    signed = {"signature": signature} if signature else {}
    assert thinking == {"type": "thinking", "thinking": "Hm", **signed}
    assert call["type"] == "tool_use"
    assert paths(request) == []
    other = build("Q", before, ToolResultMessage("c", "look", "1"), model="another", at=at)
    assert not other.has_thinking
    assert ("dropped", "messages[1].content[0]") in paths(other)


@pytest.mark.parametrize(
    ("model", "at"),
    [
        ("claude-sonnet-4-5", "https://api.anthropic.com"),
        ("anthropic.claude-sonnet-4-5-v1:0", "https://bedrock-runtime.eu-west-1.amazonaws.com/anthropic"),
        ("anthropic.claude-opus-4-7", "https://bedrock-mantle.us-east-1.api.aws/anthropic"),
        ("claude-sonnet-4-5", "https://europe-west1-aiplatform.googleapis.com"),
        ("anthropic/claude-sonnet-4-5", "https://gateway.example"),
    ],
)  # fmt: skip
def test_claude_gets_no_thinking_back_without_its_signature(model, at):
    before = answered(Thinking("Hm"), Text("A"), model=model)
    request = build("Q", before, "Q2", model=model, at=at)
    assert not request.has_thinking
    assert ("dropped", "messages[1].content[0]") in paths(request)


@pytest.mark.parametrize(
    ("model", "at", "sent", "noted"),
    [
        ("claude-sonnet-4-5", "https://api.anthropic.com", None, False),
        ("claude-sonnet-4-5", "https://gateway.example", None, False),
        ("deepseek-v4-pro", "https://api.deepseek.com/anthropic", {"type": "disabled"}, False),
        ("kimi-for-coding", "https://api.kimi.com/coding", None, True),
        ("glm-4.6", "https://api.z.ai/api/anthropic", {"type": "disabled"}, False),
        ("glm-5", "https://open.bigmodel.cn/api/anthropic", {"type": "disabled"}, False),
        ("GLM-5.3-Flash", "https://api.z.ai/api/anthropic", None, True),
        ("kimi-k2.6", "https://api.moonshot.cn/anthropic", {"type": "disabled"}, False),
        ("kimi-k2.7-code", "https://api.moonshot.ai/anthropic", None, True),
        ("kimi-k3", "https://api.moonshot.ai/anthropic", None, True),
        ("MiniMax-M2.7-highspeed", "https://api.minimax.io/anthropic", None, True),
        ("MiniMax-M3", "https://api.minimaxi.com/anthropic", None, True),
        (
            "qwen3.5-plus",
            "https://dashscope.aliyuncs.com/apps/anthropic",
            {"type": "disabled"},
            False,
        ),
        ("any", "https://gateway.example", None, True),
    ],
)
def test_off_is_said_as_the_service_wants_it_or_noted(model, at, sent, noted):
    request = build(model=model, at=at, reasoning="off")
    assert request.payload.get("thinking") == sent
    assert (("ignored", "options.reasoning") in paths(request)) is noted


OFF = [
    ("claude-opus-4-8", None, None, None),
    ("claude-opus-5", {"type": "disabled"}, None, None),
    ("claude-opus-5-20260501", {"type": "disabled"}, None, None),
    ("claude-sonnet-5", {"type": "disabled"}, None, None),
    ("claude-haiku-5-5", {"type": "disabled"}, None, None),
    ("claude-sonnet-5-5", {"type": "between_tools"}, None, None),
    ("claude-opus-5-5", {"type": "adaptive", "display": "summarized"}, "low", "rewritten"),
    ("claude-fable-5", {"type": "adaptive", "display": "summarized"}, "low", "rewritten"),
    ("claude-nova-9", None, None, "ignored"),
]


@pytest.mark.parametrize(("model", "thinking", "effort", "noted"), OFF)
def test_each_release_is_kept_from_thinking_as_it_wants(model, thinking, effort, noted):
    request = build(model=model, reasoning="off")
    assert request.payload.get("thinking") == thinking
    assert request.payload.get("output_config", {}).get("effort") == effort
    assert ((noted, "options.reasoning") in paths(request)) is (noted is not None)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-opus-5", "any"),
        ("claude-sonnet-5", "any"),
        ("claude-opus-5-5", "auto"),
        ("claude-sonnet-5-5", "auto"),
        ("claude-fable-5-1", "auto"),
    ],
)
def test_a_call_is_demanded_of_those_releases_that_take_that(model, sent):
    tools = [Tool("f")]
    request = build(model=model, tools=tools, tool_choice=ToolChoice("any"))
    assert request.payload["tool_choice"]["type"] == sent
    assert (("rewritten", "options.tool_choice") in paths(request)) is (sent == "auto")


def test_a_model_that_always_thinks_differs_from_one_of_which_nothing_is_known():
    at = "https://api.minimax.io/anthropic"
    for model, words in ("MiniMax-M2.5", "always think"), ("MiniMax-M3", "is unknown"):
        request = build(model=model, at=at, reasoning="off")
        assert words in str(request.changes)


def test_every_vendor_of_whom_something_is_said_has_evidence_and_its_date():
    for vendor in VENDORS:
        if vendor.off is not None or vendor.always_think or vendor.requires_signature:
            assert vendor.evidence, vendor.id
            assert vendor.as_of, vendor.id


def test_images_and_documents_in_the_forms_of_the_service():
    content = [
        Image(PNG, "image/jpg"),
        File(b"%PDF-1.7", "application/pdf", "plan.pdf"),
        File(b"a,b", "text/csv"),
        File(b"\x00", "audio/wav"),
    ]
    image, pdf, text, sound = build(UserMessage(content)).payload["messages"][0]["content"]
    assert image["source"]["media_type"] == "image/jpeg"
    assert (pdf["title"], pdf["source"]["media_type"]) == ("plan.pdf", "application/pdf")
    assert text["source"] == {"type": "text", "media_type": "text/plain", "data": "a,b"}
    assert sound == {"type": "text", "text": "(audio omitted: the model does not take it)"}


def test_an_image_of_another_kind_is_named_with_its_place():
    with pytest.raises(InvalidMessage, match=r"messages\[0\].content\[0\].mimeType"):
        build(UserMessage([Image(b"BM", "image/bmp")]))


def test_marks_for_the_cache_stand_after_tools_system_and_the_last_words():
    request = build("Hi", system="S", tools=[Tool("a"), Tool("b")], cache_retention="long")
    marked = {"type": "ephemeral", "ttl": "1h"}
    payload = request.payload
    assert "cache_control" not in payload["tools"][0]
    assert payload["tools"][1]["cache_control"] == marked
    assert payload["system"][0]["cache_control"] == marked
    assert payload["messages"][-1]["content"][-1]["cache_control"] == marked
    usual = build("Hi", system="S", cache_retention=None).payload["system"][0]
    assert usual["cache_control"] == {"type": "ephemeral"}


def test_a_schema_is_closed_for_models_that_take_one_and_words_for_others():
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    request = build(response_schema=schema)
    form = request.payload["output_config"]["format"]
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["properties"]["a"]["additionalProperties"] is False
    assert schema == {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    older = build(model="claude-3-5-haiku-latest", response_schema=schema)
    assert "output_config" not in older.payload
    assert json.dumps(schema) in older.payload["system"][0]["text"]


def test_params_win_and_null_takes_a_field_out():
    request = build(
        temperature=0.5,
        params={
            "topK": 5,
            "temperature": None,
            "serviceTier": "auto",
            "betas": ["context-1m-2025-08-07"],
            "stream": False,
        },
    )
    assert request.payload["top_k"] == 5
    assert request.payload["service_tier"] == "auto"
    assert "temperature" not in request.payload
    assert request.payload["stream"] is True
    assert request.betas == ("context-1m-2025-08-07",)


def test_a_label_for_the_user_is_sent_and_others_are_not():
    request = build(metadata={"user_id": "u-1", "team": "a"})
    assert request.payload["metadata"] == {"user_id": "u-1"}
    assert ("ignored", "options.metadata") in paths(request)


def test_the_list_of_models_wins_over_the_table():
    model = Model(
        "anthropic",
        "claude-new",
        max_tokens=5,
        extra={"thinkingTypes": ["enabled"], "efforts": ["low"], "structuredOutputs": False},
    )
    known = claude_of(model)
    assert (known.max_tokens, known.thinking, known.efforts, known.schema) == (
        5,
        "budget",
        ("low",),
        False,
    )


def test_every_request_is_json():
    request = build(
        UserMessage([Text("é\ud800"), Image(PNG, "image/png")]),
        answered(ToolCall("i d", "a.b", {"x": float("nan"), "y": {1: {2}}})),
        tools=[Tool("a.b", "\ud800", {"properties": {"x": {"default": float("inf")}}})],
    )
    json.dumps(request.payload, allow_nan=False).encode()
