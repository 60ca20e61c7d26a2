from __future__ import annotations

import pytest

from modelwire.errors import ConfigError

REQUIRED = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
ALL = {**REQUIRED, "streamProcessingMode": "async", "trace": "enabled_full"}


def changed(request):
    return [(change.kind, change.path) for change in request.changes]


class TestGuardrail:
    @pytest.mark.parametrize("guardrail", [REQUIRED, ALL])
    def test_it_is_sent_as_configured(self, build, guardrail):
        request = build(settings={"guardrail": guardrail})
        assert request.payload["guardrailConfig"] == guardrail

    def test_absent_it_is_not_sent(self, build):
        assert "guardrailConfig" not in build(settings={}).payload

    def test_that_of_the_call_wins(self, build):
        params = {"guardrailConfig": {**REQUIRED, "guardrailVersion": 2}}
        request = build(settings={"guardrail": ALL}, params=params)
        assert request.payload["guardrailConfig"] == {**REQUIRED, "guardrailVersion": "2"}

    @pytest.mark.parametrize(
        ("guardrail", "path"),
        [
            ({"guardrailIdentifier": "abc"}, "guardrailVersion"),
            ({**REQUIRED, "trace": "loud"}, "trace"),
            ({}, "guardrailIdentifier"),
            ("abc", "guardrail"),
        ],
    )
    def test_half_a_guardrail_is_an_error_and_never_an_unguarded_request(
        self, build, guardrail, path
    ):
        with pytest.raises(ConfigError) as caught:
            build(settings={"guardrail": guardrail})
        assert caught.value.problems[0].path.endswith(path)

    def test_converse_gets_no_options_of_streaming(self, build):
        request = build(settings={"guardrail": ALL})
        assert "streamProcessingMode" not in request.for_converse()["guardrailConfig"]
        assert request.payload["guardrailConfig"] == ALL


class TestServiceTier:
    @pytest.mark.parametrize("key", ["serviceTier", "service_tier"])
    @pytest.mark.parametrize("tier", ["flex", "priority", "default", "reserved", " Flex "])
    def test_each_tier_in_each_spelling(self, build, key, tier):
        request = build(params={key: tier})
        assert request.payload["serviceTier"] == {"type": tier.strip().lower()}

    def test_another_one_is_dropped_and_recorded(self, build):
        request = build(params={"service_tier": "turbo"})
        assert "serviceTier" not in request.payload
        assert changed(request) == [("dropped", "options.params.service_tier")]

    def test_claude_5_has_only_the_default(self, build):
        model = "us.anthropic.claude-sonnet-5"
        assert "serviceTier" not in build(model=model, params={"serviceTier": "flex"}).payload
        request = build(model=model, params={"serviceTier": "default"})
        assert request.payload["serviceTier"] == {"type": "default"}


class TestLabels:
    def test_metadata_of_the_call_and_of_the_configuration_are_joined(self, build):
        params = {"requestMetadata": {"team": "a", "app": "x"}}
        request = build(metadata={"team": "b"}, params=params)
        assert request.payload["requestMetadata"] == {"team": "b", "app": "x"}

    def test_labels_are_made_legal(self, build):
        request = build(metadata={"käse": "a\U0001f600;b", "": "x", "long": "y" * 300})
        assert request.payload["requestMetadata"] == {"k_se": "a__b", "long": "y" * 256}
        assert ("dropped", "options.metadata.") in changed(request)

    def test_there_are_sixteen_at_most(self, build):
        request = build(metadata={f"key{number}": "" for number in range(18)})
        assert len(request.payload["requestMetadata"]) == 16
        assert len(changed(request)) == 2


class TestTheRest:
    def test_performance_and_prompt_variables(self, build):
        request = build(
            params={
                "performanceConfig": {"latency": "optimized"},
                "promptVariables": {"topic": "tea", "tone": {"text": "dry"}, "bad": 3},
            }
        )
        assert request.payload["performanceConfig"] == {"latency": "optimized"}
        assert request.payload["promptVariables"] == {
            "topic": {"text": "tea"},
            "tone": {"text": "dry"},
        }

    def test_fields_of_the_model_are_passed_through_and_win(self, build):
        own = {
            "thinking": {"budget_tokens": 5000},
            "anthropic_beta": ["b-1"],
            "custom": [1, {"x": None}],
        }
        request = build(reasoning="low", params={"additionalModelRequestFields": own})
        assert request.payload["additionalModelRequestFields"] == {
            "thinking": {"type": "enabled", "budget_tokens": 5000},
            "anthropic_beta": ["interleaved-thinking-2025-05-14", "b-1"],
            "custom": [1, {"x": None}],
        }
        path = "options.params.additionalModelRequestFields.thinking.budget_tokens"
        assert ("rewritten", path) in changed(request)

    def test_claude_5_is_asked_why_it_stopped(self, build):
        request = build(model="us.anthropic.claude-opus-5")
        assert request.payload["additionalModelResponseFieldPaths"] == [
            "/stop_details",
            "/delta/stop_details",
        ]
        assert "additionalModelResponseFieldPaths" not in build().payload

    def test_unknown_parameters_are_recorded(self, build):
        request = build(params={"frequencyPenalty": 1, "region": "eu-west-1"})
        assert changed(request) == [("ignored", "options.params.frequencyPenalty")]

    def test_a_managed_prompt_brings_its_own_settings(self, build):
        arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"
        request = build(
            [], arn, system="x", temperature=0.5, params={"promptVariables": {"a": "b"}}
        )
        assert request.payload == {"modelId": arn, "promptVariables": {"a": {"text": "b"}}}
