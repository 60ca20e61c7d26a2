"""Requests that are passed on to the service behind the emulator, recorded and played back."""

import json

import pytest
from bedrock_apis import PLACES, Place, bearing, call, post, signed

from modelwire_bedrock.emulator import (
    Credentials,
    Emulator,
    EmulatorError,
    Recorder,
    Recordings,
    Thinking,
    ToolUse,
    Upstream,
)

KEYS = Credentials("AKIAUPSTREAM", "upstream-secret")
CLIENT = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


@pytest.fixture
def service():
    """The upstream in place of the real service: it knows keys that the client does not have."""
    with Emulator(require_auth=True, credentials=[KEYS]) as service:
        yield service


@pytest.fixture
def file(tmp_path):
    return tmp_path / "calls.jsonl"


@pytest.fixture
def recorder(service, file, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_access_key)
    upstream = Upstream(service.url, Recorder(file), service.mantle_url)
    tokens = ["bedrock-api-key-of-the-client"]
    with Emulator(upstream=upstream, credentials=[CLIENT], bearer_tokens=tokens) as emulator:
        yield emulator


@pytest.mark.parametrize("stream", [False, True])
def test_what_passes_plays_back_the_same(service, recorder, file, place, stream):
    service.answer([Thinking("hm", "c2ln"), ToolUse("look", {"at": "é"}, id="tooluse_1")])
    request = place.request(stream=stream)

    first = call(recorder, place, request)
    with Emulator(replay=Recordings.from_path(file), require_auth=True) as replay:
        again = call(replay, place, request)
        other = call(replay, place, place.request(stream=stream, metadata={"a": "b"}))

    assert (first.status, again.data) == (200, first.data)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert other.status == 400
    assert "has none of" in other.json()["error"]["message"]
    assert service.requests[-1].endpoint == place.endpoint
    assert service.requests[-1].identity.verified


def test_errors_pass_in_their_own_shape(recorder, file):
    place = PLACES["mantle-responses"]
    first = call(recorder, place, place.request(model="openai.none"))
    with Emulator(replay=Recordings.from_path(file)) as replay:
        again = call(replay, place, place.request(model="openai.none"))
    assert (first.status, again.status, again.data) == (404, 404, first.data)


def test_the_list_of_models_passes(recorder, file):
    def fetch(emulator):
        url = f"{emulator.mantle_url}/v1/models"
        return post(url, None, signed(url, b"", "bedrock-mantle", method="GET"), method="GET")

    first = fetch(recorder)
    with Emulator(replay=Recordings.from_path(file)) as replay:
        assert fetch(replay).data == first.data
    assert len(first.json()["data"]) > 40


def test_fields_of_the_makers_apis_pass_and_secrets_do_not(service, recorder, file):
    place = PLACES["messages"]
    token = "bedrock-api-key-of-the-client"
    fields = {"content-type": "application/json", "x-api-key": token, "anthropic-version": "v1"}

    assert call(recorder, place, headers=fields).status == 200
    assert call(recorder, PLACES["chat"], headers=bearing(token)).status == 200

    for received in service.requests:
        assert "x-api-key" not in received.headers
        assert received.identity.access_key_id == KEYS.access_key_id
    assert service.requests[0].headers["anthropic-version"] == "v1"
    assert token not in file.read_text()


def test_a_key_that_an_answer_repeats_is_taken_out(service, recorder, file):
    place = PLACES["messages"]
    token = "bedrock-api-key-of-the-client"
    service.answer(f"You sent {token}.")
    fields = {"content-type": "application/json", "x-api-key": token}

    call(recorder, place, headers=fields)

    with Emulator(replay=Recordings.from_path(file)) as replay:
        body = call(replay, place).json()
    assert token not in json.dumps(body)


def test_the_second_endpoint_of_an_upstream():
    aws = Upstream("https://bedrock-runtime.eu-west-1.amazonaws.com")
    assert aws.mantle_url == "https://bedrock-mantle.eu-west-1.api.aws"
    assert Upstream("http://127.0.0.1:1").mantle_url is None
    with pytest.raises(EmulatorError, match="is not an address"):
        Upstream("http://127.0.0.1:1", None, "mantle")


def test_an_upstream_without_a_second_endpoint_says_so(service):
    place = Place("mantle", "/v1/chat/completions", "openai.gpt-oss-20b", {"messages": []})
    with Emulator(upstream=Upstream(service.url), credentials=[CLIENT]) as emulator:
        answer = call(emulator, place)
    assert answer.status == 503
    assert "--mantle-upstream" in answer.json()["error"]["message"]
