"""What a request says."""

import json

import pytest

from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context, File, Image, Text, Tool, UserMessage
from modelwire.models import Model
from modelwire_openai.compat import Compat
from modelwire_openai.completions.request import build_request
from modelwire_openai.servers import FOREIGN, server_of

HI = Context([UserMessage("Hi")])
PNG = Image(b"\x89PNG", "image/png")
TOOL = Tool("weather", "Tells it.", {"type": "object", "properties": {"city": {"type": "string"}}})


def built(context=HI, *, compat=None, is_openai=False, model=None, **options):
    return build_request(
        model or Model("acme", "m"),
        context,
        CompletionOptions(**options),
        compat=compat,
        is_openai=is_openai,
    )


def payload(*args, **kinds):
    return built(*args, **kinds).payload


def noted(request):
    return [(change.kind, change.path) for change in request.changes]


def test_a_plain_request_says_no_more_than_it_must():
    assert payload() == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "store": False,
    }


def test_a_foreign_service_gets_fewer_fields():
    assert payload(compat=FOREIGN).keys() == {"model", "messages", "stream", "stream_options"}
    assert "stream_options" not in payload(compat=Compat(supports_usage_in_streaming=False))


def test_nothing_to_say_is_refused():
    with pytest.raises(InvalidRequest, match="no message"):
        built(Context([UserMessage(" ")]))


class TestTheSystemPrompt:
    @pytest.mark.parametrize(
        ("model", "compat", "is_openai", "role"),
        [
            (Model("a", "m"), Compat(), False, "system"),
            (Model("a", "m", reasoning=True), Compat(), False, "developer"),
            (Model("a", "m", reasoning=True), FOREIGN, False, "system"),
            (Model("openai", "gpt-5-mini"), Compat(), True, "developer"),
            (Model("openai", "gpt-4.1"), Compat(), True, "system"),
        ],
    )
    def test_reasoning_models_of_openai_have_developers(self, model, compat, is_openai, role):
        context = Context([UserMessage("Hi")], system_prompt="Be kind.")
        said = payload(context, model=model, compat=compat, is_openai=is_openai)["messages"][0]
        assert said == {"role": role, "content": "Be kind."}

    def test_a_blank_one_is_left_out(self):
        request = built(Context([UserMessage("Hi")], system_prompt=" \n"))
        assert [message["role"] for message in request.payload["messages"]] == ["user"]
        assert noted(request) == [("dropped", "system_prompt")]


class TestSampling:
    def test_options_are_written(self):
        said = payload(max_tokens=5, temperature=0.2, top_p=0.9, stop=("a", ""))
        assert (
            said["max_completion_tokens"],
            said["temperature"],
            said["top_p"],
            said["stop"],
        ) == (5, 0.2, 0.9, ["a"])

    def test_the_limit_has_another_name_elsewhere(self):
        assert payload(compat=FOREIGN, max_tokens=5)["max_tokens"] == 5

    @pytest.mark.parametrize("model_id", ["o3", "gpt-5", "gpt-5.2-pro", "o1-mini", "ft:o3-mini:me"])
    def test_openais_reasoning_models_take_no_temperature(self, model_id):
        request = built(
            model=Model("openai", model_id), is_openai=True, temperature=0.5, stop=("x",)
        )
        assert not {"temperature", "stop"} & request.payload.keys()
        assert noted(request) == [("dropped", "options.temperature"), ("dropped", "options.stop")]

    @pytest.mark.parametrize("model_id", ["gpt-4o", "gpt-5-chat-latest", "something-new"])
    def test_others_do(self, model_id):
        assert (
            payload(model=Model("openai", model_id), is_openai=True, temperature=0.5)["temperature"]
            == 0.5
        )

    def test_openai_takes_four_stops(self):
        request = built(is_openai=True, stop=("a", "b", "c", "d", "e"))
        assert request.payload["stop"] == ["a", "b", "c", "d"]
        assert noted(request) == [("dropped", "options.stop")]

    def test_an_answer_without_tokens_is_refused(self):
        with pytest.raises(InvalidRequest):
            built(max_tokens=0)


