"""The installed program and the public runtime against the emulated Amazon Bedrock."""

import asyncio
import json
import os
import threading

import preloaded
import pytest

from modelwire import (
    Context,
    Runtime,
    StopReason,
    Text,
    Tool,
    ToolResultMessage,
    UserMessage,
)
from modelwire.errors import StreamTruncated
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import BEARER_TOKEN, CREDENTIALS, Emulator, Fault, Thinking, ToolUse

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def bedrock():
    with Emulator(require_auth=True) as emulator:
        yield emulator


def place(emulator, home):
    """The environment of somebody who uses the emulator, without credentials."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_BEDROCK": emulator.url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.url,
        "AWS_REGION": "us-east-1",
    }


def keys():
    return {
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
    }


@pytest.fixture(params=["SigV4", "bearer token"])
def environ(request, bedrock, tmp_path):
    signed = keys() if request.param == "SigV4" else {"AWS_BEARER_TOKEN_BEDROCK": BEARER_TOKEN}
    return {**place(bedrock, tmp_path), **signed}


def run(*arguments, environ):
    return preloaded.run(arguments, env=environ, cwd=environ["HOME"], timeout=100)


def test_the_program_streams_an_answer(bedrock, environ):
    bedrock.answer("Paris, of course.")
    done = run("complete", "--model", f"bedrock/{CLAUDE}", "What is the capital?", environ=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Paris, of course.\n", b"")
    request = bedrock.requests[-1]
    assert request.operation == "ConverseStream"
    assert request.body["messages"][0]["content"][0] == {"text": "What is the capital?"}


def test_the_program_lists_models_and_profiles(bedrock, environ):
    done = run("models", "list", "--json", "--provider", "bedrock", environ=environ)
    rows = {row["key"]: row for row in json.loads(done.stdout)["models"]}
    assert rows[f"amazon-bedrock/{CLAUDE}"]["available"] is True
    assert rows[f"amazon-bedrock/{CLAUDE}"]["contextWindow"] == 200_000
    asked = len(bedrock.requests)
    run("models", "list", environ=environ)
    assert len(bedrock.requests) == asked


def test_a_wrong_key_is_refused_and_explained(bedrock, tmp_path):
    environ = {**place(bedrock, tmp_path), **keys(), "AWS_SECRET_ACCESS_KEY": "wrong-secret"}
    done = run("complete", "--model", f"amazon-bedrock/{CLAUDE}", "hi", environ=environ)
    assert done.returncode == 1
    assert b"code: auth" in done.stderr
    assert b"wrong-secret" not in done.stderr + done.stdout


def test_a_dry_run_shows_the_request_and_sends_nothing(bedrock, environ):
    command = ("complete", "--dry-run", "--model", f"bedrock/{CLAUDE}", "--max-tokens", "9", "hi")
    shown = json.loads(run(*command, environ=environ).stdout)
    assert shown["url"].startswith(bedrock.url)
    assert shown["body"]["inferenceConfig"] == {"maxTokens": 9}
    assert shown["headers"]["Authorization"] == "<hidden>"
    assert bedrock.requests == []


@pytest.fixture
async def runtime(bedrock, tmp_path):
    config = {"agents": {"defaults": {"model": f"amazon-bedrock/{CLAUDE}"}}}
    runtime = Runtime.from_config(
        config,
        environ={**place(bedrock, tmp_path), **keys()},
        retries=RetryPolicy(base=0.01),
        cache_directory=tmp_path / "models",
    )
    async with runtime:
        yield runtime


async def test_a_conversation_with_thinking_and_tools_goes_round(bedrock, runtime):
    bedrock.answer(
        [Thinking("Rome, so ask.", signature="c2ln"), ToolUse("weather_now", {"city": "Rome"})]
    )
    bedrock.answer("It is sunny.")
    tool = Tool(
        "weather_now", "Weather", {"type": "object", "properties": {"city": {"type": "string"}}}
    )
    context = Context([UserMessage("Rome?")], tools=[tool])
    first = await runtime.complete(context, reasoning="low")
    assert first.stop_reason is StopReason.TOOL_USE
    (call,) = first.tool_calls
    assert (call.name, call.arguments) == ("weather_now", {"city": "Rome"})
    context.messages += [first, ToolResultMessage(call.id, call.name, "22 degrees")]
    second = await runtime.complete(context, reasoning="low")
    assert second.content == [Text("It is sunny.")]
    replayed = bedrock.requests[-1].body["messages"][1]["content"]
    assert replayed[0]["reasoningContent"]["reasoningText"]["signature"] == "c2ln"


async def test_throttling_before_the_first_event_is_waited_out(bedrock, runtime):
    bedrock.answer(fault=Fault.error("ThrottlingException", retry_after=0), times=2)
    bedrock.answer("At last.")
    message = await runtime.complete("hi")
    assert message.text == "At last."
    assert [attempt.code for attempt in message.attempts] == ["rate_limited", "rate_limited"]


async def test_a_stream_without_its_end_is_an_error_with_what_arrived(bedrock, runtime):
    bedrock.answer("Half of it", fault=Fault("no_stop", after=3))
    with pytest.raises(StreamTruncated) as caught:
        await runtime.complete("hi")
    assert caught.value.partial.text == "Half of it"


async def test_many_streams_share_one_thread(bedrock, runtime):
    bedrock.answer("Hello, you.", times=None)
    await runtime.complete("warm up")
    before = threading.active_count()
    messages = await asyncio.gather(*(runtime.complete(f"number {n}") for n in range(100)))
    assert {message.text for message in messages} == {"Hello, you."}
    assert threading.active_count() <= before + 1
