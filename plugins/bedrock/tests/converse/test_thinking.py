"""How models are told to think, and what that does to the other options."""

from __future__ import annotations

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool
from modelwire.models import Model

SONNET_45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET_46 = "us.anthropic.claude-sonnet-4-6"
OPUS_46 = "us.anthropic.claude-opus-4-6-v1"
OPUS_48 = "eu.anthropic.claude-opus-4.8"
OPUS_5 = "us.anthropic.claude-opus-5"
SONNET_5 = "us.anthropic.claude-sonnet-5"
FABLE = "us.anthropic.claude-fable-5"


def fields(request):
    return request.payload.get("additionalModelRequestFields", {})


def sampled(request):
    """What is said about sampling, which the limit on the answer is no part of."""
    config = request.payload.get("inferenceConfig", {})
    return {key: value for key, value in config.items() if key != "maxTokens"}


def kinds(request, path):
    return [change.kind for change in request.changes if change.path == path]


class TestBudgets:
    @pytest.mark.parametrize(
        ("level", "budget"),
        [
            ("minimal", 1024),
            ("low", 2048),
            ("medium", 8192),
            ("high", 16384),
            ("xhigh", 16384),
            ("max", 16384),
        ],
    )
    def test_each_level_has_its_budget(self, build, level, budget):
        request = build(reasoning=level)
        assert fields(request) == {
            "thinking": {"type": "enabled", "budget_tokens": budget},
            "anthropic_beta": ["interleaved-thinking-2025-05-14"],
        }

    @pytest.mark.parametrize(
        ("level", "budget"), [("low", 3000), ("xhigh", 20000), ("medium", 8192)]
    )
    def test_budgets_may_be_configured(self, build, level, budget):
        params = {"thinkingBudgets": {"low": 3000, "high": 20000, "medium": "lots"}}
        request = build(reasoning=level, params=params)
        assert fields(request)["thinking"]["budget_tokens"] == budget

    @pytest.mark.parametrize("level", [None, "off"])
    def test_nothing_is_sent_where_none_is_asked_for(self, build, level):
        assert fields(build(reasoning=level)) == {}

    def test_interleaving_may_be_refused_and_old_models_know_none(self, build):
        assert "anthropic_beta" not in fields(
            build(reasoning="low", params={"interleavedThinking": False})
        )
        old = build(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", reasoning="low")
        assert list(fields(old)) == ["thinking"]

    def test_thinking_comes_on_top_of_the_tokens_asked_for(self, build):
        request = build(reasoning="low", max_tokens=1000)
        assert request.payload["inferenceConfig"]["maxTokens"] == 3048
        assert kinds(request, "options.max_tokens") == ["rewritten"]

    def test_the_limit_of_the_model_bounds_both(self, build):
        model = Model("amazon-bedrock", SONNET_45, max_tokens=8000)
        request = build(model=model, reasoning="high", max_tokens=4000)
        assert request.payload["inferenceConfig"]["maxTokens"] == 8000
        assert fields(request)["thinking"]["budget_tokens"] == 8000 - 1024

    def test_without_room_for_the_least_budget_there_is_no_thinking(self, build):
        model = Model("amazon-bedrock", SONNET_45, max_tokens=1500)
        request = build(model=model, reasoning="high", max_tokens=1000)
        assert fields(request) == {}
        assert request.payload["inferenceConfig"] == {"maxTokens": 1000}
        assert "dropped" in kinds(request, "options.reasoning")


class TestEfforts:
    @pytest.mark.parametrize(
        ("model", "level", "effort"),
        [
            (SONNET_46, "minimal", "low"),
            (SONNET_46, "low", "low"),
            (SONNET_46, "medium", "medium"),
            (SONNET_46, "high", "high"),
            (SONNET_46, "max", "max"),
            (OPUS_46, "xhigh", "high"),
            (OPUS_46, "max", "max"),
            (OPUS_48, "xhigh", "xhigh"),
            (OPUS_48, "max", "max"),
            (OPUS_5, None, "high"),
            (SONNET_5, None, "high"),
            (FABLE, "off", "low"),
        ],
    )
    def test_a_level_becomes_an_effort_that_the_family_knows(self, build, model, level, effort):
        assert fields(build(model=model, reasoning=level)) == {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": effort},
        }

    @pytest.mark.parametrize(("model", "level"), [(SONNET_46, None), (SONNET_46, "off")])
    def test_nothing_is_said_where_thinking_is_not_wanted(self, build, model, level):
        assert fields(build(model=model, reasoning=level)) == {}

    @pytest.mark.parametrize(("word", "effort"), [("ultra", "ultra"), (None, "high")])
    def test_the_model_may_have_words_of_its_own(self, build, word, effort):
        model = Model("amazon-bedrock", SONNET_46, thinking_level_map={"max": word})
        assert fields(build(model=model, reasoning="max"))["output_config"] == {"effort": effort}

    def test_a_descriptive_name_decides_for_an_opaque_profile(self, build):
        arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
        model = Model("amazon-bedrock", arn, name="Claude Opus 4.8")
        assert fields(build(model=model, reasoning="max"))["output_config"] == {"effort": "max"}

    @pytest.mark.parametrize(
        ("model", "region"),
        [
            (SONNET_46, "us-gov-west-1"),
            ("us-gov.anthropic.claude-sonnet-4-6", None),
            (
                "arn:aws-us-gov:bedrock:us-gov-east-1::foundation-model/anthropic.claude-sonnet-4-6",
                None,
            ),
        ],
    )
    def test_gov_cloud_gets_no_display(self, build, model, region):
        request = build(model=model, region=region, reasoning="low")
        assert fields(request)["thinking"] == {"type": "adaptive"}


class TestOtherFamilies:
    @pytest.mark.parametrize(
        ("model", "level", "sent"),
        [
            ("openai.gpt-oss-120b-1:0", "medium", {"reasoning_effort": "medium"}),
            ("openai.gpt-oss-120b-1:0", "off", {"reasoning_effort": "low"}),
            ("openai.gpt-oss-120b-1:0", None, {}),
            ("qwen.qwen3-32b-v1:0", "high", {"reasoning_config": "high"}),
            ("qwen.qwen3-32b-v1:0", "minimal", {"reasoning_config": "low"}),
            ("qwen.qwen3-32b-v1:0", "off", {"reasoning_config": "none"}),
            (
                "us.amazon.nova-2-lite-v1:0",
                "medium",
                {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
            ),
        ],
    )
    def test_each_family_is_asked_in_its_own_words(self, build, model, level, sent):
        assert fields(build(model=model, reasoning=level)) == sent

    def test_nova_thinks_hard_only_when_left_free(self, build):
        request = build(
            model="us.amazon.nova-2-lite-v1:0",
            reasoning="high",
            max_tokens=10,
            temperature=0.5,
            params={"topK": 3},
        )
        assert "inferenceConfig" not in request.payload
        assert list(fields(request)) == ["reasoningConfig"]

    @pytest.mark.parametrize("model", ["us.deepseek.r1-v1:0", "us.meta.llama3-3-70b-instruct-v1:0"])
    def test_a_wish_that_cannot_be_met_is_recorded(self, build, model):
        request = build(model=model, reasoning="high")
        assert fields(request) == {}
        assert kinds(request, "options.reasoning") == ["dropped"]

    def test_a_model_known_not_to_think_is_not_asked_to(self, build):
        request = build(model=Model("amazon-bedrock", SONNET_46, reasoning=False), reasoning="high")
        assert fields(request) == {}


class TestSampling:
    @pytest.mark.parametrize(
        "model",
        [
            "us.anthropic.claude-opus-4-7-v1:0",
            "anthropic.claude-opus-4.8",
            "au.anthropic.claude-opus-5",
            "us.anthropic.claude-mythos-preview",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-7-v1:0",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/claude-opus-4-8",
        ],
    )
    def test_temperature_is_left_out_where_it_is_refused(self, build, model):
        request = build(model=model, temperature=0.5, top_p=0.9, params={"topK": 5})
        assert sampled(request) == {}
        assert kinds(request, "options.temperature") == ["dropped"]

    def test_an_opaque_profile_refuses_what_its_base_model_refuses(self, build):
        arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
        base = "anthropic.claude-opus-4-7"
        assert sampled(build(model=arn, base_model=base, temperature=0.5)) == {}
        params = {"baseModel": base}
        assert sampled(build(model=arn, temperature=0.5, params=params)) == {}

    def test_temperature_is_kept_elsewhere(self, build):
        request = build(model=OPUS_46, temperature=0.5)
        assert sampled(request) == {"temperature": 0.5}

    @pytest.mark.parametrize("model", [SONNET_45, SONNET_46])
    def test_thinking_and_sampling_do_not_go_together(self, build, model):
        request = build(
            model=model, reasoning="low", temperature=0.5, top_p=0.5, params={"topK": 5}
        )
        assert sampled(request) == {}
        assert "top_k" not in fields(request)
        assert sampled(build(model=model, reasoning="low", top_p=0.97)) == {"topP": 0.97}

    def test_temperature_and_top_p_are_not_both_sent_to_claude_45(self, build):
        request = build(temperature=0.5, top_p=0.5)
        assert sampled(request) == {"temperature": 0.5}
        nova = build(model="us.amazon.nova-pro-v1:0", temperature=0.5, top_p=0.5)
        assert sampled(nova) == {"temperature": 0.5, "topP": 0.5}

    @pytest.mark.parametrize(
        ("model", "sent"),
        [
            (SONNET_45, {"top_k": 20}),
            ("us.amazon.nova-pro-v1:0", {"inferenceConfig": {"topK": 20}}),
            ("us.meta.llama3-3-70b-instruct-v1:0", {}),
        ],
    )
    @pytest.mark.parametrize("key", ["topK", "top_k"])
    def test_top_k_goes_where_the_family_reads_it(self, build, model, sent, key):
        assert fields(build(model=model, params={key: 20})) == sent

    def test_what_is_out_of_range_is_brought_into_it(self, build):
        request = build(temperature=1.7)
        assert sampled(request) == {"temperature": 1.0}
        assert kinds(request, "options.temperature") == ["rewritten"]

    def test_stop_sequences_are_sent_without_the_blank(self, build):
        request = build(stop=("END", "", "\n"))
        assert sampled(request) == {"stopSequences": ["END"]}
        nova = build(model="us.amazon.nova-pro-v1:0", stop=("END", "", "\n"))
        assert sampled(nova) == {"stopSequences": ["END", "\n"]}

    def test_nothing_is_reported_that_was_not_asked_for(self, build):
        plain = build(cache_retention="none", params={"maxTokens": "auto"})
        assert set(plain.payload) == {"modelId", "messages"}

    def test_a_limit_below_one_is_refused(self, build):
        from modelwire.errors import InvalidRequest

        with pytest.raises(InvalidRequest, match="at least one token"):
            build(max_tokens=0)


class TestToolChoice:
    TOOLS = (Tool("read"), Tool("write"))

    @pytest.mark.parametrize(
        ("model", "choice", "sent"),
        [
            (SONNET_45, "auto", {"auto": {}}),
            (SONNET_45, "any", {"any": {}}),
            (SONNET_45, "read", {"tool": {"name": "read"}}),
            ("us.amazon.nova-lite-v1:0", "read", {"tool": {"name": "read"}}),
            ("us.meta.llama4-scout-17b-instruct-v1:0", "read", {"auto": {}}),
            ("mistral.mistral-large-2407-v1:0", "read", {"any": {}}),
            ("deepseek.v3-v1:0", "any", {"any": {}}),
            ("us.writer.palmyra-x5-v1:0", "any", None),
        ],
    )
    def test_a_choice_becomes_one_that_the_family_takes(self, build, model, choice, sent):
        request = build(model=model, tools=self.TOOLS, tool_choice=ToolChoice.parse(choice))
        assert request.payload["toolConfig"].get("toolChoice") == sent

    @pytest.mark.parametrize("model", [SONNET_45, SONNET_46])
    @pytest.mark.parametrize("choice", ["any", "read"])
    def test_while_claude_thinks_no_call_is_demanded(self, build, model, choice):
        request = build(
            model=model, tools=self.TOOLS, tool_choice=ToolChoice.parse(choice), reasoning="low"
        )
        assert request.payload["toolConfig"]["toolChoice"] == {"auto": {}}
        assert kinds(request, "options.tool_choice") == ["rewritten"]

    def test_nothing_is_chosen_where_none_is_asked_for(self, build):
        assert "toolChoice" not in build(tools=self.TOOLS).payload["toolConfig"]

    def test_none_sends_no_tools_where_the_family_cannot_forbid_calls(self, build):
        request = build(
            model="us.amazon.nova-pro-v1:0", tools=self.TOOLS, tool_choice=ToolChoice("none")
        )
        assert "toolConfig" not in request.payload
        assert kinds(request, "tools") == ["dropped"]

    def test_a_tool_that_is_not_there_cannot_be_demanded(self, build):
        from modelwire.errors import InvalidRequest

        with pytest.raises(InvalidRequest, match="'delete'"):
            build(tools=self.TOOLS, tool_choice=ToolChoice.parse("delete"))
