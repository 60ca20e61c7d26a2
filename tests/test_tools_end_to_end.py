"""`modelwire complete` with tools and `--verbose`, installed, against the Bedrock emulator."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modelwire_bedrock.emulator import ToolUse

MODEL = "amazon-bedrock/us.amazon.nova-lite-v1:0"
TOOLS = '''
from dataclasses import dataclass
from typing import Literal


@dataclass
class Place:
    """A place.

    Attributes:
        city: The city's name.
    """

    city: str
    country: str | None = None


def weather(place: Place, unit: Literal["C", "F"] = "C") -> dict[str, object]:
    """Forecast the weather."""
    return {"city": place.city, "degrees": 18, "unit": unit}
'''


@pytest.fixture
def complete(bedrock_emulator, tmp_path):
    (tmp_path / "weather.py").write_text(TOOLS)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "MODELWIRE_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONWARNINGS": "error",
        **bedrock_emulator.environ(),
    }
    program = str(Path(sys.executable).with_name("modelwire"))

    def complete(*arguments, without=(), **more):
        kept = {key: value for key, value in environ.items() if key not in without}
        return subprocess.run(
            [program, "complete", "--model", MODEL, *arguments],
            cwd=tmp_path,
            env={**kept, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
            timeout=60,
        )

    return complete


def test_a_tool_is_described_called_and_answered_over_the_wire(bedrock_emulator, complete):
    bedrock_emulator.answer(ToolUse("weather", {"place": {"city": "Rome"}}))
    bedrock_emulator.answer("It is 18 degrees in Rome.")
    done = complete("--tools", "weather.py", "--yes", "--json", "Do I need a coat in Rome?")
    assert done.returncode == 0, done.stderr
    call, result, answer = map(json.loads, done.stdout.splitlines())
    assert call["content"][-1]["arguments"] == {"place": {"city": "Rome"}}
    assert json.loads(result["content"][0]["text"]) == {
        "city": "Rome",
        "degrees": 18,
        "unit": "C",
    }
    assert answer["content"][-1]["text"] == "It is 18 degrees in Rome."
    first, second = [request.parameters for request in bedrock_emulator.requests]
    (tool,) = first["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "weather"
    schema = tool["toolSpec"]["inputSchema"]["json"]
    assert schema["properties"]["place"]["properties"]["city"] == {
        "type": "string",
        "description": "The city's name.",
    }
    assert "$ref" not in json.dumps(schema)
    assert "toolResult" in second["messages"][-1]["content"][0]


def test_verbose_shows_the_request_and_none_of_the_credentials(bedrock_emulator, complete):
    bedrock_emulator.answer("Hello")
    done = complete("--verbose", "Hi")
    assert (done.returncode, done.stdout) == (0, b"Hello\n")
    said = done.stderr.decode()
    assert "[1] POST http://127.0.0.1:" in said
    assert "/converse-stream, " in said
    assert "Authorization: <hidden>" in said
    assert "[1] 200 OK after " in said
    secrets = [v for k, v in bedrock_emulator.environ().items() if "SECRET" in k or "TOKEN" in k]
    assert secrets
    assert not any(secret in said for secret in secrets)
    assert "Signature=" not in said


class Metadata(BaseHTTPRequestHandler):
    """The metadata service of an instance with a role."""

    def do_PUT(self):
        self.reply("token-of-the-instance")

    def do_GET(self):
        role = self.path.rpartition("/")[2]
        self.reply(json.dumps(self.server.credentials) if role else "the-role")

    def reply(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def test_verbose_shows_also_what_boto3_asks_for_credentials(bedrock_emulator, complete):
    keys = {name: value for name, value in bedrock_emulator.environ().items() if "KEY" in name}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    server.credentials = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
        "Token": "session-token-of-the-role",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        place = f"http://127.0.0.1:{server.server_port}"
        imds = {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": place,
            "AWS_EC2_METADATA_DISABLED": "false",
        }
        done = complete("--verbose", "Hi", without=keys, **imds)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    said = done.stderr.decode()
    role = f"GET {place}/latest/meta-data/iam/security-credentials/the-role 200 (by the SDK)"
    assert f"PUT {place}/latest/api/token 200 (by the SDK)" in said
    assert role in said
    assert said.count("Found credentials from IAM Role: the-role") == 1
    assert "[1] POST http://127.0.0.1:" in said
    for secret in (*keys.values(), "session-token-of-the-role", "token-of-the-instance"):
        assert secret not in said
