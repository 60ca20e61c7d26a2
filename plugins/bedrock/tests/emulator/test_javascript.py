"""The AWS SDK for JavaScript, as a second independent reader."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)

# The first run on a machine installs the package.
pytestmark = [
    pytest.mark.timeout(450),
    pytest.mark.extensive("it starts Node.js again and again"),
]

PACKAGE = "@aws-sdk/client-bedrock-runtime"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
REQUEST = {
    "modelId": CLAUDE,
    "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]
    },
}
READER = Path(__file__).with_name("stream.mjs")


@pytest.fixture(scope="module")
def sdk():
    """A folder with the SDK, kept between runs."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = Path(tempfile.gettempdir()) / "modelwire-js-sdk"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / PACKAGE / "package.json").exists():
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", PACKAGE]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm could not install {PACKAGE} in time")
        if done.returncode:
            pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr.decode()[-200:]}")
    shutil.copy(READER, folder)
    return folder


@pytest.fixture
def read(sdk, strict):
    def run(request=REQUEST, **variables):
        environ = {"PATH": os.environ["PATH"], "HOME": str(sdk), **strict.environ(), **variables}
        command = ["node", READER.name, json.dumps(request)]
        done = subprocess.run(command, cwd=sdk, env=environ, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return run


def plain(events):
    """What boto3 read, in the form in which the script prints."""
    import base64

    def default(value):
        return base64.b64encode(value).decode()

    return json.loads(json.dumps(events, default=default))


def test_it_reads_the_events_that_boto3_reads(strict, read, client_of, read_stream):
    answer = Answer(
        [
            Thinking("Let me see, é.", "c2lnbmF0dXJl"),
            RedactedThinking(b"\x00\xff secret"),
            Text("Two calls:"),
            ToolUse("look", {"at": ["a", {"b": 1}]}, id="tooluse_1"),
            ToolUse("look", {}, id="tooluse_2"),
        ],
        usage=TokenUsage(10, 20, cache_read=30, cache_write=40, cache_write_1h=15),
    )
    strict.answer(answer, times=2)

    mine = read()
    theirs, failure = read_stream(client_of(strict), **REQUEST)

    assert mine["failure"] is failure is None
    assert mine["events"] == plain(theirs)
    assert len(theirs) > 12
    assert [request.identity.verified for request in strict.requests] == [True, True]


def test_it_sees_exceptions_in_mid_stream(strict, read):
    strict.answer("one two three four", fault=Fault.exception("throttlingException", after=2))

    seen = read()

    assert len(seen["events"]) == 2
    assert seen["failure"]["name"] == "ThrottlingException"


def test_it_sees_a_broken_checksum(strict, read):
    strict.answer("one two three four", fault=Fault("corrupt", after=2))

    seen = read()

    assert len(seen["events"]) == 2
    assert "checksum" in seen["failure"]["message"]


def test_it_is_refused_with_a_wrong_secret(read):
    failure = read(AWS_SECRET_ACCESS_KEY="not-the-secret")["failure"]

    assert failure["name"] == "InvalidSignatureException"
    assert failure["status"] == 403


def test_it_sees_validation_errors(read):
    failure = read({**REQUEST, "messages": [{"role": "user", "content": [{"text": ""}]}]})[
        "failure"
    ]

    assert failure["name"] == "ValidationException"
    assert "is blank" in failure["message"]
