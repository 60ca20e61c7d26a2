"""A refusal that names a field is used: the field is left out once, reported and remembered."""

import json

import pytest
from attrs import evolve

from modelwire.errors import AccessDenied, InvalidRequest
from modelwire.events import Diagnostic
from modelwire.hookspecs import ToolChoice
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
from modelwire_bedrock.converse.refusals import REFUSED, find_refused

UNSUPPORTED = "This model doesn\u2019t support the {0} field. Remove {0} and try again."
EXTRA = "The model returned the following errors: {0}: Extra inputs are not permitted"
KIMI = Model("amazon-bedrock", "moonshotai.kimi-k2.5")
CLAUDE = Model("amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
TOOL = Tool("look", "Looks.", {"type": "object", "properties": {}})


@pytest.fixture(autouse=True)
def _nothing_remembered():
    REFUSED.clear()
    yield
    REFUSED.clear()


def reported(deltas, kind="dropped"):
    return [d.data["path"] for d in deltas if isinstance(d, Diagnostic) and d.type == kind]


@pytest.mark.parametrize(
    ("said", "options", "path"),
    [
        (UNSUPPORTED.format("temperature"), {"temperature": 0.2}, "inferenceConfig.temperature"),
        (UNSUPPORTED.format("inferenceConfig.topP"), {"top_p": 0.5}, "inferenceConfig.topP"),
        (EXTRA.format("top_p"), {"top_p": 0.5}, "inferenceConfig.topP"),
        ("`temperature` is deprecated for this model.", {"temperature": 0.2}, "inferenceConfig.temperature"),
        ("stop_sequences is not supported by this model.", {"stop": ("X",)}, "inferenceConfig.stopSequences"),
        ("Unsupported parameter: 'max_tokens'", {"max_tokens": 99}, "inferenceConfig.maxTokens"),
        (UNSUPPORTED.format("serviceTier"), {"params": {"serviceTier": "flex"}}, "serviceTier"),
        (UNSUPPORTED.format("requestMetadata"), {"metadata": {"a": "b"}}, "requestMetadata"),
        (
            "Malformed input request: #: extraneous key [top_k] is not permitted, please reformat",
            {"params": {"additionalModelRequestFields": {"top_k": 3, "seed": 1}}},
            "additionalModelRequestFields.top_k",
        ),
        (
            "Unknown parameter: 'reasoning_effort'.",
            {"params": {"additionalModelRequestFields": {"reasoning_effort": "low"}}},
            "additionalModelRequestFields.reasoning_effort",
        ),
        (
            '"thinking.type.enabled" is not supported for this model.',
            {"params": {"additionalModelRequestFields": {"thinking": {"type": "enabled"}, "x": 1}}},
            "additionalModelRequestFields.thinking",
        ),
        (
            EXTRA.format("output_config.effort"),
            {"params": {"additionalModelRequestFields": {"output_config": {"effort": "max"}}}},
            "additionalModelRequestFields.output_config",
        ),
    ],
)  # fmt: skip
async def test_a_refused_field_is_left_out_once(
    server, answer, collect, text_of, refuses, said, options, path
):
    server.answers(refuses(400, "ValidationException", said), [*answer("ok")])
    deltas, error = await collect(model=KIMI, **options)

    assert error is None
    assert text_of(deltas) == "ok"
    first, second = (request.json for request in server.received)
    key = path.rpartition(".")[2]
    assert f'"{key}"' in json.dumps(first)
    assert f'"{key}"' not in json.dumps(second)
    assert second["messages"] == first["messages"]
    told = [
        d for d in deltas if isinstance(d, Diagnostic) and "refused" in d.data.get("reason", "")
    ]
    assert [(d.type, d.data["path"]) for d in told] in (
        [("dropped", path)],
        [("dropped", f"{path}.effort")],
    )


async def test_what_was_refused_is_not_sent_by_the_next_call(server, answer, collect, refuses):
    server.answers(
        refuses(400, "ValidationException", UNSUPPORTED.format("temperature")), [*answer("ok")]
    )
    await collect(model=KIMI, temperature=0.2)
    deltas, error = await collect(model=KIMI, temperature=0.9, top_p=0.5)

    assert error is None
    assert len(server.received) == 3
    assert server.received[2].json["inferenceConfig"] == {"topP": 0.5}
    assert "inferenceConfig.temperature" in reported(deltas)


async def test_another_model_region_or_provider_is_not_judged_by_it(
    server, answer, collect, provider, refuses
):
    server.answers(
        refuses(400, "ValidationException", UNSUPPORTED.format("temperature")), [*answer("ok")]
    )
    await collect(model=KIMI, temperature=0.2)
    await collect(model=Model("amazon-bedrock", "zai.glm-5"), temperature=0.2)
    await collect(model=KIMI, temperature=0.2, provider=evolve(provider, region="us-east-1"))
    await collect(model=KIMI, temperature=0.2, provider=evolve(provider, id="mine"))
    assert ["inferenceConfig" in r.json for r in server.received] == [True, False, True, True, True]


async def test_a_refused_value_does_not_condemn_another_value(server, answer, collect, refuses):
    said = "reasoning_effort is not supported for this model."
    server.answers(refuses(400, "ValidationException", said), [*answer("ok")])

    def effort(value):
        return {"params": {"additionalModelRequestFields": {"reasoning_effort": value}}}

    await collect(model=KIMI, **effort("none"))
    await collect(model=KIMI, **effort("high"))
    await collect(model=KIMI, **effort("none"))
    sent = ["additionalModelRequestFields" in r.json for r in server.received]
    assert sent == [True, False, True, False]


async def test_fields_that_are_refused_one_after_another_are_left_out(
    server, answer, collect, refuses
):
    server.answers(
        refuses(400, "ValidationException", UNSUPPORTED.format("temperature")),
        refuses(400, "ValidationException", UNSUPPORTED.format("topP")),
        [*answer("ok")],
    )
    deltas, error = await collect(model=KIMI, temperature=0.2, top_p=0.4)
    assert error is None
    assert "inferenceConfig" not in server.received[2].json
    assert reported(deltas) == ["inferenceConfig.temperature", "inferenceConfig.topP"]


async def test_a_field_that_stays_refused_is_an_error(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", UNSUPPORTED.format("temperature")))
    _, error = await collect(model=KIMI, temperature=0.2)
    assert isinstance(error, InvalidRequest)
    assert len(server.received) == 2
    assert error.hint


@pytest.mark.parametrize(
    "name", ["messages", "system", "toolConfig", "toolConfig.tools", "guardrailConfig"]
)
async def test_what_changes_the_question_is_never_left_out(server, collect, refuses, name):
    server.answers(refuses(400, "ValidationException", UNSUPPORTED.format(name)))
    guardrail = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    context = Context([UserMessage("hello")], "Be brief.", [TOOL])
    _, error = await collect(context, model=KIMI, params={"guardrailConfig": guardrail})
    assert isinstance(error, InvalidRequest)
    assert error.hint
    assert len(server.received) == 1


async def test_cache_points_are_left_out_where_they_are_refused(server, answer, collect, refuses):
    said = "You invoked an unsupported model or your request did not allow prompt caching."
    server.answers(refuses(403, "AccessDeniedException", said), [*answer("ok")])
    context = Context([UserMessage("hello")], "Be brief.", [TOOL])
    deltas, error = await collect(context, model=CLAUDE)
    assert error is None
    assert reported(deltas) == ["cachePoint"]
    await collect(context, model=CLAUDE)
    assert ["cachePoint" in json.dumps(r.json) for r in server.received] == [True, False, False]


async def test_without_cache_points_the_refusal_is_raised(server, collect, refuses):
    said = "You invoked an unsupported model or your request did not allow prompt caching."
    server.answers(refuses(403, "AccessDeniedException", said))
    _, error = await collect(model=KIMI)
    assert isinstance(error, AccessDenied)
    assert len(server.received) == 1
    assert "region" in error.hint


@pytest.mark.parametrize(
    "name", ["output_config.format", "outputConfig", "outputConfig.textFormat"]
)
async def test_a_refused_schema_is_said_in_words(server, answer, collect, refuses, name):
    server.answers(refuses(400, "ValidationException", EXTRA.format(name)), [*answer('{"a": 1}')])
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    deltas, error = await collect(model=CLAUDE, response_schema=schema)
    assert error is None
    first, second = (request.json for request in server.received)
    assert "outputConfig" in first
    assert "outputConfig" not in second
    assert "JSON Schema" in second["system"][-1]["text"]
    assert "options.response_schema" in reported(deltas, "rewritten")


async def test_a_refused_tool_choice_becomes_the_default(server, answer, collect, refuses):
    server.answers(
        refuses(400, "ValidationException", UNSUPPORTED.format("toolConfig.toolChoice.any")),
        [*answer("ok")],
    )
    context = Context([UserMessage("hello")], tools=[TOOL])
    _, error = await collect(context, model=KIMI, tool_choice=ToolChoice("any"))
    assert error is None
    first, second = (request.json["toolConfig"] for request in server.received)
    assert first == {**second, "toolChoice": {"any": {}}}


HISTORY = [
    UserMessage("hello"),
    AssistantMessage([Thinking("hm", "c2ln"), ToolCall("c1", "look", {})], CLAUDE.provider, CLAUDE.id),
    ToolResultMessage("c1", "look", [Text("no")], is_error=True),
]  # fmt: skip


async def test_a_refused_status_is_said_in_words(server, answer, collect, refuses):
    server.answers(
        refuses(400, "ValidationException", UNSUPPORTED.format("status")), [*answer("ok")]
    )
    _, error = await collect(Context(HISTORY, tools=[TOOL]), model=CLAUDE)
    assert error is None
    result = server.received[1].json["messages"][2]["content"][0]["toolResult"]
    assert "status" not in result
    assert result["content"] == [{"text": "The tool failed:"}, {"text": "no"}]


async def test_refused_thoughts_are_left_out(server, answer, collect, refuses):
    said = UNSUPPORTED.format("messages.1.content.0.reasoningContent.reasoningText.signature")
    server.answers(refuses(400, "ValidationException", said), [*answer("ok")])
    _, error = await collect(Context(HISTORY, tools=[TOOL]), model=CLAUDE)
    assert error is None
    assert "reasoningContent" not in json.dumps(server.received[1].json)


@pytest.mark.parametrize(
    "message",
    [
        "This model doesn't support tool use in streaming mode.",
        "Invocation with on-demand throughput isn't supported. Use an inference profile.",
        "temperature: Input should be less than or equal to 1",
        "messages.0.content.1.image: image exceeds 5 MB maximum",
    ],
)
def test_other_refusals_name_no_field(message):
    assert find_refused(message, {"inferenceConfig": {"temperature": 2}, "messages": []}) == []


MARKETPLACE = (
    "Model access is denied due to IAM user or service role is not authorized to perform the required "
    "AWS Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable "
    "access to this model."
)
LEGACY = (
    "Access denied. This Model is marked by provider as Legacy and you have not been actively using "
    "the model in the last 30 days. Please upgrade to an active model on Amazon Bedrock"
)
DENIED = (
    "User: arn:aws:iam::1:user/u is not authorized to perform: "
    "bedrock:InvokeModelWithResponseStream on resource: "
    "arn:aws:bedrock:{}::foundation-model/anthropic.claude"
)


@pytest.mark.parametrize(
    ("status", "code", "said", "words"),
    [
        (403, "AccessDeniedException", DENIED.format("eu-west-1"), "Allow bedrock:"),
        (
            403, "AccessDeniedException",
            DENIED.format("eu-west-1") + " with an explicit deny in a service control policy",
            "(service control policy) denies",
        ),
        (
            403, "AccessDeniedException",
            DENIED.format("eu-north-1") + " with an explicit deny in a service control policy",
            "also runs in eu-north-1",
        ),
        (403, "AccessDeniedException", DENIED.format(""), "runs in any region"),
        (
            404, "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.", "15 minutes",
        ),
        (
            403, "AccessDeniedException",
            MARKETPLACE, "aws-marketplace:Subscribe",
        ),
        (
            404, "ResourceNotFoundException",
            LEGACY, "anthropic.claude-sonnet-4-6",
        ),
        (403, "AccessDeniedException", "You don't have access to the model.", "enabled by default"),
    ],
)  # fmt: skip
async def test_hints_follow_the_message(server, collect, refuses, status, code, said, words):
    server.answers(refuses(status, code, said))
    sonnet = Model("amazon-bedrock", "eu.anthropic.claude-3-7-sonnet-20250219-v1:0")
    _, error = await collect(model=sonnet)
    assert words in error.hint
    assert "Model access`" not in error.hint


async def test_an_overflow_of_bytes_points_at_the_images(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", "Input is too long for requested model."))
    png = b"\x89PNG\r\n\x1a\n" + bytes(1_500_000)
    _, error = await collect(Context([UserMessage([Image(png, "image/png")])]), model=CLAUDE)
    assert "Images" in error.hint


@pytest.mark.parametrize(
    "said",
    [
        "The model returned the following errors: tools.1.custom.input_schema: JSON schema is invalid",
        "Value at 'toolConfig.tools.2.member.toolSpec.name' failed to satisfy constraint",
        "Invalid toolConfig.tools[1].toolSpec.inputSchema",
    ],
)
async def test_a_refused_tool_is_named(server, collect, refuses, said):
    server.answers(refuses(400, "ValidationException", said))
    tools = [Tool("zoom"), Tool("a.b"), Tool("look.up")]
    _, error = await collect(Context([UserMessage("hello")], tools=tools), model=CLAUDE)
    assert "the tool 'look.up'" in error.hint
