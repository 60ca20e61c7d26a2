"""The embedded default: a real model answers through the installed program, without a configuration."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelwire import SyncRuntime, UserMessage
from modelwire.events import TextDeltaEvent

NOTE = b"No model is configured; local/smollm2-135m-instruct answers.\n"
MODELWIRE = Path(sys.executable).with_name("modelwire")


@pytest.fixture(scope="session", autouse=True)
def ready():
    """Skip where the embedded model cannot run."""
    done = subprocess.run([MODELWIRE, "local", "status", "--json"], capture_output=True)
    status = json.loads(done.stdout)
    if not status["usable"]:
        pytest.skip(f"the embedded model cannot run here: {status}")


@pytest.fixture
def environ(tmp_path):
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}


def run(*arguments, environ, **options):
    return subprocess.run(
        [MODELWIRE, *arguments],
        env=environ,
        cwd=environ["HOME"],
        capture_output=True,
        timeout=100,
        **options,
    )


def test_with_nothing_configured_it_answers_and_one_line_says_so(environ):
    done = run("complete", "What is the capital of France?", environ=environ)
    assert done.returncode == 0
    assert done.stdout.strip()
    assert done.stderr == NOTE


@pytest.mark.extensive("it loads the model in a program of its own")
def test_its_events_stream_token_by_token_with_real_counts(environ):
    done = run("complete", "--events", "--max-tokens", "12", "Count to twenty.", environ=environ)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    deltas = [event for event in events if event["type"] == "text_delta"]
    message = events[-1]["message"]
    assert events[-1]["type"] == "done"
    assert len(deltas) > 3
    assert "".join(event["delta"] for event in deltas) == message["content"][0]["text"]
    assert message["usage"]["output"] == 12
    assert message["usage"]["input"] > 5
    assert message["usage"]["cost"]["total"] == 0
    assert message["stopReason"] == "length"


def test_a_named_provider_that_fails_is_never_replaced_by_it(environ):
    Path(environ["HOME"], "modelwire.json5").write_text("{agents: {defaults: {model: 'nobody/x'}}}")
    done = run("complete", "hi", environ=environ)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"nobody" in done.stderr


def test_ctrl_c_while_it_speaks_ends_at_once(environ):
    command = [
        MODELWIRE,
        "complete",
        "--max-tokens",
        "2000",
        "Write a very long story about the sea.",
    ]
    running = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout.read(1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (130, NOTE)


@pytest.mark.extensive("it loads the model in a program of its own")
def test_it_stays_loaded_between_calls_of_one_program():
    with SyncRuntime.from_config({}, environ={}) as runtime:
        first = runtime.complete("Say hello.", model="local/smollm2-135m-instruct", max_tokens=8)
        context = [UserMessage("Say hello."), first, UserMessage("Again.")]
        stream = runtime.stream(context, model="local/smollm2-135m-instruct", max_tokens=8)
        pieces = [event.delta for event in stream if isinstance(event, TextDeltaEvent)]
    assert first.text
    assert pieces
    assert (
        stream.message.usage.cache_read > 0
    )  # the first turn was still in the memory of the model
