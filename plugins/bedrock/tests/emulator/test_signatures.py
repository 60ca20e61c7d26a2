"""SigV4, as boto3 signs it and as the emulator verifies it."""

import ssl
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import trustme
import urllib3
from botocore.exceptions import ClientError

from modelwire_bedrock.emulator import Credentials, Emulator

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
TOKEN = "a-session-token//=="
ARN = f"arn:aws:bedrock:us-east-1:111122223333:inference-profile/{CLAUDE}"


def code_of(client, **changes):
    with pytest.raises(ClientError) as caught:
        client.converse(modelId=NOVA, messages=HELLO, **changes)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def signed_request(client, **changes):
    """The request that boto3 would send, signed."""
    caught = []

    def keep(request, **_):
        caught.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.bedrock-runtime", keep)
    with pytest.raises(InterruptedError):
        client.converse(modelId=changes.pop("modelId", NOVA), messages=HELLO, **changes)
    return caught[0]


def post(url, body, headers):
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, body=body, headers=dict(headers))


@pytest.mark.parametrize("model_id", [NOVA, CLAUDE, ARN])
def test_what_boto3_signs_is_accepted(strict, client_of, model_id):
    answer = client_of(strict).converse(modelId=model_id, messages=HELLO)

    assert answer["stopReason"] == "end_turn"
    assert strict.requests[-1].identity.verified
    assert strict.requests[-1].identity.region == "us-east-1"


def test_a_get_with_a_query_is_accepted(strict, client_of):
    control = client_of(strict, "bedrock")

    found = control.list_foundation_models(byOutputModality="TEXT", byProvider="amazon")

    assert found["modelSummaries"]


@pytest.mark.parametrize("at", [0, 5, -1])
def test_a_changed_byte_of_the_body_is_refused(strict, client_of, at):
    request = signed_request(client_of(strict))
    body = bytearray(request.body)
    body[at] ^= 1

    answer = post(request.url, bytes(body), request.headers)

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("InvalidSignatureException")
    assert "does not match the signature you provided" in answer.json()["message"]
    assert post(request.url, request.body, request.headers).status == 200


@pytest.mark.parametrize("header", ["Authorization", "X-Amz-Date"])
def test_a_changed_header_is_refused(strict, client_of, header):
    request = signed_request(client_of(strict))
    headers = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
    }
    value = headers[header]
    headers[header] = (
        value[:-2] + ("0Z" if value[-2:] == "1Z" else "1Z")
        if header == "X-Amz-Date"
        else value[:-1] + ("0" if value[-1] != "0" else "1")
    )

    answer = post(request.url, request.body, headers)

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("InvalidSignatureException")


def test_another_path_than_the_signed_one_is_refused(strict, client_of):
    request = signed_request(client_of(strict))

    answer = post(request.url.replace("nova-lite", "nova-micro"), request.body, request.headers)

    assert answer.status == 403


def test_a_wrong_secret_is_refused(strict, client_of):
    code, message = code_of(client_of(strict, aws_secret_access_key="not-the-secret"))

    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match")


def test_an_unknown_key_is_refused(strict, client_of):
    code, message = code_of(client_of(strict, aws_access_key_id="AKIAUNKNOWNUNKNOWN00"))

    assert code == "UnrecognizedClientException"
    assert message == "The security token included in the request is invalid."


def test_without_auth_required_an_unknown_key_passes_but_a_known_one_has_to_be_right(
    emulator, client_of
):
    stranger = client_of(emulator, aws_access_key_id="AKIAUNKNOWNUNKNOWN00")
    assert stranger.converse(modelId=NOVA, messages=HELLO)["stopReason"] == "end_turn"
    assert not emulator.requests[-1].identity.verified

    code, _ = code_of(client_of(emulator, aws_secret_access_key="not-the-secret"))
    assert code == "InvalidSignatureException"


def test_an_unsigned_request_is_refused_where_auth_is_required(strict, emulator):
    body = b'{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}'
    path = f"/model/{NOVA}/converse"

    refused = post(strict.url + path, body, {})
    accepted = post(emulator.url + path, body, {})

    assert refused.status == 403
    assert refused.headers["x-amzn-errortype"].startswith("MissingAuthenticationTokenException")
    assert refused.json() == {"message": "Missing Authentication Token"}
    assert accepted.status == 200


def test_the_session_token_has_to_be_the_right_one(client_of):
    pair = Credentials("ASIAEXAMPLE", "secret", TOKEN)
    with Emulator(require_auth=True, credentials=[pair]) as emulator:
        right = client_of(emulator)
        assert right.converse(modelId=NOVA, messages=HELLO)["stopReason"] == "end_turn"

        for wrong in ("another-token", None):
            code, _ = code_of(client_of(emulator, aws_session_token=wrong))
            assert code == "UnrecognizedClientException"


