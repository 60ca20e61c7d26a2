"""The wires of event streams and of ConverseStream, for modelwire's conformance kit.

TestMine = provider_suite("my-bedrock", api="bedrock-converse-stream", wire=ConverseStreamWire())
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelwire.messages import StopReason, Text, Thinking, ToolCall, Usage
from modelwire.testing import (
    ReceivedRequest,
    Reply,
    ScriptedAnswer,
    Wire,
    fragments,
    pieces,
)
from modelwire_bedrock.served.frames import CONTENT_TYPE, frame

__all__ = ["ConverseStreamWire", "EventStreamWire"]

_STOP = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}

_ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


class EventStreamWire(Wire):
    """The binary event stream of AWS.

    An event is a pair of its name and JSON data. An exception in mid-stream is a pair of its name,
    with `!` before it, and JSON data.
    """

    content_type = CONTENT_TYPE
    request_id_header = "x-amzn-requestid"

    def encode(self, event: tuple[str, Any]) -> bytes:
        """Write an event as a frame."""
        name, data = event
        kind = "exception" if name.startswith("!") else "event"
        headers = {
            f":{kind}-type": name.removeprefix("!"),
            ":content-type": "application/json",
            ":message-type": kind,
        }
        return frame(headers, json.dumps(data, ensure_ascii=False).encode())

    def garbage(self) -> bytes:
        """A frame whose checksum does not hold."""
        whole = frame({":message-type": "event", ":event-type": "oops"}, b"{}")
        return whole[:-1] + bytes([whole[-1] ^ 0xFF])


class ConverseStreamWire(EventStreamWire):
    """Frames of ConverseStream, and the lists of the control plane."""

    def events(self, answer: ScriptedAnswer) -> Iterator[tuple[str, Any]]:
        """Write an answer as frames."""
        yield "messageStart", {"role": "assistant"}
        for index, block in enumerate(answer.content):
            if isinstance(block, ToolCall):
                start = {"toolUse": {"toolUseId": block.id, "name": block.name}}
                yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
            for delta in _deltas(block):
                yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
            yield "contentBlockStop", {"contentBlockIndex": index}
        yield "messageStop", {"stopReason": _STOP[answer.stop_reason]}
        yield "metadata", {"usage": _usage(answer.usage), "metrics": {"latencyMs": 1}}

    def failure(self, message: str) -> tuple[str, Any]:
        """Write an exception in mid-stream."""
        return "!internalServerException", {"message": message}

    def refusal(self, status: int, message: str) -> Any:  # noqa: ARG002 - the header has the kind
        """Write the body of an error."""
        return {"message": message}

    def refusal_headers(self, status: int) -> Mapping[str, str]:
        """Write the kind of an error."""
        return {"x-amzn-ErrorType": _ERRORS[status]}

    def vectors(self, vectors: Sequence[Sequence[float]], usage: Usage) -> Any:
        """Write the embeddings of one InvokeModel, as Cohere's models and Titan's do."""
        given = [list(vector) for vector in vectors]
        return {"embeddings": given, "embedding": given[0], "inputTextTokenCount": usage.input}

    def models(self, ids: Sequence[str]) -> Any:
        """Write the list of foundation models."""
        return {"modelSummaries": [_summary(model_id) for model_id in ids]}

    def aside(self, request: ReceivedRequest) -> Reply | None:
        """There are no inference profiles."""
        if re.match(r"/inference-profiles\b", request.target):
            body = b'{"inferenceProfileSummaries": []}'
            return Reply([body], headers={"Content-Type": "application/json"})
        return None

    def settings(self, url: str, secret: str) -> Mapping[str, Any]:  # noqa: ARG002 - see environ
        """The environment has all settings."""
        return {}

    def environ(self, url: str, secret: str) -> Mapping[str, str]:
        """AWS credentials, and the server for an endpoint."""
        return {
            "AWS_ENDPOINT_URL_BEDROCK": url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _deltas(block: Text | Thinking | ToolCall) -> Iterator[dict[str, Any]]:
    match block:
        case Text():
            for text in pieces(block.text):
                yield {"text": text}
        case Thinking():
            for text in pieces(block.text):
                yield {"reasoningContent": {"text": text}}
            if block.signature is not None:
                yield {"reasoningContent": {"signature": block.signature}}
        case ToolCall():
            for text in fragments(block):
                yield {"toolUse": {"input": text}}


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }


def _summary(model_id: str) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": model_id,
        "providerName": "Kit",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }
