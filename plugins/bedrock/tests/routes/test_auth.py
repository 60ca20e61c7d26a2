"""The auth mode `aws-sdk` authorizes requests of every API, checked with botocore's own signer."""

import http.client
from urllib.parse import urlsplit

import pytest
from anthropic_answers import messages_frames
from instance_metadata import InstanceMetadata
from openai_answers import chat_frames, responses_frames

from modelwire.config import Config, ProviderConfig
from modelwire.errors import ConfigError
from modelwire.runtime import Runtime
from modelwire_bedrock.aws.endpoints import resolve_target

APIS = {
    "openai-completions": chat_frames(["hello"]),
    "openai-responses": responses_frames(["hello"]),
    "anthropic-messages": messages_frames(["hello"]),
}


@pytest.fixture
def make_runtime(tmp_path):
    def make(environ, **provider):
        document = {"models": {"providers": {"mine": {"auth": "aws-sdk", **provider}}}}
        config = Config.from_document(document, environ=environ)
        return Runtime(config, cache_directory=tmp_path / "cache")

    return make


async def ask(runtime):
    async with runtime:
        return await runtime.complete("hi", model="mine/m", max_tokens=10)


@pytest.mark.parametrize("api", APIS)
async def test_requests_of_every_api_are_signed(aws, environ, make_runtime, api):
    aws.script(APIS[api])
    message = await ask(
        make_runtime(environ, api=api, baseUrl=aws.url + "/v1", headers={"X-A": "b   c"})
    )
    assert message.text == "hello"
    assert aws.check.accepted == ["sigv4 bedrock eu-west-1"]
    assert "x-api-key" not in aws.server.requests[0].headers


@pytest.mark.parametrize("api", APIS)
async def test_a_request_with_one_byte_changed_is_refused(aws, environ, make_runtime, api):
    aws.script(APIS[api])
    await ask(make_runtime(environ, api=api, baseUrl=aws.url + "/v1"))
    (sent,) = aws.server.requests
    changed = {
        "body": (sent.target, sent.headers, sent.body[:-2] + b" " + sent.body[-1:]),
        "path": (sent.target + "x", sent.headers, sent.body),
        "field": (sent.target, {**sent.headers, "content-type": "application/jsom"}, sent.body),
        "date": (sent.target, {**sent.headers, "x-amz-date": "20260101T000000Z"}, sent.body),
    }
    for target, headers, body in changed.values():
        assert _send(aws.url, target, headers, body) == 403
    assert len(aws.refused) == len(changed)


def _send(url, target, headers, body):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("POST", target, body, {**headers, "content-length": str(len(body))})
    status = connection.getresponse().status
    connection.close()
    return status


