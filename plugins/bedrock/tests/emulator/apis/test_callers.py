"""Who may call the OpenAI-shaped and Anthropic-shaped APIs: signatures and bearer tokens."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from bedrock_apis import PAIR, PLACES, bearing, call, post, signed
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from modelwire_bedrock.emulator import BEARER_TOKEN, Emulator


def minted(pair=PAIR, region="us-east-1", expires=43200):
    """A short-term key, as AWS's token generator makes it."""
    url = "https://bedrock.amazonaws.com/"
    params = {"Action": "CallWithBearerToken"}
    request = AWSRequest("POST", url, {"host": "bedrock.amazonaws.com"}, params=params)
    SigV4QueryAuth(pair, "bedrock", region, expires=expires).add_auth(request)
    address = request.url.removeprefix("https://") + "&Version=1"
    return "bedrock-api-key-" + base64.b64encode(address.encode()).decode()


def message_of(answer):
    body = answer.json()
    return body["error"]["message"] if "error" in body else body["message"]


def test_a_signature_for_the_endpoints_service_is_verified(strict, place):
    assert call(strict, place).status == 200
    assert strict.requests[-1].identity.verified
    assert strict.requests[-1].endpoint == place.endpoint


@pytest.mark.parametrize("at", [0, 9, -1])
def test_a_changed_byte_of_the_body_is_refused(strict, place, at):
    data = bytearray(json.dumps(place.request()).encode())
    headers = signed(place.url(strict), bytes(data), place.service)
    data[at] ^= 1

    answer = post(place.url(strict), bytes(data), headers)

    assert answer.status == (403 if place.endpoint == "runtime" else 401)
    assert "does not match the signature you provided" in message_of(answer)


def test_another_path_than_the_signed_one_is_refused(strict):
    place = PLACES["mantle-responses"]
    data = json.dumps(place.request()).encode()
    headers = signed(place.url(strict), data, place.service)

    assert post(f"{strict.mantle_url}/v1/responses", data, headers).status == 401


@pytest.mark.parametrize(
    ("name", "service", "status"),
    [
        ("responses", "bedrock-mantle", 403),
        ("responses", "bedrock", 200),
        ("mantle-responses", "bedrock", 200),
        ("mantle-responses", "bedrock-mantle", 200),
        ("mantle-responses", "mantle", 401),
    ],
)
def test_a_signature_names_the_endpoints_service(strict, name, service, status):
    answer = call(strict, PLACES[name], service=service)

    assert answer.status == status
    if status != 200:
        wanted = PLACES[name].service
        assert f"scoped to correct service: '{wanted}'" in message_of(answer)


def test_a_bearer_token_is_verified(strict, place):
    assert call(strict, place, headers=bearing()).status == 200
    refused = call(strict, place, headers=bearing("bedrock-api-key-another"))
    assert refused.status == 403
    assert message_of(refused) == "Authentication failed: Please make sure your API Key is valid."


def test_messages_take_the_token_as_an_api_key_and_others_do_not(strict, place):
    headers = {"content-type": "application/json", "x-api-key": BEARER_TOKEN}

    answer = call(strict, place, headers=headers)

    missing = 403 if place.endpoint == "runtime" else 401
    assert answer.status == (200 if "anthropic" in place.path else missing)


def test_a_request_without_credentials_is_refused(strict, place):
    answer = call(strict, place, headers={"content-type": "application/json"})

    assert answer.status == (403 if place.endpoint == "runtime" else 401)
    assert message_of(answer) == "Missing Authentication Token"


def test_a_minted_key_is_verified_and_has_its_region(strict, place):
    assert call(strict, place, headers=bearing(minted())).status == 200
    identity = strict.requests[-1].identity
    assert (identity.kind, identity.region, identity.verified) == ("bearer", "us-east-1", True)


@pytest.mark.parametrize("at", [40, 200, -30])
def test_a_minted_key_with_a_changed_letter_is_refused(strict, at):
    token = minted()
    letters = list(token)
    letters[at] = "A" if letters[at] != "A" else "B"

    answer = call(strict, PLACES["responses"], headers=bearing("".join(letters)))

    assert answer.status == 403


def test_a_minted_key_of_a_wrong_secret_is_refused_without_required_authentication_too():
    wrong = Credentials(PAIR.access_key, "not-the-secret")
    with Emulator() as emulator:
        answer = call(emulator, PLACES["responses"], headers=bearing(minted(wrong)))
    assert answer.status == 403


@pytest.mark.parametrize(
    ("hours", "expires", "status"), [(1, 43200, 200), (1, 60, 403), (13, 90000, 403)]
)
def test_a_minted_key_expires(hours, expires, status):
    later = datetime.now(UTC) + timedelta(hours=hours)
    with Emulator(require_auth=True, clock=lambda: later) as emulator:
        answer = call(emulator, PLACES["mantle-chat"], headers=bearing(minted(expires=expires)))
    assert answer.status == status
    if status != 200:
        assert message_of(answer) == "Bearer Token has expired"


def test_errors_of_callers_have_the_shape_of_the_endpoint(strict):
    unsigned = {"content-type": "application/json"}

    runtime = call(strict, PLACES["responses"], headers=unsigned)
    openai = call(strict, PLACES["mantle-responses"], headers=unsigned)
    anthropic = call(strict, PLACES["mantle-messages"], headers=unsigned)

    assert runtime.headers["x-amzn-errortype"].startswith("MissingAuthenticationTokenException")
    assert openai.json()["error"]["type"] == "authentication_error"
    assert "x-amzn-errortype" not in openai.headers
    assert anthropic.json()["type"] == "error"
    assert anthropic.json()["error"]["type"] == "authentication_error"