THINKING = [
    # compat, level, fields
    (Compat(), "low", {"reasoning_effort": "low"}),
    (Compat(), "max", {"reasoning_effort": "high"}),
    (Compat(), "off", {}),
    (Compat(reasoning_effort_map={"low": "default"}), "low", {"reasoning_effort": "default"}),
    (Compat(supported_reasoning_efforts=("none", "high")), "off", {"reasoning_effort": "none"}),
    (Compat(supported_reasoning_efforts=("low", "high")), "minimal", {"reasoning_effort": "low"}),
    (Compat(supports_reasoning_effort=False), "low", {}),
    (Compat(thinking_format="zai"), "low", {"thinking": {"type": "enabled"}}),
    (Compat(thinking_format="zai"), "off", {"thinking": {"type": "disabled"}}),
    (Compat(thinking_format="minimax"), "low", {"thinking": {"type": "adaptive"}}),
    (Compat(thinking_format="minimax"), "off", {"thinking": {"type": "disabled"}}),
    (Compat(thinking_format="qwen"), "off", {"enable_thinking": False}),
    (
        Compat(thinking_format="qwen-chat-template"),
        "off",
        {"chat_template_kwargs": {"enable_thinking": False}},
    ),
    (Compat(thinking_format="openrouter"), "high", {"reasoning": {"effort": "high"}}),
    (Compat(thinking_format="openrouter"), "off", {"reasoning": {"enabled": False}}),
    (Compat(thinking_format="deepseek"), "low", {"thinking": {"type": "enabled"}}),
    (Compat(thinking_format="deepseek"), "off", {"thinking": {"type": "disabled"}}),
    (
        Compat(thinking_format="together"),
        "low",
        {"reasoning": {"enabled": True}, "reasoning_effort": "low"},
    ),
]


class TestThinking:
    FIELDS = (
        "reasoning_effort",
        "reasoning",
        "thinking",
        "enable_thinking",
        "chat_template_kwargs",
    )

    @pytest.mark.parametrize(("compat", "level", "fields"), THINKING)
    def test_each_service_has_its_words(self, compat, level, fields):
        said = payload(model=Model("a", "m", reasoning=True), compat=compat, reasoning=level)
        assert {key: said[key] for key in self.FIELDS if key in said} == fields

    def test_without_a_wish_nothing_is_said(self):
        assert not set(self.FIELDS) & payload(compat=Compat(thinking_format="qwen")).keys()

    def test_the_models_own_words_come_first(self):
        model = Model("a", "m", thinking_level_map={"low": "tiny", "high": None})
        assert payload(model=model, reasoning="low")["reasoning_effort"] == "tiny"
        assert "reasoning_effort" not in payload(model=model, reasoning="high")

    @pytest.mark.parametrize(
        ("model_id", "level", "effort"),
        [
            ("gpt-5", "minimal", "minimal"), ("gpt-5", "max", "high"), ("gpt-5", "off", None),
            ("gpt-5.1", "off", "none"), ("gpt-5.2", "max", "xhigh"), ("o3", "minimal", "low"),
        ],
    )  # fmt: skip
    def test_openais_models_know_some_levels(self, model_id, level, effort):
        said = payload(model=Model("openai", model_id), is_openai=True, reasoning=level)
        assert said.get("reasoning_effort") == effort

    def test_a_model_that_does_not_think_gets_no_effort(self):
        request = built(model=Model("a", "m", reasoning=False), reasoning="high")
        assert "reasoning_effort" not in request.payload
        assert noted(request) == [("ignored", "options.reasoning")]


