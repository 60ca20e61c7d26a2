"""`modelwire setup` and `models explain` for Anthropic, over a real server on loopback."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import json5
import pytest

from modelwire import Runtime
from modelwire.messages import Text
from modelwire.testing import ScriptedAnswer

KEY = "sk-ant-marked-and-long"


@pytest.fixture
def run(tmp_path):
    def command(*arguments, **environ):
        return subprocess.run(
            [Path(sys.executable).with_name("modelwire"), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environ},
            cwd=tmp_path,
            capture_output=True,
            timeout=100,
        )

    return command


@pytest.fixture
def written(tmp_path):
    def read():
        text = (tmp_path / ".config" / "modelwire" / "modelwire.json5").read_text()
        return json5.loads(text)

    return read


def test_a_key_is_tried_and_its_variable_written(run, written, server, wire):
    answer = wire.reply(wire.bodies(ScriptedAnswer([Text("ok")])))
    listing = wire.listing(["claude-opus-4-6", "claude-haiku-4-5"])
    server.script(listing, listing, answer, answer)  # the key is tried before the list is read
    place = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}
    done = run("setup", "--yes", "--provider", "claude", **place)
    assert done.returncode == 0, done.stderr
    assert b"Tested: anthropic/claude-haiku-4-5 answers" in done.stdout
    assert written()["models"]["providers"] == {
        "anthropic": {"apiKey": {"source": "env", "id": "ANTHROPIC_API_KEY"}}
    }
    assert run("complete", "hi", **place).stdout == b"ok\n"
    assert KEY.encode() not in done.stdout + done.stderr


def test_a_token_is_sent_as_one(run, written, server, wire):
    listing = wire.listing(["claude-haiku-4-5"])
    server.script(listing, listing, wire.reply(wire.bodies(ScriptedAnswer([Text("ok")]))))
    options = ("--base-url", server.url, "--provider", "anthropic")
    done = run("setup", "--yes", *options, ANTHROPIC_AUTH_TOKEN=KEY)
    assert done.returncode == 0, done.stderr
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert written()["models"]["providers"]["anthropic"] == {
        "apiKey": {"source": "env", "id": "ANTHROPIC_AUTH_TOKEN"},
        "authHeader": True,
        "baseUrl": server.url,
    }


def test_a_refused_key_is_reported_and_nothing_is_written(run, tmp_path, server, wire):
    server.script(*[wire.refuse(401, "No such key.")] * 2)
    place = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}
    done = run("setup", "--yes", "--json", "--provider", "anthropic", **place)
    assert done.returncode == 1
    assert "No such key." in json.loads(done.stdout)["error"]["message"]
    assert not (tmp_path / ".config").exists()


def test_without_a_key_its_variable_is_named(run):
    done = run("setup", "--yes", "--provider", "anthropic")
    assert done.returncode == 1
    assert b"ANTHROPIC_API_KEY" in done.stderr


@pytest.mark.parametrize(
    ("model", "environ", "providers", "endpoint", "source"),
    [
        ("anthropic/m", {}, {}, "https://api.anthropic.com/v1/messages", "default"),
        (
            "anthropic/m",
            {"ANTHROPIC_BASE_URL": "http://u:secret@gw:1/claude/v1"},
            {},
            "http://gw:1/claude/v1/messages",
            "env: ANTHROPIC_BASE_URL",
        ),
        (
            "house/m",
            {},
            {"house": {"api": "anthropic-messages", "baseUrl": "https://h.example/"}},
            "https://h.example/v1/messages",
            "models.providers.house.baseUrl",
        ),
        (
            "anthropic/m",
            {},
            {"anthropic": {"models": [{"id": "m", "baseUrl": "http://localhost:1"}]}},
            "http://localhost:1/v1/messages",
            "the model's baseUrl",
        ),
    ],
)
async def test_the_endpoint_is_reported_with_its_source_without_a_key(
    tmp_path, model, environ, providers, endpoint, source
):
    document = {"models": {"providers": providers}}
    async with Runtime.from_config(document, environ=environ, cache_directory=tmp_path) as runtime:
        found = await runtime.resolve(model)
        described = await asyncio.to_thread(runtime.describe_call, found)
    assert described == {"endpoint": endpoint, "endpointSource": source}
