"""What is decided for one provider is kept for its next call, and for no other."""

import pytest

from modelwire.config import Config
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, UserMessage
from modelwire.models import Model
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.routes.choice import choose_route
from modelwire_bedrock.routes.request import routed_request

MODEL = Model("amazon-bedrock", "openai.gpt-oss-20b-1:0")
CONTEXT = Context([UserMessage("Hello")])


def configured(**settings):
    document = {"models": {"providers": {"amazon-bedrock": settings}}}
    config = Config.from_document(document, environ={"AWS_REGION": "eu-west-1"})
    return config, config.models.providers["amazon-bedrock"]


def routed(config, provider, **options):
    return request_for(config, provider, **options).provider


def request_for(config, provider, context=CONTEXT, **options):
    target = resolve_target(MODEL.id, None, provider, config)
    return routed_request(
        MODEL,
        context,
        CompletionOptions(**options),
        provider,
        choice=choose_route(MODEL, provider),
        target=target,
        called=MODEL.id,
        settings={},
    )


def test_calls_that_are_alike_have_the_same_provider():
    config, provider = configured(api="openai-completions")
    assert routed(config, provider) is routed(config, provider)
    assert routed(config, provider).region == "eu-west-1"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"metadata": {"team": "a"}}, lambda made: "Request-Metadata" in str(made.headers)),
        ({"params": {"profile": "work"}}, lambda made: made.extra["profile"] == "work"),
        ({"params": {"performanceConfig": {"latency": "optimized"}}}, lambda made: made.headers),
    ],
    ids=["labels", "profile", "latency"],
)
def test_a_call_of_another_kind_has_another_provider(options, shown):
    config, provider = configured(api="openai-completions")
    plain = routed(config, provider)
    assert not plain.headers
    made = routed(config, provider, **options)
    assert shown(made)
    assert routed(config, provider, **options) == made
    assert routed(config, provider) is plain


def test_the_model_is_the_same_for_the_same_level_of_reasoning():
    configuration = configured(api="openai-completions")
    plain, again, high, low = (
        request_for(*configuration, **options).model
        for options in ({}, {}, {"reasoning": "high"}, {"reasoning": "minimal"})
    )
    assert plain is again
    assert plain.api == "openai-completions"
    assert low.thinking_level_map["minimal"] == "low"
    assert high.thinking_level_map["high"] == "high"
    assert request_for(*configuration).model.thinking_level_map == {}


def test_only_a_history_of_the_model_itself_is_written_for_it():
    configuration = configured(api="openai-completions")
    assert request_for(*configuration).context is CONTEXT
    own = AssistantMessage("Hi", "amazon-bedrock", MODEL.id, api="bedrock-converse-stream")
    history = Context([*CONTEXT.messages, own, UserMessage("And?")])
    sent = request_for(*configuration, context=history).context
    assert sent.messages[1].api == "bedrock-converse-stream"
    assert sent.messages[1] is not own
    assert history.messages[1] is own


def test_another_configuration_has_another_provider():
    one = configured(api="openai-completions", region="us-east-1")
    other = configured(api="openai-completions", region="us-west-2", headers={"X-Team": "b"})
    assert [routed(*each).region for each in (one, other, one)] == [
        *("us-east-1", "us-west-2", "us-east-1")
    ]
    assert "X-Team" in routed(*other).headers
    assert "X-Team" not in routed(*one).headers
