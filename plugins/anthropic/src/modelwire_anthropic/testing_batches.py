"""A service of Message Batches in memory, for modelwire's conformance kit and for tests.

Its documents have the shapes of https://docs.claude.com/en/api/creating-message-batches, as of
November 2026.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.messages import StopReason, Text, ToolCall
from modelwire.testing import (
    BatchOutcome,
    BatchService,
    ReceivedRequest,
    Reply,
    ScriptedAnswer,
)

__all__ = ["MessageBatchService"]

_ROUTE = "/v1/messages/batches"
_COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")
_REASONS: Mapping[StopReason, str] = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_FAILED = {"expired": {"type": "expired"}, "cancelled": {"type": "canceled"}}


class MessageBatchService(BatchService):
    """Message Batches that end when a test says so.

    Attributes:
        jobs: The items of each job, as they were sent.
        requests: The requests that were answered.
        description: What is said about every job instead of its true state, if anything.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[ReceivedRequest] = []
        self.description: Any = None
        self._results: dict[str, Mapping[str, Any]] = {}
        self._cancelled: set[str] = set()

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """Answer a request about batches."""
        if not request.target.startswith(_ROUTE):
            return None
        self.requests.append(request)
        job_id, _, action = request.target.removeprefix(_ROUTE).strip("/").partition("/")
        if not job_id:
            return self._create(request)
        if job_id not in self.jobs:
            return _refusal(404, "not_found_error", f"There is no batch {job_id}.")
        if action == "results":
            return self._lines(job_id)
        if action == "cancel":
            self._cancelled.add(job_id)
        return _reply(self._describe(job_id))

    def sent_items(self, job_id: str) -> Mapping[str, Any]:
        """The parameters of each request of a job."""
        return {each["custom_id"]: each["params"] for each in self.jobs[job_id]}

    def finish(self, job_id: str, outcomes: Mapping[str, BatchOutcome]) -> None:
        """End a job."""
        self.finish_with(job_id, {name: _result(each) for name, each in outcomes.items()})

    def finish_with(self, job_id: str, results: Mapping[str, Any]) -> None:
        """End a job with results as the service writes them."""
        self._results[job_id] = results

    def _create(self, request: ReceivedRequest) -> Reply:
        items: list[dict[str, Any]] = request.data["requests"]
        if any("stream" in each["params"] for each in items):
            return _refusal(400, "invalid_request_error", "stream: not supported in batches")
        job_id = f"msgbatch_{len(self.jobs) + 1}"
        self.jobs[job_id] = items
        return _reply(self._describe(job_id))

    def _lines(self, job_id: str) -> Reply:
        results = self._results.get(job_id)
        if results is None:
            return _refusal(404, "not_found_error", "The batch has no results yet.")
        lines = [json.dumps({"custom_id": name, "result": each}) for name, each in results.items()]
        body = "".join(f"{line}\n" for line in lines).encode()
        return Reply([body], headers={"content-type": "application/x-jsonl"})

    def _describe(self, job_id: str) -> Any:
        if self.description is not None:
            return self.description
        results = self._results.get(job_id)
        kinds = Counter(each["type"] for each in (results or {}).values())
        kinds["processing"] = len(self.jobs[job_id]) - kinds.total()
        status = "canceling" if job_id in self._cancelled else "in_progress"
        return {
            "id": job_id,
            "type": "message_batch",
            "processing_status": status if results is None else "ended",
            "request_counts": {name: kinds[name] for name in _COUNTS},
            "created_at": "2026-11-01T00:00:00Z",
            "expires_at": "2026-11-02T00:00:00Z",
            "results_url": None if results is None else f"https://results.invalid/{job_id}",
        }


def _result(outcome: BatchOutcome) -> dict[str, Any]:
    if isinstance(outcome, ScriptedAnswer):
        return {"type": "succeeded", "message": _message(outcome)}
    if outcome == "refused":
        error = {"type": "invalid_request_error", "message": BatchService.REFUSAL}
        whole = {"type": "error", "error": error, "request_id": "req_7"}
        return {"type": "errored", "error": whole}
    return _FAILED[outcome]


def _message(answer: ScriptedAnswer) -> dict[str, Any]:
    used = answer.usage
    return {
        "id": answer.response_id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": _blocks(answer.content),
        "stop_reason": _REASONS[answer.stop_reason],
        "stop_sequence": None,
        "usage": {
            "input_tokens": used.input,
            "cache_read_input_tokens": used.cache_read,
            "cache_creation_input_tokens": used.cache_write,
            "output_tokens": used.output,
            "service_tier": "batch",
        },
    }


def _blocks(content: Sequence[Any]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for block in content:
        if isinstance(block, Text):
            blocks.append({"type": "text", "text": block.text})
        elif isinstance(block, ToolCall):
            arguments = dict(block.arguments)
            blocks.append(
                {"type": "tool_use", "id": block.id, "name": block.name, "input": arguments}
            )
    return blocks


def _reply(data: Any, status: int = 200) -> Reply:
    return Reply([json.dumps(data).encode()], status, {"content-type": "application/json"})


def _refusal(status: int, kind: str, message: str) -> Reply:
    return _reply({"type": "error", "error": {"type": kind, "message": message}}, status)
