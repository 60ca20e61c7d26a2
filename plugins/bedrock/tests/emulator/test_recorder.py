"""Recording what passes, without secrets, and playing it back."""

import base64
import json
import stat

import pytest
import urllib3
from botocore.exceptions import ClientError

from modelwire.testing.listener import refusing_port
from modelwire_bedrock.emulator import (
    Credentials,
    Emulator,
    EmulatorError,
    Fault,
    Recorder,
    Recordings,
    Thinking,
    ToolUse,
    Upstream,
)

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
OTHER = [{"role": "user", "content": [{"text": "Another question"}]}]
UPSTREAM_KEYS = Credentials("ASIAUPSTREAM", "upstream-secret", "upstream-session-token")


@pytest.fixture
def service():
    """The upstream in place of the real service: it knows keys that the client does not have."""
    with Emulator(require_auth=True, credentials=[UPSTREAM_KEYS]) as service:
        yield service


@pytest.fixture
def file(tmp_path):
    return tmp_path / "calls.jsonl"


@pytest.fixture
def recorder(service, file, monkeypatch):
    """The emulator between client and service; it signs with the keys of its own environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", UPSTREAM_KEYS.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", UPSTREAM_KEYS.secret_access_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", UPSTREAM_KEYS.session_token)
    with Emulator(upstream=Upstream(service.url, Recorder(file))) as emulator:
        yield emulator


def test_what_passes_is_kept_frame_by_frame_and_plays_back_the_same(
    service, recorder, file, client_of, read_stream
):
    service.answer([Thinking("hm", "c2ln"), ToolUse("look", {"at": "é"}, id="tooluse_1")])
    first = read_stream(client_of(recorder))

    recorded = json.loads(file.read_text())
    assert len(recorded["response"]["chunks"]) == len(first[0])
    with Emulator(replay=Recordings.from_path(file), require_auth=True) as replay:
        again = read_stream(client_of(replay))

    assert again == first
    assert first[1] is None
    assert len(first[0]) > 5


def test_every_operation_passes_and_plays_back(recorder, file, client_of):
    def ask(emulator):
        runtime, control = client_of(emulator), client_of(emulator, "bedrock")
        converse = runtime.converse(modelId=NOVA, messages=HELLO)
        listed = control.list_foundation_models(byProvider="amazon")
        profile = control.get_inference_profile(inferenceProfileIdentifier=NOVA)
        found = (converse["output"], listed["modelSummaries"], profile["models"])
        with pytest.raises(ClientError) as caught:
            runtime.converse(modelId="us.acme.none", messages=HELLO)
        return *found, caught.value.response["Error"]

    first = ask(recorder)
    with Emulator(replay=Recordings.from_path(file)) as replay:
        assert ask(replay) == first
    assert first[-1]["Message"] == "The provided model identifier is invalid."


def ask_with_token(emulator, token):
    with urllib3.PoolManager() as pool:
        return pool.request(
            "POST",
            f"{emulator.url}/model/{NOVA}/converse",
            body=json.dumps({"messages": HELLO}),
            headers={"authorization": f"Bearer {token}", "cookie": "session=very-secret"},
        )


def test_no_secret_is_written(service, recorder, file, client_of, read_stream):
    read_stream(client_of(recorder))
    token = recorder.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"]
    said = f"Your keys {token} and {UPSTREAM_KEYS.access_key_id} are not known to us."
    service.answer(fault=Fault.error("AccessDeniedException", said))
    ask_with_token(recorder, token)

    text = file.read_text()
    bodies = b"".join(
        base64.b64decode(data)
        for line in text.splitlines()
        for _, data in json.loads(line)["response"]["chunks"]
    ).decode(errors="replace")
    sent = [request.headers["authorization"] for request in service.requests]
    secrets = [token, "very-secret", UPSTREAM_KEYS.session_token, UPSTREAM_KEYS.access_key_id]
    secrets += [value.partition("Signature=")[2] for value in sent if "Signature=" in value]
    assert len(secrets) == 6
    for secret in secrets:
        assert secret not in text
        assert secret not in bodies
    assert "are not known to us" in bodies
    assert len(text.splitlines()) == 2


def test_a_recording_is_readable_by_its_owner_alone(tmp_path, file):
    file.touch(mode=0o644)
    for path in (file, tmp_path / "new.jsonl"):
        Recorder(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_bearer_token_of_the_process_is_used_for_the_upstream(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-of-the-process")
    with Emulator(require_auth=True, bearer_tokens=["bedrock-api-key-of-the-process"]) as service:
        with Emulator(upstream=Upstream(service.url)) as emulator:
            own = emulator.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"]
            assert ask_with_token(emulator, own).status == 200
        assert service.requests[-1].headers["authorization"].endswith("-of-the-process")


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_an_upstream_that_breaks_off_breaks_the_answer_without_a_traceback(
    service, recorder, file, client_of, read_stream, caplog, kind
):
    service.answer("one two three four", fault=Fault(kind, after=3))
    events, failure = read_stream(client_of(recorder))
    assert [list(event) for event in events[:1]] == [["messageStart"]]
    assert failure is not None
    request = recorder.requests[-1]
    assert request.wait() == "broken"
    assert request.message == f"{service.url} broke its answer off"
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert file.read_text() == ""


def test_the_request_is_signed_for_the_region_of_the_client(service, recorder, client_of):
    client_of(recorder, "bedrock", region_name="eu-west-1").list_foundation_models()
    assert service.requests[-1].identity.region == "eu-west-1"
    ask_with_token(recorder, recorder.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"])
    assert service.requests[-1].identity.region == "us-east-1"


def test_an_answer_is_passed_on_while_it_arrives(service, recorder, client_of):
    service.answer("one two three four", fault=Fault("stall", after=2))
    stream = client_of(recorder).converse_stream(modelId=NOVA, messages=HELLO)["stream"]
    events = iter(stream)

    assert [list(next(events)), list(next(events))] == [["messageStart"], ["contentBlockDelta"]]

    stream.close()
    assert recorder.requests[-1].wait() == "client_left"
    assert service.requests[-1].wait() == "client_left"


def test_an_upstream_that_is_not_there_is_a_503(client_of, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAANY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with (
        refusing_port() as port,
        Emulator(upstream=Upstream(f"http://127.0.0.1:{port}")) as emulator,
    ):
        client = client_of(emulator)
        with pytest.raises(ClientError, match="cannot reach") as caught:
            client.converse(modelId=NOVA, messages=HELLO)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_without_credentials_for_the_upstream_the_client_is_reported(service, client_of):
    with Emulator(upstream=Upstream(service.url)) as emulator:
        client = client_of(emulator)
        with pytest.raises(ClientError) as caught:
            client.converse(modelId=NOVA, messages=HELLO)

    assert "no AWS credentials to sign requests for the upstream" in str(caught.value)


def recorded(messages, *texts):
    uri = f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{NOVA}/converse"
    for text in texts:
        body = {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}}
        yield {
            "uri": uri,
            "request": {"json": {"messages": messages}},
            "response": {
                "status": 200,
                "body_b64": base64.b64encode(json.dumps(body).encode()).decode(),
            },
        }


def said(client, messages):
    answer = client.converse(modelId=NOVA, messages=messages)
    return answer["output"]["message"]["content"][0]["text"]


def test_the_same_request_gets_its_answers_in_their_order(file, client_of):
    lines = [*recorded(HELLO, "one", "two"), *recorded(OTHER, "else")]
    file.write_text("\n".join(map(json.dumps, lines)))

    with Emulator(replay=Recordings.from_path(file)) as emulator:
        client = client_of(emulator)
        answers = [said(client, messages) for messages in (HELLO, OTHER, HELLO, HELLO)]

    assert answers == ["one", "else", "two", "two"]


def test_a_request_that_was_not_recorded_is_refused_unless_lenient(file, client_of):
    file.write_text("\n".join(map(json.dumps, recorded(HELLO, "one"))))

    with Emulator(replay=Recordings.from_path(file)) as strict:
        client = client_of(strict)
        with pytest.raises(ClientError, match="has none of Converse with"):
            said(client, OTHER)
    with Emulator(replay=Recordings.from_path(file, lenient=True)) as lenient:
        assert said(client_of(lenient), OTHER) == "one"


def test_a_folder_of_single_interactions_is_read(tmp_path):
    for at, interaction in enumerate(recorded(HELLO, "one", "two")):
        (tmp_path / f"{at}.json").write_text(json.dumps(interaction, indent=2))

    assert len(Recordings.from_path(tmp_path)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", ":1: this is not JSON"),
        ('{"uri": "x"}', ":1: this is not a recorded interaction"),
    ],
)
def test_a_wrong_file_names_the_line(file, text, words):
    file.write_text(text)

    with pytest.raises(EmulatorError, match=words):
        Recordings.from_path(file)


def test_a_wrong_upstream_or_an_unwritable_file_is_reported(tmp_path):
    with pytest.raises(EmulatorError, match="is not an address"):
        Upstream("bedrock")
    with pytest.raises(EmulatorError, match="Cannot write"):
        Recorder(tmp_path / "no" / "such" / "folder.jsonl")