class TestTools:
    CONTEXT = Context([UserMessage("Hi")], tools=[TOOL])

    def test_a_tool_is_strict_where_it_asks_for_it_and_can_be(self):
        for schema, compat, sent in [
            (CLOSED, None, True),
            ({**CLOSED, "required": []}, None, False),
            (CLOSED, FOREIGN, None),
        ]:
            context = Context([UserMessage("Hi")], tools=[Tool("t", "", schema, strict=True)])
            request = built(context, **({"compat": compat} if compat else {}))
            assert request.payload["tools"][0]["function"].get("strict") is sent
            dropped = [path for _, path in noted(request) if path.endswith(".strict")]
            assert bool(dropped) is (sent is not True)

    def test_a_tool_is_written(self):
        function = {"name": "weather", "description": "Tells it.", "parameters": TOOL.parameters}
        assert payload(self.CONTEXT)["tools"] == [
            {"type": "function", "function": {**function, "strict": False}}
        ]
        assert payload(self.CONTEXT, compat=FOREIGN)["tools"] == [
            {"type": "function", "function": function}
        ]

    @pytest.mark.parametrize(
        ("choice", "written"),
        [
            ("auto", "auto"), ("none", "none"), ("any", "required"),
            ("weather", {"type": "function", "function": {"name": "weather"}}),
        ],
    )  # fmt: skip
    def test_the_choice_is_passed_on(self, choice, written):
        assert payload(self.CONTEXT, tool_choice=ToolChoice.parse(choice))["tool_choice"] == written

    def test_a_service_that_cannot_demand_one_is_left_no_other(self):
        context = Context([UserMessage("Hi")], tools=[Tool("other"), TOOL])
        compat = server_of("llamacpp").compat
        request = built(context, compat=compat, tool_choice=ToolChoice("tool", "weather"))
        assert [tool["function"]["name"] for tool in request.payload["tools"]] == ["weather"]
        assert request.payload["tool_choice"] == "required"
        assert noted(request) == [("rewritten", "options.tool_choice")]

    @pytest.mark.parametrize(
        ("context", "choice"), [(CONTEXT, "other"), (HI, "weather"), (HI, "any")]
    )
    def test_a_demand_that_cannot_be_met_is_refused(self, context, choice):
        with pytest.raises(InvalidRequest):
            built(context, tool_choice=ToolChoice.parse(choice))

    def test_illegal_names_are_changed_and_can_be_changed_back(self):
        request = built(Context([UserMessage("Hi")], tools=[Tool("a.b"), Tool("a_b"), Tool("a b")]))
        names = [tool["function"]["name"] for tool in request.payload["tools"]]
        assert len(set(names)) == 3
        assert names[1] == "a_b"
        assert request.tool_names == {names[0]: "a.b", names[2]: "a b"}
        assert noted(request) == [("rewritten", "tools[0].name"), ("rewritten", "tools[2].name")]

    def test_the_second_of_one_name_is_dropped(self):
        request = built(Context([UserMessage("Hi")], tools=[TOOL, TOOL]))
        assert len(request.payload["tools"]) == 1
        assert noted(request) == [("dropped", "tools[1]")]

    def test_keywords_that_a_service_refuses_are_taken_out(self):
        schema = {"type": "object", "properties": {"pattern": {"type": "string", "pattern": "x"}}}
        compat = Compat(unsupported_tool_schema_keywords=("pattern",))
        request = built(Context([UserMessage("Hi")], tools=[Tool("f", "", schema)]), compat=compat)
        parameters = request.payload["tools"][0]["function"]["parameters"]
        assert parameters["properties"] == {"pattern": {"type": "string"}}
        assert noted(request) == [("rewritten", "tools[0].parameters")]

    def test_an_object_always_has_properties(self):
        tools = payload(Context([UserMessage("Hi")], tools=[Tool("f", "", {})]))["tools"]
        assert tools[0]["function"]["parameters"] == {"type": "object", "properties": {}}


CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


class TestSchemas:
    @pytest.mark.parametrize(
        ("schema", "strict"),
        [(CLOSED, True), ({"type": "object"}, False), ({**CLOSED, "required": []}, False)],
    )
    def test_a_schema_is_strict_where_it_can_be(self, schema, strict):
        written = payload(response_schema=schema)["response_format"]
        assert written == {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": strict},
        }

    def test_elsewhere_nothing_is_said_of_that(self):
        assert (
            "strict"
            not in payload(response_schema=CLOSED, compat=FOREIGN)["response_format"]["json_schema"]
        )

    def test_where_there_are_none_it_is_put_into_words(self):
        request = built(response_schema=CLOSED, compat=server_of("deepseek").compat)
        assert request.payload["response_format"] == {"type": "json_object"}
        system = request.payload["messages"][0]
        assert system["role"] == "system"
        assert "JSON" in system["content"]
        assert '"additionalProperties":false' in system["content"]
        assert noted(request) == [("rewritten", "options.response_schema")]


class TestCaching:
    def test_the_session_is_the_key(self):
        assert payload(session_id="s1")["prompt_cache_key"] == "s1"
        assert len(payload(session_id="s" * 100)["prompt_cache_key"]) == 64

    def test_long_means_a_day(self):
        assert payload(cache_retention="long")["prompt_cache_retention"] == "24h"
        assert "prompt_cache_retention" not in payload(cache_retention="short")

    def test_none_and_foreign_services_get_nothing(self):
        for kinds in ({"cache_retention": "none"}, {"cache_retention": "long", "compat": FOREIGN}):
            said = payload(session_id="s1", **kinds)
            assert not {"prompt_cache_key", "prompt_cache_retention"} & said.keys()


