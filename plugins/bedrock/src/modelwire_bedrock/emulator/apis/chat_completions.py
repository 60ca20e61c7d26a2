"""Chat Completions: OpenAI's older API, read as Converse and written from its events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.answers import WireEvent, converse_body
from modelwire_bedrock.emulator.apis.sse import ApiCall, SseEncoding, joined, sse
from modelwire_bedrock.emulator.invoke.chat import read_chat
from modelwire_bedrock.emulator.tokens import CHARACTERS

__all__ = ["ChatWriter", "read_chat"]

_STOP = {
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}


class ChatWriter(SseEncoding):
    """Writes an answer as Chat Completions does.

    gpt-oss says its thinking in tags in front of the text; other models keep it to themselves, and
    it is only counted.
    """

    def __init__(self, call: ApiCall) -> None:
        options = call.body.get("stream_options")
        self._counted = isinstance(options, Mapping) and options.get("include_usage") is True
        self._tagged = call.base_model.startswith("openai.gpt-oss-")
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
            "created": int(time.time()),
            "model": call.model_id,
        }
        self._calls = -1
        self._thought = 0
        self._thinking = False

    def event(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """The chunks for one event of ConverseStream."""
        if name == "metadata":
            return self._end(payload["usage"])
        return joined((None, chunk) for chunk in self._chunks(name, payload))

    def whole(self, events: Sequence[WireEvent]) -> dict[str, Any]:
        """The completion."""
        answer = converse_body(events)
        content = answer["output"]["message"]["content"]
        text = "".join(self._spoken(block) for block in content)
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
        calls = [_written(block["toolUse"]) for block in content if "toolUse" in block]
        if calls:
            message["tool_calls"] = calls
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": _finish(answer.get("stopReason")),
            "logprobs": None,
        }
        usage = self._usage(answer.get("usage", {}))
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": usage}

    def _spoken(self, block: Mapping[str, Any]) -> str:
        if "citationsContent" in block:
            return "".join(part["text"] for part in block["citationsContent"]["content"])
        thought = block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        self._thought += len(thought)
        if thought and self._tagged:
            return f"<reasoning>{thought}</reasoning>"
        return str(block.get("text", ""))

    def _chunks(self, name: str, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        if name == "messageStart":
            return [self._chunk({"role": "assistant", "content": ""})]
        if name == "contentBlockStart" and "toolUse" in payload["start"]:
            self._calls += 1
            call = payload["start"]["toolUse"]
            start = {
                "index": self._calls,
                "id": call["toolUseId"],
                "type": "function",
                "function": {"name": call["name"], "arguments": ""},
            }
            return [self._chunk({"tool_calls": [start]})]
        if name == "contentBlockDelta":
            return self._delta(payload["delta"])
        if name == "contentBlockStop" and self._thinking:
            self._thinking = False
            return [self._chunk({"content": "</reasoning>"})]
        if name == "messageStop":
            return [self._chunk({}, _finish(payload["stopReason"]))]
        return []

    def _delta(self, delta: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "toolUse" in delta:
            function = {"arguments": delta["toolUse"]["input"]}
            return [self._chunk({"tool_calls": [{"index": self._calls, "function": function}]})]
        thought = delta.get("reasoningContent", {}).get("text", "")
        if thought:
            self._thought += len(thought)
            if not self._tagged:
                return []
            lead, self._thinking = ("" if self._thinking else "<reasoning>"), True
            return [self._chunk({"content": lead + thought})]
        return [self._chunk({"content": delta["text"]})] if "text" in delta else []

    def _end(self, usage: Mapping[str, Any]) -> bytes:
        last = {**self._head, "object": "chat.completion.chunk", "choices": []}
        counted = sse({**last, "usage": self._usage(usage)}) if self._counted else b""
        return counted + sse("[DONE]")

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def _usage(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        read = usage.get("cacheReadInputTokens", 0)
        prompt = usage.get("inputTokens", 0) + read + usage.get("cacheWriteInputTokens", 0)
        answer = usage.get("outputTokens", 0)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
            "prompt_tokens_details": {"cached_tokens": read},
            "completion_tokens_details": {"reasoning_tokens": self._thought // CHARACTERS},
        }


def _finish(reason: str | None) -> str | None:
    return None if reason is None else _STOP.get(reason, "stop")


def _written(call: Mapping[str, Any]) -> dict[str, Any]:
    given = call["input"]
    arguments = given if isinstance(given, str) else json.dumps(given)
    function = {"name": call["name"], "arguments": arguments}
    return {"id": call["toolUseId"], "type": "function", "function": function}
