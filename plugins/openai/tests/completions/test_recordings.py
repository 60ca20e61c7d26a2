"""Recorded answers of real services, replayed byte for byte through the whole runtime."""

import base64
import json

import pytest

from modelwire import UserMessage
from modelwire.errors import MalformedToolCall, StreamTruncated
from modelwire.messages import StopReason

REPORTED = {
    "pydantic-ai__test_groq__test_tool_use_failed_error_streaming__00.json": "did not match schema",
    "pydantic-ai__test_groq__test_tool_use_failed_error_streaming_with_text__00.json": "did not call a tool",
}
"""Streams that end with an error of the service's own, and what it says."""

WITHOUT_A_REASON = "llm__test_tools_streaming__test_tools_streaming_variant_a__00.json"
"""OpenRouter sent a whole call, `[DONE]`, and no finish reason."""


def chat_recordings(folder):
    index = json.loads((folder / "openai" / "INDEX.json").read_text())
    return sorted(row["file"] for row in index if row["op"] == "chat.completions")


def recorded(folder, name):
    data = json.loads((folder / "openai" / name).read_text())
    return data, base64.b64decode(data["response"]["body_b64"])


def independent_reading(body):
    """What the first choice says, read naively from the text of the stream."""
    said = {"text": "", "thinking": "", "calls": {}, "finish": None, "usage": None}
    for line in body.decode().splitlines():
        text = line.removeprefix("data:").strip()
        if not line.startswith("data:") or text == "[DONE]":
            continue
        chunk = json.loads(text)
        said["usage"] = chunk.get("usage") or said["usage"]
        for choice in chunk.get("choices") or []:
            delta = choice["delta"]
            said["text"] += delta.get("content") or ""
            said["thinking"] += delta.get("reasoning_content") or delta.get("reasoning") or ""
            said["finish"] = said["finish"] or choice.get("finish_reason")
            for call in delta.get("tool_calls") or []:
                entry = said["calls"].setdefault(call["index"], {"name": "", "arguments": ""})
                entry["name"] = call["function"].get("name") or entry["name"]
                entry["arguments"] += call["function"].get("arguments") or ""
    return said


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        from pathlib import Path

        folder = Path(__file__).resolve().parents[5] / "shared" / "recordings"
        names = chat_recordings(folder) if folder.is_dir() else []
        metafunc.parametrize("name", names)


async def replay(serve, runtime_for, head, body, **provider):
    pieces = [head, *(body[at : at + 700] for at in range(0, len(body), 700))]
    async with serve(pieces) as service, runtime_for(service.base_url, **provider) as runtime:
        return await runtime.complete(UserMessage("?"), model="acme/m")


def head_of(status, headers):
    lines = [
        f"HTTP/1.1 {status} X",
        *(f"{k}: {v}" for k, v in headers.items()),
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_a_recorded_stream_says_what_it_says(name, recordings, serve, runtime_for):
    data, body = recorded(recordings, name)
    head = head_of(200, {"Content-Type": data["response"]["headers"]["content-type"]})
    if name in REPORTED:
        with pytest.raises(MalformedToolCall, match=REPORTED[name]) as caught:
            await replay(serve, runtime_for, head, body)
        assert caught.value.retryable
        assert (
            caught.value.partial.thinking
            == independent_reading(body.partition(b"event: error")[0])["thinking"]
        )
        return
    if name == WITHOUT_A_REASON:
        compat = {"compat": {"requiresFinishReason": True}}
        with pytest.raises(StreamTruncated):
            await replay(serve, runtime_for, head, body, **compat)
    message = await replay(serve, runtime_for, head, body)
    said = independent_reading(body)
    assert message.text == said["text"]
    assert message.thinking == said["thinking"]
    assert [(call.name, call.arguments) for call in message.tool_calls] == [
        (call["name"], json.loads(call["arguments"] or "{}")) for call in said["calls"].values()
    ]
    assert message.stop_reason is (StopReason.TOOL_USE if said["calls"] else StopReason.STOP)
    assert message.raw_stop_reason == said["finish"]
    usage = said["usage"]
    assert message.usage.total_tokens == usage["total_tokens"] if usage else True
    details = (usage or {}).get("completion_tokens_details") or {}
    assert message.usage.reasoning == details.get("reasoning_tokens")


async def test_the_index_has_chat_completions(recordings):
    assert len(chat_recordings(recordings)) >= 30
