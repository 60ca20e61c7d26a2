"""Credentials that a service refuses are loaded again by the auth mode `aws-sdk`, for every provider."""

import asyncio
import base64
import json
import re

import pytest
from anthropic_answers import messages_frames
from instance_metadata import InstanceMetadata
from openai_answers import chat_frames, responses_frames

from modelwire.config import Config
from modelwire.errors import AuthenticationError, ProviderError
from modelwire.runtime import Runtime
from modelwire.testing import Reply, WireServer

APIS = {
    "openai-completions": chat_frames(["hello"]),
    "openai-responses": responses_frames(["hello"]),
    "anthropic-messages": messages_frames(["hello"]),
}
JSON = {"Content-Type": "application/json"}
XML = {"Content-Type": "text/xml"}
EXPIRED = "The security token included in the request is expired"
SHAPES = {
    "header": (403, {**JSON, "x-amzn-ErrorType": "ExpiredTokenException"}, {"message": EXPIRED}),
    "type": (400, JSON, {"__type": "com.amazon.coral.service#ExpiredTokenException"}),
    "xml": (403, XML, f"<Error><Code>ExpiredToken</Code><Message>{EXPIRED}</Message></Error>"),
    "xml-unknown": (
        403,
        XML,
        "<ErrorResponse>\n<Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>",
    ),
    "message": (403, JSON, {"message": EXPIRED}),
    "unrecognized": (
        403,
        {**JSON, "x-amzn-ErrorType": "UnrecognizedClientException:http://internal.amazon.com/"},
        {"message": "The security token included in the request is invalid."},
    ),
    "unknown": (403, JSON, {"code": "InvalidClientTokenId", "message": "It does not exist."}),
    "openai": (401, JSON, {"error": {"code": "ExpiredTokenException", "message": EXPIRED}}),
    "minted": (401, JSON, {"error": {"code": "401", "message": "Bearer Token has expired"}}),
}


class Service:
    """A service that takes the credentials `K2` and refuses those before as expired."""

    def __init__(self, metadata, shape="header"):
        self.metadata, self.valid, self.shape = metadata, "K2", SHAPES[shape]
        self.together = 0
        self.keys = []
        self.server = WireServer(self._refuse)

    def _refuse(self, request):
        self.keys.append(_key(request))
        if self.keys[-1] == self.valid:
            return None
        if len(self.keys) >= self.together:
            self.rotate("K2")
        status, headers, said = self.shape
        body = said if isinstance(said, str) else json.dumps(said)
        return Reply([body.encode()], status=status, headers=headers)

    def script(self, *answers):
        self.server.script(
            *(Reply(a, headers={"Content-Type": "text/event-stream"}) for a in answers)
        )

    def rotate(self, key):
        self.metadata.access_key_id = self.metadata.session_token = key

    @property
    def loaded(self):
        return len([line for line in self.metadata.seen if line.endswith("/r")])


def _key(request):
    token = request.headers.get("x-amz-security-token")
    if token is None:
        minted = request.headers["authorization"].removeprefix("Bearer bedrock-api-key-")
        token = re.search(r"Security-Token=(\w+)", base64.b64decode(minted).decode()).group(1)
    return token