async def test_the_role_of_an_instance_signs(aws, environ, make_runtime):
    role = {"role": "r", "access_key_id": "ASIAROLE000000000001", "secret_access_key": "s" * 40}
    aws.check.keys["ASIAROLE000000000001"] = ("s" * 40, "the-token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        del environ[name]
    with InstanceMetadata(**role, session_token="the-token") as metadata:
        environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url
        aws.script(APIS["openai-responses"], APIS["openai-responses"])
        runtime = make_runtime(environ, api="openai-responses", baseUrl=aws.url + "/v1")
        async with runtime:
            for _ in range(2):
                await runtime.complete("hi", model="mine/m")
        loaded = [line for line in metadata.seen if line.endswith("/r")]
    assert aws.check.accepted == ["sigv4 bedrock eu-west-1"] * 2
    assert len(loaded) == 1


async def test_a_profile_signs_for_its_region(aws, environ, make_runtime, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        del environ[name]
    aws.check.keys["AKIAPROFILE000000001"] = ("p" * 40, None)
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id = AKIAPROFILE000000001\naws_secret_access_key = {'p' * 40}\n"
    )
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    aws.script(APIS["openai-completions"])
    provider = {"profile": "work", "signingService": "bedrock-mantle"}
    await ask(make_runtime(environ, api="openai-completions", baseUrl=aws.url + "/v1", **provider))
    assert aws.check.accepted == ["sigv4 bedrock-mantle eu-north-1"]


async def test_a_bearer_token_is_sent_and_hidden(aws, environ, make_runtime):
    aws.check.tokens.add("a-bedrock-api-key-of-a-user")
    environ["AWS_BEARER_TOKEN_BEDROCK"] = "a-bedrock-api-key-of-a-user"
    aws.script(APIS["anthropic-messages"])
    runtime = make_runtime(environ, api="anthropic-messages", baseUrl=aws.url)
    shown = await runtime.dry_run("hi", model="mine/m")
    assert "a-bedrock-api-key-of-a-user" not in repr(shown)
    await ask(runtime)
    assert aws.check.accepted == ["bearer"]


async def test_a_token_is_minted_from_the_credentials(aws, environ, make_runtime):
    aws.script(APIS["openai-responses"])
    provider = {"mintToken": True, "region": "us-east-2"}
    await ask(make_runtime(environ, api="openai-responses", baseUrl=aws.url + "/v1", **provider))
    assert aws.check.accepted == ["minted bedrock us-east-2"]


async def test_lists_of_models_are_asked_for_with_a_signature(aws, environ, make_runtime):
    aws.script([b'{"object": "list", "data": [{"id": "openai.gpt-oss-20b", "object": "model"}]}'])
    async with make_runtime(environ, api="openai-completions", baseUrl=aws.url + "/v1") as runtime:
        listing = await runtime.catalog.listing("mine")
    assert [model.id for model in listing.models] == ["openai.gpt-oss-20b"]
    assert listing.credentials.source == "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY"
    assert aws.check.accepted == ["sigv4 bedrock eu-west-1"]


HOSTS = {
    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1": ("bedrock", "us-west-2"),
    "https://bedrock-runtime-fips.us-east-1.amazonaws.com/openai/v1": ("bedrock", "us-east-1"),
    "https://bedrock-mantle.us-east-2.api.aws/v1": ("bedrock-mantle", "us-east-2"),
    "https://vpce-1a-2b.bedrock-runtime.eu-west-3.vpce.amazonaws.com/openai/v1": (
        "bedrock",
        "eu-west-3",
    ),
    "https://gateway.example/v1": ("bedrock", "eu-west-1"),
}


@pytest.mark.parametrize(("base_url", "signed_for"), HOSTS.items(), ids=HOSTS)
async def test_the_host_names_the_service_and_the_region(
    environ, make_runtime, base_url, signed_for
):
    runtime = make_runtime(environ, api="openai-completions", baseUrl=base_url)
    request = (await runtime.dry_run("hi", model="mine/m")).request
    scope = request.headers["Authorization"].partition("Credential=")[2].split("/")
    assert (scope[3], scope[2]) == signed_for


async def test_a_bearer_token_goes_over_plain_http_to_loopback_only(environ, make_runtime):
    environ["AWS_BEARER_TOKEN_BEDROCK"] = "a-token"
    runtime = make_runtime(environ, api="openai-completions", baseUrl="http://gateway.example/v1")
    with pytest.raises(ConfigError, match=r"not sent over plain HTTP to gateway\.example"):
        await runtime.complete("hi", model="mine/m")


async def test_no_other_host_gets_a_signature(environ, make_runtime):
    """A host that a table or a service names, and not the user."""
    from attrs import evolve

    from modelwire.transport import Request
    from modelwire_bedrock.auth import authorize

    runtime = make_runtime(environ, api="openai-completions", baseUrl="https://gateway.example/v1")
    provider = runtime.registry.provider_config("mine")
    request = Request("POST", "https://gateway.example.evil.example/v1", body=b"{}")
    with pytest.raises(ConfigError, match=r"authorizes no request to gateway\.example\.evil"):
        await authorize(request, provider, runtime.config)
    for host in ("bedrock-mantle.us-east-1.api.aws.evil.example", "s3.us-east-1.amazonaws.com"):
        with pytest.raises(ConfigError, match="authorizes no request"):
            await authorize(evolve(request, url=f"https://{host}/"), provider, runtime.config)


async def test_converse_signs_by_itself_and_is_not_signed_twice(aws, environ, make_runtime):
    runtime = make_runtime(environ, api="bedrock-converse-stream", baseUrl=aws.url)
    request = (await runtime.dry_run("hi", model="mine/m")).request
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers["host"] = aws.url.removeprefix("http://")
    assert aws.check.refusal(request.method, request.url, headers, request.body) is None
    assert "x-amz-content-sha256" not in headers


def test_converse_refuses_the_auth_mode_of_another_plugin():
    provider = ProviderConfig(id="amazon-bedrock", auth="another-mode")
    with pytest.raises(ConfigError) as caught:
        resolve_target(None, None, provider, Config.from_document({}, environ={}))
    assert [p.path for p in caught.value.problems] == ["models.providers.amazon-bedrock.auth"]
