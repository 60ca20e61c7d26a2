"""One provider id, each model by the route that it has, checked by a server that verifies signatures."""

import asyncio
import json

import pytest
from anthropic_answers import messages_frames
from openai_answers import chat_frames, responses_frames

from modelwire.config import Config
from modelwire.errors import AuthenticationError, ConfigError, NotFound
from modelwire.messages import AssistantMessage, Context, StopReason, Text, Thinking, UserMessage
from modelwire.runtime import Runtime
from modelwire.testing import Reply
from modelwire.transport import RetryPolicy

PROVIDER = "amazon-bedrock"


@pytest.fixture
def make_runtime(tmp_path, environ):
    def make(provider=None, *, of=PROVIDER, plugins=None, **variables):
        document = {"models": {"providers": {of: provider or {}}}}
        if plugins:
            document["plugins"] = {"entries": {PROVIDER: {"config": plugins}}}
        config = Config.from_document(document, environ={**environ, **variables})
        retries = RetryPolicy(max_attempts=1)
        return Runtime(config, cache_directory=tmp_path / "cache", retries=retries)

    return make


def ended(frames):
    return Reply(frames, headers={"Content-Type": "text/event-stream"})


def refused(status, data, **headers):
    headers = {"Content-Type": "application/json", **headers}
    return Reply([json.dumps(data).encode()], status=status, headers=headers)


ROUTES = {
    "responses at the runtime": (
        "openai.gpt-5.6-luna",
        {"api": "openai-responses"},
        responses_frames(["hello"]),
        ("/openai/v1/responses", "openai.gpt-5.6-luna", "sigv4 bedrock us-east-1"),
    ),
    "chat at the runtime": (
        "openai.gpt-oss-20b-1:0",
        {"api": "openai-completions"},
        chat_frames(["hello"]),
        ("/openai/v1/chat/completions", "openai.gpt-oss-20b-1:0", "sigv4 bedrock us-east-1"),
    ),
    "messages at the runtime": (
        "us.anthropic.claude-opus-5",
        {"api": "anthropic-messages"},
        messages_frames(["hello"]),
        ("/anthropic/v1/messages", "us.anthropic.claude-opus-5", "sigv4 bedrock us-east-1"),
    ),
    "an api that only Mantle has": (
        "openai.gpt-oss-20b-1:0",
        {"api": "openai-responses"},
        responses_frames(["hello"]),
        ("/v1/responses", "openai.gpt-oss-20b", "sigv4 bedrock-mantle us-east-1"),
    ),
    "a model that only Mantle has": (
        "xai.grok-4.3",
        {},
        responses_frames(["hello"]),
        ("/openai/v1/responses", "xai.grok-4.3", "sigv4 bedrock-mantle us-east-1"),
    ),
    "an api of the model alone": (
        "anthropic.claude-sonnet-5",
        {"models": [{"id": "anthropic.claude-sonnet-5", "api": "anthropic-messages"}]},
        messages_frames(["hello"]),
        ("/anthropic/v1/messages", "us.anthropic.claude-sonnet-5", "sigv4 bedrock us-east-1"),
    ),
}


@pytest.mark.parametrize(("model", "provider", "frames", "expected"), ROUTES.values(), ids=ROUTES)
async def test_each_model_goes_by_the_route_that_it_has(
    aws, make_runtime, model, provider, frames, expected
):
    aws.script(frames)
    async with make_runtime({"region": "us-east-1", "baseUrl": aws.url, **provider}) as runtime:
        message = await runtime.complete("hi", model=f"{PROVIDER}/{model}")
    (request,) = aws.server.requests
    path, called, scope = expected
    assert message.text == "hello"
    assert (message.provider, message.model) == (PROVIDER, model)
    assert request.target == path
    assert request.data["model"] == called
    assert aws.check.accepted == [scope]


async def test_an_unknown_model_goes_by_converse(make_runtime):
    async with make_runtime() as runtime:
        request = (await runtime.dry_run("hi", model=f"{PROVIDER}/maker.new-model")).request
        found = await runtime.resolve(f"{PROVIDER}/maker.new-model")
        told = await asyncio.to_thread(runtime.describe_call, found)
    assert request.url.endswith("/model/maker.new-model/converse-stream")
    assert told["api"] == "bedrock-converse-stream"
    assert told["apiSource"] == "the default where a model has it"


