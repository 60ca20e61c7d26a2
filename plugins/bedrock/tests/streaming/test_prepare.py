"""What boto3 writes and signs goes over the wire as if boto3 had sent it."""

import asyncio
import gc
import json
import threading
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as BotoConfig
from botocore.credentials import Credentials

from modelwire.config import Config, ProviderConfig
from modelwire.errors import AuthenticationError, ConfigError, InvalidRequest
from modelwire.transport import Transport
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.aws.signing import prepare, transport_for

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/session+token=="
MODELS = [
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.amazon.nova-micro-v1:0",
    "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-v1:0",
    "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/ab1c",
]
# What differs between two requests because of the time, the try, or the HTTP library.
PASSING = {
    "accept-encoding",
    "amz-sdk-invocation-id",
    "authorization",
    "connection",
    "content-length",
    "x-amz-date",
}


def a_client(url, **config):
    return boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=BotoConfig(retries={"total_max_attempts": 1}, **config),
    )


def a_target(**environ):
    return resolve_target(
        None, None, ProviderConfig(id="amazon-bedrock"), Config.empty({"HOME": "/none", **environ})
    )


def params(model=MODELS[0], text="Grüezi 🎈"):
    return {"modelId": model, "messages": [{"role": "user", "content": [{"text": text}]}]}


async def refuse(exchange):
    await exchange.whole(400, {"message": "Enough."}, x_amzn_ErrorType="ValidationException")


