"""The recordings are the judge: every request gets the status and the words that AWS gave it."""

import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.eventstream import EventStreamBuffer

from modelwire_bedrock.emulator import Answer, Emulator, Recordings
from modelwire_bedrock.emulator.recordings import Interaction

FOLDER = Path(__file__).resolve().parents[4].parent / "shared" / "recordings" / "bedrock"
INDEX_FILE = FOLDER / "INDEX.json"
INDEX = json.loads(INDEX_FILE.read_text()) if INDEX_FILE.exists() else []
if not INDEX:
    pytest.skip("the recorded traffic is not beside the checkout", allow_module_level=True)
STREAMS = [entry for entry in INDEX if entry["kind"] == "eventstream"]


def names(entries):
    return [entry["file"].removesuffix(".json") for entry in entries]


def interaction(entry):
    return json.loads((FOLDER / entry["file"]).read_text())


def send(emulator, recorded):
    """Send a recorded request as it was, signed by boto3 for the region that it went to."""
    uri = urlsplit(recorded["uri"])
    region = uri.netloc.split(".")[1]
    body = json.dumps(recorded["request"]["json"]).encode()
    request = AWSRequest(
        "POST", emulator.url + uri.path, {"content-type": "application/json"}, body
    )
    pair = emulator.service.authenticator.credentials[0]
    keys = Keys(pair.access_key_id, pair.secret_access_key)
    SigV4Auth(keys, "bedrock", region).add_auth(request)
    with urllib3.PoolManager() as pool:
        return pool.request("POST", request.url, body=body, headers=dict(request.headers))


@pytest.fixture(scope="module")
def judge():
    with Emulator(require_auth=True) as emulator:
        yield emulator


@pytest.mark.parametrize("entry", INDEX, ids=names(INDEX))
def test_a_recorded_request_is_judged_as_aws_judged_it(entry, judge):
    recorded = interaction(entry)

    answer = send(judge, recorded)

    assert answer.status == recorded["response"]["status"], answer.data
    if answer.status != 200:
        said = json.loads(base64.b64decode(recorded["response"]["body_b64"]))
        assert answer.json() == said
        assert answer.headers["x-amzn-errortype"].startswith("ValidationException:")
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("entry", STREAMS, ids=names(STREAMS))
def test_a_recorded_stream_is_replayed_to_boto3_event_by_event(entry):
    recorded = interaction(entry)
    recordings = Recordings([Interaction.from_json(recorded)])
    buffer = EventStreamBuffer()
    buffer.add_data(base64.b64decode(recorded["response"]["body_b64"]))
    wire = [(message.headers[":event-type"], json.loads(message.payload)) for message in buffer]

    with Emulator(replay=recordings) as emulator:
        answer = send(emulator, recorded)

    assert answer.data == base64.b64decode(recorded["response"]["body_b64"])
    assert [name for name, _ in wire] == [name for name, _ in recorded["response"]["events"]]


@pytest.mark.parametrize("entry", STREAMS, ids=names(STREAMS))
def test_boto3_reads_our_frames_of_a_recorded_stream_as_it_reads_awss(entry, client_of):
    recorded = interaction(entry)
    model_id = interaction(entry)["uri"].split("/model/")[1].split("/")[0].replace("%3A", ":")
    bare = tuple(
        (name, {key: value for key, value in body.items() if key != "p"})
        for name, body in recorded["response"]["events"]
    )
    request = {"modelId": model_id, "messages": [{"role": "user", "content": [{"text": "x"}]}]}

    def events(emulator):
        client = client_of(emulator)
        return list(client.converse_stream(**request)["stream"])

    with Emulator(replay=Recordings([Interaction.from_json(recorded)], lenient=True)) as theirs:
        expected = events(theirs)
    with Emulator() as ours:
        ours.answer(Answer(events=bare))
        assert events(ours) == expected
    assert expected