def test_expired_credentials_are_reported(client_of):
    pair = Credentials("ASIAEXAMPLE", "secret", TOKEN, expires=datetime.now(UTC))
    with Emulator(require_auth=True, credentials=[pair]) as emulator:
        code, message = code_of(client_of(emulator))

    assert code == "ExpiredTokenException"
    assert message == "The security token included in the request is expired"


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (timedelta(minutes=6), "Signature expired: "),
        (timedelta(minutes=-6), "Signature not yet current: "),
    ],
)
def test_a_signature_is_good_for_five_minutes_around_its_date(client_of, shift, words):
    with Emulator(require_auth=True, clock=lambda: datetime.now(UTC) + shift) as emulator:
        code, message = code_of(client_of(emulator))

    assert code == "InvalidSignatureException"
    assert message.startswith(words)
    assert "5 min.)" in message


@pytest.mark.parametrize("shift", [timedelta(minutes=4), timedelta(minutes=-4)])
def test_a_clock_that_is_four_minutes_off_is_tolerated(client_of, shift):
    with Emulator(require_auth=True, clock=lambda: datetime.now(UTC) + shift) as emulator:
        answer = client_of(emulator).converse(modelId=NOVA, messages=HELLO)

    assert answer["stopReason"] == "end_turn"


def test_the_scope_has_to_name_the_service(strict, client_of):
    request = signed_request(client_of(strict))
    headers = dict(request.headers)
    authorization = headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    headers["Authorization"] = text.replace("/bedrock/", "/s3/")

    answer = post(request.url, request.body, headers)

    assert answer.status == 403
    assert answer.json()["message"] == "Credential should be scoped to correct service: 'bedrock'. "


def test_the_date_of_the_scope_has_to_be_that_of_the_request(strict, client_of):
    request = signed_request(client_of(strict))
    headers = dict(request.headers)
    authorization = headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    today = datetime.now(UTC).strftime("%Y%m%d")
    headers["Authorization"] = text.replace(f"/{today}/", "/20200101/")

    answer = post(request.url, request.body, headers)

    assert "Date in Credential scope does not match" in answer.json()["message"]


@pytest.mark.parametrize("missing", ["Signature", "SignedHeaders", "Credential"])
def test_an_incomplete_authorization_names_what_is_missing(strict, missing):
    parts = {
        "Credential": "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/bedrock/aws4_request",
        "SignedHeaders": "host",
        "Signature": "00",
    }
    del parts[missing]
    listed = ", ".join(f"{name}={value}" for name, value in parts.items())

    answer = post(
        f"{strict.url}/model/{NOVA}/converse",
        b"{}",
        {"authorization": f"AWS4-HMAC-SHA256 {listed}"},
    )

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("IncompleteSignatureException")
    assert f"requires '{missing}' parameter" in answer.json()["message"]


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """An emulator with a certificate: boto3 sends bearer tokens over HTTPS only."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Emulator(require_auth=True, tls=context) as emulator:
        yield emulator


@pytest.fixture
def bearer_client(secure, monkeypatch):
    """Make clients that have nothing but a bearer token."""
    made = []

    def make(token):
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", token)
        options = {"endpoint_url": secure.url, "region_name": "us-east-1"}
        made.append(boto3.client("bedrock-runtime", **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


def test_the_right_bearer_token_is_accepted(secure, bearer_client):
    client = bearer_client(secure.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"])

    assert client.converse(modelId=NOVA, messages=HELLO)["stopReason"] == "end_turn"
    assert secure.requests[-1].identity.kind == "bearer"
    assert secure.requests[-1].identity.verified


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("bedrock-api-key-wrong", "Authentication failed: Please make sure your API Key is valid."),
        ("not-a-key", "Invalid API Key format: Must start with pre-defined prefix"),
    ],
)
def test_a_wrong_bearer_token_is_refused(bearer_client, token, words):
    assert code_of(bearer_client(token)) == ("AccessDeniedException", words)


def test_sigv4_is_verified_over_https_too(secure, client_of):
    assert client_of(secure).converse(modelId=NOVA, messages=HELLO)["stopReason"] == "end_turn"
    assert secure.requests[-1].identity.verified


def test_no_secret_is_in_a_repr(strict, client_of):
    client_of(strict).converse(modelId=NOVA, messages=HELLO)
    authenticator = strict.service.authenticator

    shown = f"{authenticator!r} {authenticator.credentials!r} {strict.requests!r}"

    assert authenticator.credentials[0].secret_access_key not in shown
    assert authenticator.bearer_tokens[0] not in shown
    assert strict.requests[-1].headers["authorization"] not in shown
