"""The wires of the OpenAI APIs, for modelwire's conformance kit.

A plugin, or a custom provider in the configuration, that speaks one of these APIs is tested in
one line:

    TestAcme = provider_suite("acme", api="openai-completions", wire=ChatCompletionsWire())
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from modelwire.messages import StopReason, Text, Thinking, ToolCall, Usage
from modelwire.testing import ScriptedAnswer, SseWire, fragments, pieces
from modelwire_openai.testing_batches import BatchApi

__all__ = ["ChatCompletionsWire", "ResponsesWire"]

_FINISH = {
    StopReason.STOP: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL_USE: "tool_calls",
}


class _OpenAIWire(SseWire):
    """The common part of both APIs."""

    def refusal(self, status: int, message: str) -> Any:  # noqa: ARG002 - the status says it
        """Write an error as all routes do."""
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}

    def models(self, ids: Sequence[str]) -> Any:
        """Write a list of models."""
        entries = [{"id": name, "object": "model", "created": 0, "owned_by": "kit"} for name in ids]
        return {"object": "list", "data": entries}

    def vectors(self, vectors: Sequence[Sequence[float]], usage: Usage) -> Any:
        """Write the embeddings of one request."""
        data = [
            {"object": "embedding", "index": place, "embedding": list(vector)}
            for place, vector in enumerate(vectors)
        ]
        counted = {"prompt_tokens": usage.input, "total_tokens": usage.input}
        return {"object": "list", "data": data, "model": "kit-embedder", "usage": counted}

    def settings(self, url: str, secret: str) -> dict[str, Any]:
        """Point the provider at the server."""
        return {"baseUrl": f"{url}/v1", "apiKey": secret}


class ChatCompletionsWire(_OpenAIWire):
    """Chat Completions, as a server of `openai-completions` streams it.

    Thinking is sent as `reasoning_content`, which OpenAI does not do and most other servers do.
    """

    def events(self, answer: ScriptedAnswer) -> Iterator[Any]:
        """Write an answer as chunks."""
        yield self._chunk(answer, {"role": "assistant", "content": ""})
        calls = 0
        for block in answer.content:
            match block:
                case Text():
                    for text in pieces(block.text):
                        yield self._chunk(answer, {"content": text})
                case Thinking():
                    for text in pieces(block.text):
                        yield self._chunk(answer, {"reasoning_content": text})
                case ToolCall():
                    for call in self._call(calls, block):
                        yield self._chunk(answer, {"tool_calls": [call]})
                    calls += 1
        yield self._chunk(answer, {}, finish=_FINISH[answer.stop_reason])
        usage = {**self._chunk(answer, {}), "choices": [], "usage": self._usage(answer.usage)}
        yield usage
        yield "[DONE]"

    def batch_service(self) -> BatchApi:
        """Make a service without any batches."""
        return BatchApi(self._whole)

    def _whole(self, answer: ScriptedAnswer) -> dict[str, Any]:
        texts = [block.text for block in answer.content if isinstance(block, Text)]
        message = {"role": "assistant", "content": "".join(texts), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": _FINISH[answer.stop_reason]}
        return {
            "id": answer.response_id,
            "object": "chat.completion",
            "created": 0,
            "model": answer.model,
            "choices": [choice],
            "usage": self._usage(answer.usage),
        }

    def failure(self, message: str) -> Any:
        """Write an error in mid-stream."""
        return {"error": {"message": message, "type": "server_error"}}

    def _chunk(
        self, answer: ScriptedAnswer, delta: dict[str, Any], *, finish: str | None = None
    ) -> dict[str, Any]:
        return {
            "id": answer.response_id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": answer.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }

    def _call(self, index: int, call: ToolCall) -> Iterator[dict[str, Any]]:
        function = {"name": call.name, "arguments": ""}
        yield {"index": index, "id": call.id, "type": "function", "function": function}
        for text in fragments(call):
            yield {"index": index, "function": {"arguments": text}}

    def _usage(self, usage: Usage) -> dict[str, Any]:
        prompt = usage.input + usage.cache_read + usage.cache_write
        return {
            "prompt_tokens": prompt,
            "completion_tokens": usage.output,
            "total_tokens": prompt + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        }


class ResponsesWire(_OpenAIWire):
    """The Responses API, as a server of `openai-responses` streams it."""

    def events(self, answer: ScriptedAnswer) -> Iterator[Any]:
        """Write an answer as named events."""
        response = {"id": answer.response_id, "model": answer.model}
        yield self._event("response.created", response={**response, "status": "in_progress"})
        output = []
        for index, block in enumerate(answer.content):
            item = self._item(index, block)
            output.append(item)
            yield self._event("response.output_item.added", output_index=index, item=_begun(item))
            yield from self._parts(index, item["id"], block)
            yield self._event("response.output_item.done", output_index=index, item=item)
        cut = answer.stop_reason is StopReason.LENGTH
        status = "incomplete" if cut else "completed"
        ended: dict[str, Any] = {**response, "status": status, "output": output}
        ended["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
        ended["usage"] = self._usage(answer.usage)
        yield self._event(f"response.{status}", response=ended)

    def batch_service(self) -> BatchApi:
        """Make a service without any batches."""

        def whole(answer: ScriptedAnswer) -> dict[str, Any]:
            (*_, (_, ended)) = self.events(answer)
            return {"object": "response", **ended["response"]}

        return BatchApi(whole)

    def failure(self, message: str) -> Any:
        """Write an error in mid-stream."""
        return self._event("error", code="server_error", message=message, param=None)

    def _event(self, name: str, **data: Any) -> tuple[str, dict[str, Any]]:
        return name, {"type": name, **data}

    def _item(self, index: int, block: Text | Thinking | ToolCall) -> dict[str, Any]:
        match block:
            case Text():
                part = {"type": "output_text", "text": block.text, "annotations": []}
                return {
                    "id": f"msg_{index}",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [part],
                }
            case Thinking():
                return {
                    "id": f"rs_{index}",
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": block.text}],
                    "encrypted_content": block.signature,
                }
            case ToolCall():
                return {
                    "id": f"fc_{index}",
                    "type": "function_call",
                    "call_id": block.id,
                    "name": block.name,
                    "arguments": json.dumps(block.arguments, ensure_ascii=False),
                    "status": "completed",
                }

    def _parts(self, index: int, item_id: str, block: Text | Thinking | ToolCall) -> Iterator[Any]:
        place = {"output_index": index, "item_id": item_id}
        match block:
            case Text():
                name, more, texts = "output_text", {"content_index": 0}, pieces(block.text)
            case Thinking():
                name, more = "reasoning_summary_text", {"summary_index": 0}
                texts = pieces(block.text)
            case ToolCall():
                name, more, texts = "function_call_arguments", {}, fragments(block)
        for text in texts:
            yield self._event(f"response.{name}.delta", **place, **more, delta=text)

    def _usage(self, usage: Usage) -> dict[str, Any]:
        prompt = usage.input + usage.cache_read + usage.cache_write
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": usage.cache_read},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
            "total_tokens": prompt + usage.output,
        }


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    """An item at its beginning, without later content."""
    empty: dict[str, Any] = {"content": [], "summary": [], "arguments": ""}
    begun = {name: empty.get(name, value) for name, value in item.items()}
    return {**begun, "status": "in_progress"} if "status" in item else begun