class TestParameters:
    def test_they_are_written_as_the_api_writes_them(self):
        said = payload(
            params={"serviceTier": "flex", "frequency_penalty": 1, "parallelToolCalls": False}
        )
        assert (said["service_tier"], said["frequency_penalty"], said["parallel_tool_calls"]) == (
            "flex",
            1,
            False,
        )

    def test_extra_body_goes_in_as_it_is(self):
        assert payload(params={"extra_body": {"topK": 3}})["topK"] == 3

    def test_null_takes_a_field_out(self):
        assert "store" not in payload(params={"store": None})

    def test_tools_of_the_service_join_the_others(self):
        context = Context([UserMessage("Hi")], tools=[TOOL])
        own = {"type": "openrouter:web_search"}
        assert payload(context, params={"tools": [own]})["tools"][1] == own

    def test_what_is_ours_stays_ours(self):
        request = built(params={"stream": False, "n": 2, "messages": [], "organization": "o"})
        assert request.payload == payload()
        assert {path for _, path in noted(request)} == {
            f"options.params.{key}" for key in ("stream", "n", "messages")
        }

    def test_fast_is_a_tier_at_openai_only(self):
        assert payload(params={"fastMode": True}, is_openai=True)["service_tier"] == "priority"
        assert "service_tier" not in payload(params={"fastMode": True})

    def test_routing_of_gateways(self):
        assert payload(compat=Compat(open_router_routing={"only": ["a"]}))["provider"] == {
            "only": ["a"]
        }
        routed = payload(compat=Compat(vercel_gateway_routing={"order": ["a"]}))
        assert routed["providerOptions"] == {"gateway": {"order": ["a"]}}


class TestLabels:
    def test_openai_keeps_them_with_what_it_stores(self):
        assert payload(metadata={"a": "b"}, params={"store": True}, is_openai=True)["metadata"] == {
            "a": "b"
        }

    def test_otherwise_they_are_dropped(self):
        request = built(metadata={"a": "b"}, is_openai=True)
        assert "metadata" not in request.payload
        assert noted(request) == [("dropped", "options.metadata")]


class TestMedia:
    def content(self, *blocks, model=None, **kinds):
        request = built(Context([UserMessage(list(blocks))]), model=model, **kinds)
        return request.payload["messages"][0]["content"], noted(request)

    def test_an_image_is_a_data_url(self):
        said, changes = self.content(Text("See"), PNG)
        assert said == [
            {"type": "text", "text": "See"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        ]
        assert changes == []

    def test_a_model_without_eyes_gets_words_once(self):
        said, changes = self.content(PNG, PNG, model=Model("a", "m", input=("text",)))
        assert said == "(image omitted: model does not support images)"
        assert len(changes) == 2

    def test_openai_takes_four_kinds(self):
        tiff = Image(b"x", "image/tiff")
        with pytest.raises(InvalidMessage, match=r"content\[0\].mimeType"):
            self.content(tiff, is_openai=True)
        assert "image/tiff" in str(self.content(tiff))

    def test_a_document_is_a_file(self):
        said, _ = self.content(File(b"%PDF", "application/pdf", "a.pdf"))
        assert said == [
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
            }
        ]

    def test_it_has_a_name(self):
        said, _ = self.content(File(b"%PDF", "application/pdf"))
        assert said[0]["file"]["filename"] == "file.pdf"

    @pytest.mark.parametrize(
        ("kind", "written"), [("audio/wav", "wav"), ("audio/x-wav", "wav"), ("audio/mpeg", "mp3")]
    )
    def test_a_sound_is_audio(self, kind, written):
        said, _ = self.content(File(b"abc", kind))
        assert said == [{"type": "input_audio", "input_audio": {"data": "YWJj", "format": written}}]

    @pytest.mark.parametrize(
        "kind", ["text/plain", "text/markdown; charset=utf-8", "application/json"]
    )
    def test_a_file_of_text_is_text(self, kind):
        said, changes = self.content(File("zwölf".encode(), kind, "a.txt"))
        assert said == "[a.txt]\nzwölf"
        assert changes == [("rewritten", "messages[0].content[0]")]

    @pytest.mark.parametrize(
        ("file", "compat"),
        [
            (File(b"%PDF", "application/pdf"), FOREIGN), (File(b"x", "video/mp4"), Compat()),
            (File(b"x", "audio/flac"), Compat()), (File(b"\xff\xfe", "text/plain"), FOREIGN),
        ],
    )  # fmt: skip
    def test_what_the_service_does_not_take_becomes_words(self, file, compat):
        said, changes = self.content(file, compat=compat)
        assert "omitted" in said
        assert changes == [("rewritten", "messages[0].content[0]")]

    def test_strings_are_joined_where_the_service_wants_one(self):
        assert self.content(Text("a"), Text("b"), compat=FOREIGN)[0] == "a\nb"
        assert len(self.content(Text("a"), Text("b"))[0]) == 2


def test_the_same_request_is_the_same_bytes():
    context = Context([UserMessage("Hi")], tools=[Tool("a.b"), TOOL], system_prompt="x")
    assert json.dumps(payload(context)) == json.dumps(payload(context))
