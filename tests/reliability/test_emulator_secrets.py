"""What the Bedrock emulator prints and records holds none of the credentials that it saw.

It runs as the installed program, in front of a service that repeats whatever it was given.
"""

import http.client
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from extensive_tests import partly_extensive
from repeating_server import RepeatingServer

from modelwire.testing.recordings import read_recordings

MODELWIRE = Path(sys.executable).with_name("modelwire")
MARK = "m4rk3d"
NOVA = "us.amazon.nova-lite-v1:0"
HELLO = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}

SIGNED = (
    f"AWS4-HMAC-SHA256 Credential=AKIA{MARK}EXAMPLE/20261122/us-east-1/bedrock/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={MARK}0123456789abcdef"
)
CALLERS = {
    "bearer": {"authorization": f"Bearer bedrock-api-key-{MARK}"},
    "signed": {
        "authorization": SIGNED,
        "x-amz-date": "20261122T000000Z",
        "x-amz-security-token": f"{MARK}-session-token-of-the-client",
    },
    "known": {},  # each request signed as it should be, with the key that was printed
    "others": {"cookie": f"session={MARK}", "x-api-key": f"{MARK}-key", "x-marked": f"{MARK}-own"},
}
PATHS = [
    f"/model/{NOVA}/converse",
    f"/model/{NOVA}/converse-stream",
    f"/model/{NOVA}/converse?X-Amz-Security-Token={MARK}-in-the-query",
    f"/model/no-such-model/converse?X-Amz-Signature={MARK}",
    f"/no/such/operation?X-Amz-Credential={MARK}",
]


def signed(address, body, headers, keys):
    pair = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("POST", address, headers, body)
    SigV4Auth(pair, "bedrock", "us-east-1").add_auth(request)
    return dict(request.headers)


def ask(url, body, keys):
    """Ask everything in the name of everybody; how many answers came."""
    answers = 0
    for name, fields in CALLERS.items():
        for path in PATHS:
            headers = {"content-type": "application/json", **fields}
            if name == "known":
                headers = signed(url + path, body, headers, keys)
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
            connection.request("POST", path, body, headers)
            answers += len(connection.getresponse().read()) > 0
            connection.close()
    return answers


def emulate(home, *options):
    """Run the emulator for `ask`; what it printed, and how many answers came."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": f"AKIA{MARK}UPSTREAM",
        "AWS_SECRET_ACCESS_KEY": f"{MARK}-secret-of-the-upstream-0123456789",
        "AWS_SESSION_TOKEN": f"{MARK}-token-of-the-upstream",
    }
    command = [MODELWIRE, "--debug", "bedrock", "emulate", "--port", "0", *options]
    running = subprocess.Popen(
        command, env=environ, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = b""
    try:
        while b"AWS_SECRET_ACCESS_KEY=" not in said:
            line = running.stdout.readline()
            assert line, said
            said += line
        exported = dict(re.findall(r"^export (\w+)=(.*)$", said.decode(), re.MULTILINE))
        url = exported["AWS_ENDPOINT_URL_BEDROCK"]
        answers = ask(url, json.dumps(HELLO), exported) + ask(url, "no JSON", exported)
    finally:
        running.terminate()
        said += running.communicate()[0]
    return said.decode(), answers


@pytest.mark.parametrize("options", [(), ("--require-auth",)], ids=["open", "locked"])
def test_the_log_of_an_emulator_tells_no_secret(tmp_path, options):
    said, answers = emulate(tmp_path, *options)
    assert answers == 2 * len(CALLERS) * len(PATHS)
    assert said.count("->") == answers, said
    assert MARK not in said


@pytest.mark.parametrize(
    "way",
    partly_extensive(
        ["refusal", "page", "event", "welcome", "no http"],
        {"page", "welcome", "no http"}.__contains__,
        "each starts an emulator as a process",
    ),
)
def test_neither_the_log_nor_the_recordings_of_a_recorder_tell_a_secret(tmp_path, way):
    file = tmp_path / "passed.jsonl"
    with RepeatingServer(way) as server:
        said, answers = emulate(tmp_path, "--upstream", server.url, "--record", str(file))
        assert any(MARK in head for head in server.requests)  # or nothing was at stake
    assert answers
    assert said.count("->") == 2 * len(CALLERS) * len(PATHS), said
    assert MARK not in said
    assert MARK not in file.read_text()
    kept = read_recordings(file)
    # Of strangers nothing is passed on.
    assert len(kept) == (0 if way == "no http" else answers // len(CALLERS))
    bodies = [b"".join(data for _, data in interaction.chunks) for interaction in kept]
    assert [body for body in bodies if MARK.encode() in body] == []
