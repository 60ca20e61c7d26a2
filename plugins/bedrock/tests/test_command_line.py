"""What public reports were about, from the command line to the wire: one row each.

`modelwire complete` runs as a process of its own against the emulator, which is as strict as AWS.
"""

import base64
import json
import os
import zlib
from struct import pack

import preloaded
import pytest

from modelwire_bedrock.emulator import Emulator, Fault
from modelwire_bedrock.models.limits import limits_of

OPUS_5 = "us.anthropic.claude-opus-5"
OPUS_5_5 = "us.anthropic.claude-opus-5-5"
SONNET_5 = "us.anthropic.claude-sonnet-5"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
KIMI = "moonshotai.kimi-k2.5"
TEMPERATURE = "This model doesn't support the temperature field. Remove temperature and try again."
LEAKED = "<|tool_calls_section_begin|><|tool_call_begin|>functions.look:0"


def tool(name="look", **schema):
    return {"name": name, "description": "Looks.", "parameters": schema or {"type": "object"}}


@pytest.fixture
def run(tmp_path):
    """Run `modelwire complete`; its message, and the bodies that reached the service."""
    with Emulator(require_auth=True) as emulator:

        def complete(model, *options, context=None, config=None):
            command = ["complete", "--json", *options]
            if context is not None:
                file = tmp_path / "context.json"
                file.write_text(json.dumps(context))
                command += ["--context", str(file)]
            if config is not None:
                (tmp_path / "config.json5").write_text(json.dumps(config))
                command += ["--config", str(tmp_path / "config.json5")]
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "AWS_EC2_METADATA_DISABLED": "true",
                **emulator.environ(),
            }
            done = preloaded.run(
                [*command, "--model", f"amazon-bedrock/{model}", "hi"],
                text=True,
                timeout=100,
                env=environ,
                cwd=tmp_path,
            )
            asked = [r.body for r in emulator.requests if r.operation == "ConverseStream"]
            return json.loads(done.stdout), asked

        complete.emulator = emulator
        yield complete


def fields(body):
    return body.get("additionalModelRequestFields", {})


def changes(message):
    return [note for note in message["diagnostics"] if note["type"] in ("rewritten", "dropped")]


@pytest.mark.parametrize("model", [OPUS_5, SONNET_5])
def test_thinking_is_turned_off_where_it_can_be(run, model):
    message, [body] = run(model, "--reasoning", "off")
    assert fields(body)["thinking"] == {"type": "disabled"}
    assert message["content"]


def test_where_it_cannot_be_the_least_is_asked_for_and_recorded(run):
    message, [body] = run(OPUS_5_5, "--reasoning", "off")
    assert fields(body)["thinking"]["type"] == "adaptive"
    assert fields(body)["output_config"] == {"effort": "low"}
    assert len(changes(message)) == 1


def test_unset_asks_for_no_more_than_the_default_of_the_service(run):
    _, [body] = run(OPUS_5_5)
    assert fields(body).get("output_config", {}).get("effort") in (None, "low", "medium")


def test_gpt_6_gets_its_effort_and_no_temperature(run):
    options = ["--reasoning", "high", "--temperature", "0.2"]
    _, [body] = run("us.openai.gpt-6-sol", *options)
    assert "temperature" not in body.get("inferenceConfig", {})
    assert fields(body)["reasoning"] == {"effort": "high"}


@pytest.mark.parametrize("model", [KIMI, "deepseek.v3.2", "us.xai.grok-4.6"])
def test_other_families_get_an_effort(run, model):
    _, [body] = run(model, "--reasoning", "high")
    assert "high" in json.dumps(fields(body))


@pytest.mark.parametrize(
    ("model", "reasoning", "choice"),
    [(OPUS_5_5, "off", "auto"), ("us.anthropic.claude-opus-4-8", "high", "any")],
)
def test_a_call_is_forced_where_the_release_takes_it(run, model, reasoning, choice):
    context = {"messages": [], "tools": [tool()]}
    options = ["--tool-choice", "any", "--reasoning", reasoning]
    _, [body] = run(model, *options, context=context)
    assert list(body["toolConfig"].get("toolChoice", {"auto": {}})) == [choice]


def test_every_root_of_a_tool_is_an_object(run):
    inner = {"properties": {"a": {"type": "string"}}}
    roots = [
        tool("one", type="object", anyOf=[inner, {"required": ["a"]}]),
        tool("two", type=["object", "null"], **inner),
        tool("three", type="array", items={"type": "string"}),
    ]
    message, [body] = run(SONNET_4_6, context={"messages": [], "tools": roots})
    sent = [
        t["toolSpec"]["inputSchema"]["json"] for t in body["toolConfig"]["tools"] if "toolSpec" in t
    ]
    assert sent
    assert all(schema["type"] == "object" and "anyOf" not in schema for schema in sent)
    assert len({note["path"].split(".")[0] for note in changes(message)}) == len(roots)


def test_hidden_thoughts_of_nova_are_not_spoken(run):
    call = {"type": "toolCall", "id": "call_1", "name": "look", "arguments": {}}
    thought = {"type": "thinking", "thinking": "[REDACTED]"}
    turn = {"role": "assistant", "provider": "amazon-bedrock", "model": NOVA_2}
    result = {"role": "toolResult", "toolCallId": "call_1", "toolName": "look", "content": "ok"}
    messages = [
        {"role": "user", "content": "Look."},
        {**turn, "content": [thought, call]},
        result,
    ]
    _, [body] = run(NOVA_2, context={"messages": messages, "tools": [tool()]})
    assert "[REDACTED]" not in json.dumps(body)


def png(size):
    def chunk(kind, data):
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", bytes(size)) + chunk(b"IEND", b"")


def test_an_old_image_that_is_too_large_does_not_block_the_conversation(run):
    image = base64.b64encode(png(6 * 2**20)).decode()
    messages = [
        {
            "role": "user",
            "content": [{"type": "image", "data": image, "mimeType": "image/png"}],
        },
        {"role": "assistant", "provider": "x", "model": "y", "content": "Nice."},
    ]
    message, [body] = run(SONNET_5, context={"messages": messages})
    assert all("image" not in block for turn in body["messages"] for block in turn["content"])
    assert any("bytes" in note["reason"] for note in changes(message))


def test_a_field_that_is_refused_is_dropped_once(run):
    error = Fault("error", code="ValidationException", message=TEMPERATURE)
    run.emulator.answer(fault=error)
    run.emulator.answer("ok")
    message, [first, second] = run("us.amazon.nova-lite-v1:0", "--temperature", "0.2")
    assert message["content"][0]["text"] == "ok"
    assert first["inferenceConfig"]["temperature"] == 0.2
    assert "temperature" not in second.get("inferenceConfig", {})
    assert len(changes(message)) == 1


def test_a_call_that_is_leaked_as_text_is_no_good_stop(run):
    run.emulator.answer(LEAKED, times=None)
    message, _ = run(KIMI, context={"messages": [], "tools": [tool()]})
    assert message["stopReason"] != "stop"


def test_a_configured_limit_is_sent(run):
    models = [{"id": SONNET_5, "maxTokens": 8192}]
    config = {"models": {"providers": {"amazon-bedrock": {"models": models}}}}
    _, [body] = run(SONNET_5, config=config)
    assert body["inferenceConfig"]["maxTokens"] == 8192


def test_the_context_window_is_that_of_bedrock():
    assert limits_of("minimax.minimax-m2.5").context_window <= 204_800
