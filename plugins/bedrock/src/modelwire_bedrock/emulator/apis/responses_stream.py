"""Responses: answers, written from the events of ConverseStream."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.apis.response_items import ItemWriter, new_id
from modelwire_bedrock.emulator.apis.sse import ApiCall, SseEncoding, joined, sse
from modelwire_bedrock.emulator.tokens import CHARACTERS

__all__ = ["ResponsesWriter"]

_INCOMPLETE = {
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "max_tokens": "max_output_tokens",
    "model_context_window_exceeded": "max_output_tokens",
}
_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Fields of a request that its response repeats, with their default values."""


class ResponsesWriter(SseEncoding):
    """Writes an answer as Responses does.

    gpt-oss shows its reasoning; other models give a summary of it where the request asks for one.
    Under `/openai/v1` of the second endpoint the ids of calls begin with `call_0` in every response
    (pydantic-ai, run against AWS).

    Args:
        call: The request.
        issue: Notes what only this service can read, so that it is known when it comes back.
        keep: Stores the response when it is complete.
    """

    def __init__(
        self,
        call: ApiCall,
        issue: Callable[[str], None],
        keep: Callable[[dict[str, Any]], None],
    ) -> None:
        body = call.body
        self._issue = issue
        self._keep = keep
        self._renumbered = call.api.endpoint == "mantle" and call.api.prefix == "/openai/v1"
        self._readable = call.base_model.startswith("openai.gpt-oss-")
        reasoning = body.get("reasoning")
        self._summarised = isinstance(reasoning, Mapping) and bool(reasoning.get("summary"))
        self._sealed = "reasoning.encrypted_content" in (body.get("include") or ())
        self._open: dict[int, ItemWriter] = {}
        self._count = self._calls = self._sequence = self._thought = 0
        self._stop: str | None = None
        echoed = dict(_ECHOED)
        echoed |= {name: body[name] for name in _ECHOED if body.get(name) is not None}
        self.response: dict[str, Any] = {
            "id": new_id("resp"),
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "model": call.model_id,
            "output": [],
            "usage": None,
            **echoed,
        }

    def event(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """The events of Responses for one of ConverseStream."""
        numbered = []
        for event in self._feed(name, payload):
            event["sequence_number"] = self._sequence
            self._sequence += 1
            numbered.append((event["type"], event))
        return joined(numbered)

    def error(self, body: dict[str, Any]) -> bytes:
        """An error in mid-stream."""
        error = body["error"]
        event = {"type": "error", "sequence_number": self._sequence}
        event |= {name: error[name] for name in ("code", "message", "param")}
        return sse(event, "error")

    def whole(self, events: Sequence[WireEvent]) -> dict[str, Any]:
        """The response."""
        for name, payload in events:
            self._feed(name, payload)
        return self.response

    def _feed(self, name: str, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        if name == "messageStart":
            kinds = ("response.created", "response.in_progress")
            return [{"type": kind, "response": dict(self.response)} for kind in kinds]
        if name == "contentBlockStart" and "toolUse" in payload["start"]:
            use = payload["start"]["toolUse"]
            call_id = f"call_{self._calls}" if self._renumbered else use["toolUseId"]
            self._calls += 1
            item = ItemWriter.call(self._count, call_id, use["name"])
            return self._begin(payload["contentBlockIndex"], item)
        if name == "contentBlockDelta":
            return self._delta(payload["contentBlockIndex"], payload["delta"])
        if name == "contentBlockStop":
            return self._end_item(payload["contentBlockIndex"])
        if name == "messageStop":
            self._stop = payload["stopReason"]
        return self._end(payload["usage"]) if name == "metadata" else []

    def _begin(self, index: int, item: ItemWriter) -> list[dict[str, Any]]:
        self._open[index] = item
        self._count += 1
        return item.begin()

    def _delta(self, index: int, delta: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "toolUse" in delta:
            return self._open[index].add(delta["toolUse"]["input"])
        if "reasoningContent" in delta:
            return self._reasoning(index, delta["reasoningContent"])
        if "text" not in delta:
            return []
        begun = [] if index in self._open else self._begin(index, ItemWriter.message(self._count))
        return [*begun, *self._open[index].add(delta["text"])]

    def _reasoning(self, index: int, delta: Mapping[str, Any]) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        if index not in self._open:
            item = ItemWriter.reasoning(
                self._count, readable=self._readable, summarised=self._summarised
            )
            events = self._begin(index, item)
        secret = delta.get("signature") or delta.get("redactedContent")
        if secret is not None:
            self._open[index].seal(secret)
        if "text" in delta:
            self._thought += len(delta["text"])
            events += self._open[index].add(delta["text"])
        return events

    def _end_item(self, index: int) -> list[dict[str, Any]]:
        item = self._open.pop(index, None)
        if item is None:
            return []
        if item.item["type"] == "reasoning":
            secret = item.item.setdefault("encrypted_content", item.secret())
            self._issue(secret)
        events = item.end(sealed=self._sealed)
        self.response["output"].append(item.item)
        return events

    def _end(self, usage: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.response["usage"] = self._usage(usage)
        if self._stop is None:
            return []
        reason = _INCOMPLETE.get(self._stop)
        self.response["status"] = "completed" if reason is None else "incomplete"
        if reason is None:
            self.response["completed_at"] = int(time.time())
        else:
            self.response["incomplete_details"] = {"reason": reason}
        self._keep(self.response)
        return [{"type": f"response.{self.response['status']}", "response": dict(self.response)}]

    def _usage(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        read = usage.get("cacheReadInputTokens", 0)
        input_tokens = usage.get("inputTokens", 0) + read + usage.get("cacheWriteInputTokens", 0)
        output_tokens = usage.get("outputTokens", 0)
        return {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": read},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": self._thought // CHARACTERS},
            "total_tokens": input_tokens + output_tokens,
        }