HOSTS = {
    "the runtime of the region": (
        {"region": "eu-west-3", "api": "openai-completions"}, {}, "openai.gpt-oss-20b-1:0",
        "https://bedrock-runtime.eu-west-3.amazonaws.com/openai/v1/chat/completions",
    ),
    "FIPS": (
        {"region": "us-east-1", "api": "openai-completions"}, {"AWS_USE_FIPS_ENDPOINT": "true"},
        "openai.gpt-oss-20b-1:0",
        "https://bedrock-runtime-fips.us-east-1.amazonaws.com/openai/v1/chat/completions",
    ),
    "a VPC endpoint": (
        {
            "baseUrl": "https://vpce-1a.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
            "api": "openai-completions",
        }, {}, "openai.gpt-oss-20b-1:0",
        "https://vpce-1a.bedrock-runtime.eu-west-1.vpce.amazonaws.com/openai/v1/chat/completions",
    ),
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": (
        {"api": "openai-completions"},
        {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9/", "AWS_ENDPOINT_URL": "http://x"},
        "openai.gpt-oss-20b-1:0", "http://127.0.0.1:9/openai/v1/chat/completions",
    ),
    "Mantle of the region": (
        {"region": "us-west-2"}, {}, "openai.gpt-5.4",
        "https://bedrock-mantle.us-west-2.api.aws/openai/v1/responses",
    ),
    "AWS_ENDPOINT_URL_BEDROCK_MANTLE": (
        {"region": "us-west-2"},
        {"AWS_ENDPOINT_URL_BEDROCK_MANTLE": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": "http://x"},
        "openai.gpt-5.4", "http://127.0.0.1:9/openai/v1/responses",
    ),
    "AWS_ENDPOINT_URL": (
        {"region": "us-west-2"}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        "openai.gpt-5.4", "http://127.0.0.1:9/openai/v1/responses",
    ),
    "an address with a path of an API": (
        {"region": "us-west-2", "baseUrl": "https://bedrock-mantle.us-west-2.api.aws/v1"}, {},
        "openai.gpt-5.4", "https://bedrock-mantle.us-west-2.api.aws/openai/v1/responses",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("provider", "variables", "model", "url"), HOSTS.values(), ids=HOSTS)
async def test_the_address_is_found_as_for_converse(make_runtime, provider, variables, model, url):
    async with make_runtime(provider, **variables) as runtime:
        shown = await runtime.dry_run("hi", model=f"{PROVIDER}/{model}")
    assert shown.request.url == url
    assert "AWS4-HMAC-SHA256" in shown.request.headers["Authorization"]


async def test_a_region_without_the_model_is_reported_with_those_that_have_it(make_runtime):
    async with make_runtime({"region": "eu-central-1"}) as runtime:
        with pytest.raises(NotFound, match="but in us-east-1, us-east-2, us-west-2") as caught:
            await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-5.5")
    assert "models.providers.amazon-bedrock.region" in caught.value.hint


@pytest.mark.parametrize(
    "provider",
    [
        {"baseUrl": "https://vpce-1a.bedrock-runtime.us-east-2.vpce.amazonaws.com"},
        {"baseUrl": "https://bedrock-runtime-fips.us-east-2.amazonaws.com"},
    ],
)
async def test_a_private_endpoint_is_not_left_for_a_public_one(make_runtime, provider):
    async with make_runtime(provider) as runtime:
        with pytest.raises(ConfigError) as caught:
            await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-5.5")
    assert "AWS_ENDPOINT_URL_BEDROCK_MANTLE" in caught.value.hint


WRONG = {
    "error": {"code": "validation_error", "message": "model `m` isn't supported on this route"}
}
MISLEADING = {"error": {"message": "Unauthorized", "type": "authentication_error"}}


@pytest.mark.parametrize("refusal", [(400, WRONG), (401, MISLEADING)])
async def test_a_wrong_path_is_corrected_once_and_remembered(aws, make_runtime, refusal):
    aws.server.script(refused(*refusal), ended(chat_frames(["one"])), ended(chat_frames(["two"])))
    async with make_runtime({"baseUrl": aws.url}, of="amazon-bedrock-mantle") as runtime:
        first = await runtime.complete("hi", model="amazon-bedrock-mantle/maker.new")
        second = await runtime.complete("hi", model="amazon-bedrock-mantle/maker.new")
    assert [first.text, second.text] == ["one", "two"]
    paths = ["/v1/chat/completions", *["/openai/v1/chat/completions"] * 2]
    assert [request.target for request in aws.server.requests] == paths
    assert [d["type"] for d in first.diagnostics] == ["retried"]
    assert set(aws.check.accepted) == {"sigv4 bedrock-mantle eu-west-1"}


async def test_expired_credentials_are_loaded_once_more(aws, make_runtime):
    expired = {"message": "The security token included in the request is expired"}
    aws.server.script(
        refused(403, expired, **{"x-amzn-ErrorType": "ExpiredTokenException"}),
        ended(responses_frames(["hello"])),
    )
    async with make_runtime({"baseUrl": aws.url, "api": "openai-responses"}) as runtime:
        message = await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-5.6-luna")
    assert message.text == "hello"
    assert "credentials" in [d.get("path") for d in message.diagnostics]


async def test_aws_refuses_in_its_own_shape_behind_every_api(aws, make_runtime):
    aws.check.keys.clear()
    async with make_runtime({"baseUrl": aws.url, "api": "openai-completions"}) as runtime:
        with pytest.raises(AuthenticationError) as caught:
            await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-oss-20b-1:0")
    assert "Check the access key, the secret key" in caught.value.hint


@pytest.mark.parametrize("api", ["openai-completions", "openai-responses", "anthropic-messages"])
async def test_what_the_plugin_of_an_api_knows_of_keys_is_not_said_of_aws(aws, make_runtime, api):
    data = {"error": {"message": "Invalid bearer token.", "type": "authentication_error"}}
    aws.server.script(refused(401, data), refused(401, data))
    async with make_runtime({"baseUrl": aws.url, "api": api, "region": "us-east-1"}) as runtime:
        with pytest.raises(AuthenticationError) as caught:
            await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-5.4")
    assert caught.value.hint == "Set new keys (env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY)."


GUARD = {"guardrailIdentifier": "g1", "guardrailVersion": 2, "trace": "enabled"}


async def test_a_guardrail_labels_and_a_tier_go_in_header_fields(aws, make_runtime):
    aws.script(messages_frames(["hello"]))
    provider = {"baseUrl": aws.url, "region": "us-east-1", "api": "anthropic-messages"}
    async with make_runtime(provider, plugins={"guardrail": GUARD}) as runtime:
        message = await runtime.complete(
            "hi",
            model=f"{PROVIDER}/us.anthropic.claude-opus-5",
            params={
                "requestMetadata": {"team": "a"},
                "serviceTier": "default",
                "promptVariables": {"x": "y"},
                "additionalModelRequestFields": {"anthropic_beta": ["some-beta"]},
            },
        )
    headers = aws.server.requests[0].headers
    given = {k: v for k, v in headers.items() if k.startswith(("x-amzn-bedrock", "anthropic-beta"))}
    assert given == {
        "x-amzn-bedrock-guardrailidentifier": "g1",
        "x-amzn-bedrock-guardrailversion": "2",
        "x-amzn-bedrock-trace": "ENABLED",
        "x-amzn-bedrock-service-tier": "default",
        "x-amzn-bedrock-request-metadata": '{"team":"a"}',
        "anthropic-beta": "some-beta",
    }
    assert [d["path"] for d in message.diagnostics] == ["options.params.promptVariables"]


async def test_nothing_is_sent_unguarded(make_runtime):
    async with make_runtime({"region": "us-east-2"}, plugins={"guardrail": GUARD}) as runtime:
        with pytest.raises(ConfigError, match="applies no guardrail, so nothing is sent"):
            await runtime.complete("hi", model=f"{PROVIDER}/openai.gpt-5.5")


async def test_the_runtime_has_no_background(aws, make_runtime):
    aws.script(responses_frames(["hello"]))
    async with make_runtime({"baseUrl": aws.url, "api": "openai-responses"}) as runtime:
        message = await runtime.complete(
            "hi", model=f"{PROVIDER}/openai.gpt-5.6-luna",
            params={"background": True, "serviceTier": "flex"},
        )  # fmt: skip
    data = aws.server.requests[0].data
    assert "background" not in data
    assert data["service_tier"] == "flex"
    assert data["store"] is False
    assert "options.params.background" in [d.get("path") for d in message.diagnostics]


async def test_thinking_of_converse_goes_back_signed_in_messages(aws, make_runtime):
    aws.script(messages_frames(["hello"]))
    said = AssistantMessage(
        [Thinking("a thought", signature="c2ln"), Text("answer")],
        provider=PROVIDER,
        model="anthropic.claude-opus-5",
        api="bedrock-converse-stream",
        stop_reason=StopReason.STOP,
    )
    context = Context([UserMessage("one"), said, UserMessage("two")])
    provider = {"baseUrl": aws.url, "region": "us-east-1", "api": "anthropic-messages"}
    async with make_runtime(provider) as runtime:
        await runtime.complete(context, model=f"{PROVIDER}/anthropic.claude-opus-5")
    data = aws.server.requests[0].data
    assert data["model"] == "us.anthropic.claude-opus-5"
    assert data["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": "a thought",
        "signature": "c2ln",
    }


async def test_mantle_lists_its_models(aws, make_runtime):
    ids = ["openai.gpt-5.4", "anthropic.claude-opus-5", "google.gemma-4-31b", "cohere.embed-v4"]
    body = json.dumps({"object": "list", "data": [{"id": each} for each in ids]}).encode()
    aws.server.script(Reply([body], headers={"Content-Type": "application/json"}))
    async with make_runtime({"baseUrl": aws.url}, of="amazon-bedrock-mantle") as runtime:
        listing = await runtime.catalog.listing("amazon-bedrock-mantle")
    assert {model.id: model.api for model in listing.models} == {
        "openai.gpt-5.4": "openai-responses",
        "anthropic.claude-opus-5": "anthropic-messages",
        "google.gemma-4-31b": "openai-completions",
    }
    assert aws.server.requests[0].target == "/v1/models"
    assert aws.check.accepted == ["sigv4 bedrock-mantle eu-west-1"]


async def test_mantle_is_not_listed_unless_it_is_configured(tmp_path, environ):
    config = Config.from_document({}, environ=environ)
    async with Runtime(config, cache_directory=tmp_path) as runtime:
        status = runtime.catalog.credentials("amazon-bedrock-mantle")
    assert status.state == "unknown"
    assert "be it empty" in status.hint