@pytest.fixture
def with_process(make, environ, tmp_path):
    """As `make`, with credentials of a process, of which detection knows without a probe."""

    def made(*args, **options):
        service, runtime = make(*args, **options)
        printed = tmp_path / "printed.json"

        def rotate(key):
            keys = {"AccessKeyId": key, "SecretAccessKey": "s" * 40, "SessionToken": key}
            printed.write_text(json.dumps({"Version": 1, **keys}))

        service.rotate = rotate
        rotate("K1")
        (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {printed}\n")
        return service, runtime

    return made


@pytest.fixture
def make(environ, tmp_path):
    opened = []

    def make(api, shape="header", provider_id="mine", **provider):
        metadata = InstanceMetadata("r", "K1", "s" * 40, "K1").__enter__()
        service = Service(metadata, shape)
        service.server.__enter__()
        opened.extend([metadata, service.server])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
            environ.pop(name)
        environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url
        settings = {
            "auth": "aws-sdk",
            **({"api": api} if api else {}),
            "baseUrl": service.server.url + "/v1",
            **provider,
        }
        config = Config.from_document(
            {"models": {"providers": {provider_id: settings}}}, environ=environ
        )
        return service, Runtime(config, cache_directory=tmp_path / "cache")

    yield make
    for each in opened:
        each.__exit__(None, None, None)


@pytest.mark.parametrize("api", APIS)
async def test_a_stream_goes_on_with_credentials_that_are_loaded_again(make, api):
    service, runtime = make(api)
    service.script(APIS[api], APIS[api])
    async with runtime:
        first = await runtime.complete("hi", model="mine/m", max_tokens=10)
        await runtime.complete("hi", model="mine/m", max_tokens=10)
    assert first.text == "hello"
    assert service.keys == ["K1", "K2", "K2"]
    assert service.loaded == 2


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_of_the_refusal_is_understood(make, shape):
    service, runtime = make("openai-completions", shape)
    service.script(APIS["openai-completions"])
    async with runtime:
        await runtime.complete("hi", model="mine/m")
    assert service.keys == ["K1", "K2"]


async def test_a_token_is_minted_again(make):
    service, runtime = make("openai-completions", "minted", mintToken=True)
    service.script(APIS["openai-completions"])
    async with runtime:
        await runtime.complete("hi", model="mine/m")
    assert service.keys == ["K1", "K2"]


async def test_embeddings_go_on(make):
    service, runtime = make("openai-completions")
    answer = {"data": [{"index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 1}}
    service.server.script(Reply([json.dumps(answer).encode()], headers=JSON))
    async with runtime:
        await runtime.embed(["hi"], model="mine/m")
    assert service.keys == ["K1", "K2"]


async def test_lists_of_models_go_on(with_process):
    service, runtime = with_process("openai-completions")
    answer = {"object": "list", "data": [{"id": "openai.gpt-oss-20b", "object": "model"}]}
    service.server.script(Reply([json.dumps(answer).encode()], headers=JSON))
    async with runtime:
        listing = await runtime.catalog.listing("mine")
    assert [model.id for model in listing.models] == ["openai.gpt-oss-20b"]
    assert service.keys == ["K1", "K2"]


async def test_requests_that_are_refused_together_share_one_reload(make):
    service, runtime = make("openai-completions")
    service.together = 5
    service.script(*[APIS["openai-completions"]] * 5)
    async with runtime:
        await asyncio.gather(*(runtime.complete("hi", model="mine/m") for _ in range(5)))
    assert sorted(service.keys) == ["K1"] * 5 + ["K2"] * 5
    assert service.loaded == 2


async def test_a_refusal_of_the_new_credentials_too_is_the_error(make):
    service, runtime = make("openai-completions", "openai")
    service.valid = "K3"
    async with runtime:
        with pytest.raises(AuthenticationError, match="expired"):
            await runtime.complete("hi", model="mine/m")
    assert service.keys == ["K1", "K2"]


async def test_the_same_credentials_are_not_sent_again(make):
    service, runtime = make("openai-completions", "openai")
    service.together = 9
    async with runtime:
        with pytest.raises(AuthenticationError, match="expired"):
            await runtime.complete("hi", model="mine/m")
    assert service.keys == ["K1"]
    assert service.loaded == 2


async def test_another_refusal_loads_nothing(make):
    service, runtime = make("openai-completions")
    service.shape = (400, JSON, {"error": {"message": "max_tokens is too large"}})
    async with runtime:
        with pytest.raises(ProviderError, match="max_tokens is too large"):
            await runtime.complete("hi", model="mine/m")
    assert service.keys == ["K1"]
    assert service.loaded == 1


async def test_the_list_of_mantle_goes_on(with_process):
    service, runtime = with_process(None, provider_id="amazon-bedrock-mantle")
    answer = {"object": "list", "data": [{"id": "openai.gpt-oss-20b", "object": "model"}]}
    service.server.script(Reply([json.dumps(answer).encode()], headers=JSON))
    async with runtime:
        listing = await runtime.catalog.listing("amazon-bedrock-mantle")
    assert [model.id for model in listing.models] == ["openai.gpt-oss-20b"]
    assert service.keys == ["K1", "K2"]


async def test_a_route_of_bedrock_is_sent_again_only_once(make):
    service, runtime = make(None, provider_id="amazon-bedrock-mantle")
    service.valid = "K9"
    async with runtime:
        with pytest.raises(AuthenticationError, match="expired"):
            await runtime.complete("hi", model="amazon-bedrock-mantle/openai.gpt-oss-20b")
    assert service.keys == ["K1", "K2"]