def expected_authorization(request, url):
    """Sign what arrived once more, with botocore's own signer and the time that it names."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    method, path, _ = request.line.split(" ")
    kept = {name: value for name, value in headers.items() if name in signed and name != "host"}
    assert headers["host"] == urlsplit(url).netloc
    again = AWSRequest(method, url + path, headers=kept, data=request.body)
    again.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY, SECRET, TOKEN), "bedrock", "eu-west-1")
    canonical = signer.canonical_request(again)
    signature = signer.signature(signer.string_to_sign(again, canonical), again)
    return f"Signature={signature}"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("operation", ["converse_stream", "converse"])
async def test_a_request_arrives_as_boto3_itself_sends_it(server, transport, model, operation):
    server.answers(refuse)
    client = a_client(server.url)
    with pytest.raises(client.exceptions.ValidationException):
        await asyncio.to_thread(getattr(client, operation), **params(model))

    client = a_client(server.url)
    await prepare(client, operation, params(model, "something else"), target=a_target())
    # The first request of a client, and those that have its form.
    for maker in (a_client(server.url), client, client):
        request = await prepare(maker, operation, params(model), target=a_target())
        async with transport.send(request) as response:
            await response.read()

    theirs, *ours = server.received
    for request in ours:
        assert request.line == theirs.line
        # Later bodies hold the same JSON in fewer bytes.
        assert json.loads(request.body) == json.loads(theirs.body)
        assert request.headers["Content-Length"] == str(len(request.body))
        assert steady(request) == steady(theirs)
        assert "%3A" in request.line.replace("%253A", "%3A")
        assert request.headers["Authorization"].endswith(
            expected_authorization(request, server.url)
        )
    assert ours[0].body == theirs.body
    assert len({request.headers["amz-sdk-invocation-id"] for request in ours}) == len(ours)


def steady(request):
    return {
        name.lower(): value
        for name, value in request.headers.items()
        if name.lower() not in PASSING
    }


async def test_further_headers_are_signed_with_the_rest(server, transport):
    server.answers(refuse)
    client = a_client(server.url)
    request = await prepare(
        client, "converse", params(), target=a_target(), headers={"X-Amzn-Trace": "t", "X-Own": "1"}
    )
    plain = await prepare(client, "converse", params(), target=a_target())
    async with transport.send(request) as response:
        await response.read()

    (received,) = server.received
    assert received.headers["X-Own"] == "1"
    assert "x-own" in received.headers["Authorization"]
    assert received.headers["Authorization"].endswith(expected_authorization(received, server.url))
    assert "X-Own" not in plain.headers


async def test_the_client_still_sends_for_others(server):
    server.answers(refuse)
    client = a_client(server.url)
    await prepare(client, "converse", params(), target=a_target())

    with pytest.raises(client.exceptions.ValidationException):
        await asyncio.to_thread(client.converse, **params())
    assert len(server.received) == 1


async def test_one_client_serves_many_threads_at_a_time(server):
    client = a_client(server.url)
    target = a_target()
    seen = []

    def work(number):
        async def several():
            for turn in range(5):
                text = f"thread {number} turn {turn}"
                request = await prepare(client, "converse_stream", params(text=text), target=target)
                said = json.loads(request.body)["messages"][0]["content"][0]["text"]
                seen.append(said == text)

        asyncio.run(several())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert seen == [True] * 40
    assert server.received == []


class Keys(Credentials):
    """Credentials that know in which threads they were asked for."""

    METHOD = "test"

    def client(self, url):
        self.asked_in = set()
        session = botocore.session.Session()
        session.get_component("credential_provider").providers.insert(0, self)
        return session.create_client("bedrock-runtime", "eu-west-1", endpoint_url=url)

    def load(self):
        return self

    def get_frozen_credentials(self):
        self.asked_in.add(threading.get_ident())
        return super().get_frozen_credentials()


async def test_only_the_first_and_the_large_requests_leave_the_event_loop(server):
    keys = Keys(KEY, SECRET, TOKEN)
    client = keys.client(server.url)
    many = [{"role": "user", "content": [{"text": "a"}] * 3_000}]
    here = threading.get_ident()
    for request, leaves in [
        (params(text="first"), True),
        (params(text="small"), False),
        (params(text="x" * 70_000), True),
        (params(text="small again"), False),
        (params("another-model"), False),
        ({"modelId": "m", "messages": many}, True),
    ]:
        keys.asked_in.clear()
        await prepare(client, "converse", request, target=a_target())
        assert len(keys.asked_in) == 1
        assert (keys.asked_in != {here}) is leaves


async def test_each_request_is_signed_with_the_credentials_of_its_time(server):
    keys = Keys(KEY, SECRET, TOKEN)
    client = keys.client(server.url)
    await prepare(client, "converse", params(), target=a_target())

    keys.access_key, keys.token = "AKIDRENEWED", "another/token=="
    request = await prepare(client, "converse", params(), target=a_target())
    assert "Credential=AKIDRENEWED/" in request.headers["Authorization"]
    assert request.headers["X-Amz-Security-Token"] == "another/token=="


async def test_a_client_that_is_gone_is_not_kept(server):
    import weakref

    client = a_client(server.url)
    await prepare(client, "converse", params(), target=a_target())
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"modelId": 7}, "modelId"),
        ({"messages": [{"role": "user", "content": [{"text": 7}]}]}, r"messages\[0\].content\[0\]"),
        ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens"),
        ({"messages": [{"content": []}]}, "role"),
    ],
)
async def test_parameters_that_break_the_service_model_are_named(server, changed, named):
    client = a_client(server.url)
    with pytest.raises(InvalidRequest, match=named):
        await prepare(client, "converse", {**params(), **changed}, target=a_target())


async def test_a_parameter_that_botocore_is_too_old_for_is_reported(server):
    client = a_client(server.url)
    with pytest.raises(InvalidRequest, match="brandNew") as caught:
        await prepare(client, "converse", {**params(), "brandNew": 1}, target=a_target())
    assert "newer boto3" in caught.value.hint


async def test_a_request_that_does_not_fit_is_refused_as_the_first_is(server):
    client = a_client(server.url)
    await prepare(client, "converse", params(), target=a_target())
    with pytest.raises(InvalidRequest, match="maxTokens"):
        wrong = {**params(), "inferenceConfig": {"maxTokens": 0}}
        await prepare(client, "converse", wrong, target=a_target())


async def test_in_lambda_a_request_carries_the_trace_of_its_invocation(server, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "agent")
    client = a_client(server.url)
    for trace in ("Root=1-first", "Root=1-second"):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
        request = await prepare(client, "converse", params(), target=a_target())
        assert request.headers["X-Amzn-Trace-Id"] == trace


async def test_what_somebody_said_stays_out_of_errors(server):
    client = a_client(server.url)
    secret = {"my secret": "x, valid types: y\nInvalid z"}
    wrong = {**params(), "messages": [{"role": "user", "content": secret}]}
    with pytest.raises(InvalidRequest, match=r"messages\[0\].content") as caught:
        await prepare(client, "converse", wrong, target=a_target())
    assert "secret" not in str(caught.value)


async def test_without_credentials_it_says_so(server, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    client = boto3.Session().client(
        "bedrock-runtime", region_name="eu-west-1", endpoint_url=server.url
    )
    with pytest.raises(AuthenticationError) as caught:
        await prepare(client, "converse", params(), target=a_target())
    assert caught.value.hint


async def test_settings_that_have_no_endpoint_are_a_configuration_error(server):
    client = a_client(server.url)
    # botocore's own rules refuse the two together.
    client.meta.events.register(
        "before-endpoint-resolution",
        lambda builtins, **_: builtins.update({"AWS::UseFIPS": True}),
    )
    with pytest.raises(ConfigError, match="endpoint"):
        await prepare(client, "converse", params(), target=a_target())


async def test_a_bearer_token_takes_the_place_of_the_signature(server, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-bearer-token")
    client = boto3.client(
        "bedrock-runtime", region_name="eu-west-1", endpoint_url="https://bedrock.example"
    )
    request = await prepare(client, "converse_stream", params(), target=a_target())
    assert request.headers["Authorization"] == "Bearer a-bearer-token"
    assert "a-bearer-token" not in repr(request)


def test_the_certificates_of_the_aws_settings_have_a_transport_of_their_own(tmp_path):
    bundle = tmp_path / "ca.pem"
    shared = Transport(environ={})
    target = a_target(AWS_CA_BUNDLE=str(bundle))
    mine = transport_for(shared, target, "https://bedrock.example")

    assert mine is not shared
    assert transport_for(shared, target, "https://bedrock.example") is mine
    assert transport_for(shared, target, "http://127.0.0.1:1") is shared
    assert transport_for(shared, a_target(), "https://bedrock.example") is shared
    assert transport_for(Transport(environ={}), target, "https://bedrock.example") is not mine
