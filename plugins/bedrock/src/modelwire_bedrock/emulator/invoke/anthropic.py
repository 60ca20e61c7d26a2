"""Anthropic's bodies: the Messages API, with its version in the body."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.errors import validation
from modelwire_bedrock.emulator.invoke.body import BodyFormat, inference, member, read_base64

__all__ = ["ANTHROPIC", "MessageChunks", "message_body", "read_messages"]

VERSIONS = ("bedrock-2023-05-31", "2026-10-21")
"""The versions of the body; the newer one is what the SDK of November 2026 sends."""

WRONG_VERSION = f"anthropic_version: Input should be '{VERSIONS[0]}'"
_INFERENCE = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop_sequences",
}
_ADDITIONAL = ("thinking", "top_k", "output_config", "anthropic_beta")
_STOP = {"guardrail_intervened": "end_turn", "content_filtered": "refusal"}


def _read(body: Mapping[str, Any]) -> dict[str, Any]:
    _require(body, "anthropic_version", str)
    if body["anthropic_version"] not in VERSIONS:
        raise validation(WRONG_VERSION)
    return {**read_messages(body), "anthropicVersion": body["anthropic_version"]}


def _require(body: Mapping[str, Any], name: str, kind: type) -> None:
    if body.get(name) is None:
        raise validation(f"{name}: Field required")
    member(body, name, kind)


def read_messages(body: Mapping[str, Any], *, counted: bool = False) -> dict[str, Any]:
    """Read a request of the Messages API as the parameters of Converse.

    Args:
        body: The request.
        counted: Whether its tokens are only counted, so that it names no limit.

    Raises:
        Refusal: It is not one.
    """
    if not counted:
        _require(body, "max_tokens", int)
    _require(body, "messages", list)
    parameters: dict[str, Any] = {
        "messages": [
            {"role": member(message, "role", str), "content": list(_blocks(message.get("content")))}
            for message in body["messages"]
        ],
        "inferenceConfig": inference(body, _INFERENCE),
    }
    if body.get("system"):
        parameters["system"] = list(_blocks(body["system"]))
    additional = {name: body[name] for name in _ADDITIONAL if body.get(name) is not None}
    output = additional.get("output_config")
    if isinstance(output, Mapping) and output.get("format"):
        parameters["outputConfig"] = {"textFormat": output["format"]}
    if additional:
        parameters["additionalModelRequestFields"] = additional
    if body.get("tools"):
        parameters["toolConfig"] = _tools(body)
    return parameters


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools: list[dict[str, Any]] = []
    for tool in member(body, "tools", list):
        spec = {
            "name": member(tool, "name", str),
            "inputSchema": {"json": member(tool, "input_schema", dict, {"type": "object"})},
        }
        if "description" in tool:
            spec["description"] = member(tool, "description", str)
        if tool.get("strict") is not None:
            spec["strict"] = tool["strict"]
        tools += [{"toolSpec": spec}, *_cache_point(tool)]
    choice = member(body, "tool_choice", dict, {})
    kind = choice.get("type")
    config: dict[str, Any] = {"tools": tools}
    if kind in ("auto", "any", "none"):
        config["toolChoice"] = {kind: {}}
    if kind == "tool":
        config["toolChoice"] = {"tool": {"name": member(choice, "name", str)}}
    return config


def _blocks(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"text": content}
        return
    if not isinstance(content, list):
        raise validation("messages.0.content: Input should be a valid list")
    for block in content:
        yield _block(block)
        yield from _cache_point(block)


def _cache_point(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    control = block.get("cache_control")
    if not isinstance(control, Mapping):
        return []
    ttl = {"ttl": control["ttl"]} if "ttl" in control else {}
    return [{"cachePoint": {"type": "default", **ttl}}]


def _block(block: Any) -> dict[str, Any]:
    kind = member(block, "type", str)
    if kind == "text":
        return {"text": member(block, "text", str)}
    if kind == "thinking":
        text = {"text": member(block, "thinking", str)}
        signature = member(block, "signature", str, "")
        return {"reasoningContent": {"reasoningText": {**text, "signature": signature}}}
    if kind == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": read_base64(member(block, "data", str))}}
    if kind in ("image", "document"):
        return {kind: _media(block, kind)}
    if kind == "tool_use":
        call = {"toolUseId": member(block, "id", str), "name": member(block, "name", str)}
        return {"toolUse": {**call, "input": member(block, "input", dict)}}
    if kind == "tool_result":
        content = list(_blocks(block.get("content") or []))
        result = {"toolUseId": member(block, "tool_use_id", str), "content": content}
        return {"toolResult": {**result, "status": "error"} if block.get("is_error") else result}
    raise validation(f"messages: Input tag '{kind}' found using 'type' does not match any tag")


def _media(block: Mapping[str, Any], kind: str) -> dict[str, Any]:
    source = member(block, "source", dict)
    form = str(source.get("media_type", "")).rpartition("/")[2]
    if source.get("type") == "text":
        data: dict[str, Any] = {"text": member(source, "data", str)}
    else:
        data = {"bytes": read_base64(member(source, "data", str))}
    media = {"format": {"plain": "txt"}.get(form, form), "source": data}
    return {**media, "name": "document"} if kind == "document" else media


def _written(block: Mapping[str, Any]) -> dict[str, Any]:
    if "toolUse" in block:
        call = block["toolUse"]
        return {"type": "tool_use", "id": call["toolUseId"], "name": call["name"], "input": call["input"]}  # fmt: skip
    if "citationsContent" in block:
        return {"type": "text", "text": block["citationsContent"]["content"][0]["text"]}
    if "reasoningContent" not in block:
        return {"type": "text", "text": block["text"]}
    reasoning = block["reasoningContent"]
    if "redactedContent" in reasoning:
        return {"type": "redacted_thinking", "data": reasoning["redactedContent"]}
    text = reasoning["reasoningText"]
    signature = text.get("signature", "")
    return {"type": "thinking", "thinking": text["text"], "signature": signature}


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "input_tokens": usage.get("inputTokens", 0),
        "cache_creation_input_tokens": usage.get("cacheWriteInputTokens", 0),
        "cache_read_input_tokens": usage.get("cacheReadInputTokens", 0),
        "output_tokens": usage.get("outputTokens", 0),
    }


def _message(model: str) -> dict[str, Any]:
    id_ = f"msg_bdrk_{uuid.uuid4().hex[:24]}"
    return {"id": id_, "type": "message", "role": "assistant", "model": model.partition(".")[2]}


def message_body(model: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The message of an answer, from the body of Converse."""
    content = [_written(block) for block in answer["output"]["message"]["content"]]
    stop = answer.get("stopReason")
    ended = {"stop_reason": _STOP.get(str(stop), stop), "stop_sequence": None}
    usage = {"usage": _usage(answer.get("usage", {}))}
    return {**_message(model), "content": content, **ended, **usage}


class MessageChunks:
    """The events of a stream of the Messages API."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._open: int | None = None
        self._stop = "end_turn"

    def feed(self, name: str, payload: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        """The events for one of ConverseStream."""
        if name == "contentBlockDelta":
            return self._delta(payload["contentBlockIndex"], payload["delta"])
        if name == "messageStop":
            self._stop = _STOP.get(payload["stopReason"], payload["stopReason"])
        writer = _WRITERS.get(name)
        return [] if writer is None else writer(self, payload)

    def begin(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The start of the message."""
        del payload
        message = {**_message(self._model), "usage": _usage({})}
        message |= {"content": [], "stop_reason": None, "stop_sequence": None}
        return [{"type": "message_start", "message": message}]

    def begin_call(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The start of a tool call."""
        call = payload["start"]["toolUse"]
        block = {"type": "tool_use", "id": call["toolUseId"], "name": call["name"], "input": {}}
        return [self._start(payload["contentBlockIndex"], block)]

    def end_block(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The end of a block."""
        self._open = None
        return [{"type": "content_block_stop", "index": payload["contentBlockIndex"]}]

    def end(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The end of the message."""
        ended = {"stop_reason": self._stop, "stop_sequence": None}
        usage = _usage(payload["usage"])
        return [
            {"type": "message_delta", "delta": ended, "usage": usage},
            {"type": "message_stop"},
        ]

    def _start(self, index: int, block: dict[str, Any]) -> dict[str, Any]:
        self._open = index
        return {"type": "content_block_start", "index": index, "content_block": block}

    def _delta(self, index: int, delta: Mapping[str, Any]) -> list[dict[str, Any]]:
        start: dict[str, Any] = {"type": "text", "text": ""}
        if "toolUse" in delta:
            change = {"type": "input_json_delta", "partial_json": delta["toolUse"]["input"]}
        elif "reasoningContent" in delta:
            reasoning = delta["reasoningContent"]
            if "redactedContent" in reasoning:
                data = {"type": "redacted_thinking", "data": reasoning["redactedContent"]}
                return [self._start(index, data)]
            start = {"type": "thinking", "thinking": "", "signature": ""}
            change = {"type": "thinking_delta", "thinking": reasoning.get("text", "")}
            if "signature" in reasoning:
                change = {"type": "signature_delta", "signature": reasoning["signature"]}
        else:
            change = {"type": "text_delta", "text": delta.get("text", "")}
        opening = [] if self._open == index else [self._start(index, start)]
        return [*opening, {"type": "content_block_delta", "index": index, "delta": change}]


_WRITERS: dict[str, Callable[[MessageChunks, Mapping[str, Any]], list[dict[str, Any]]]] = {
    "messageStart": MessageChunks.begin,
    "contentBlockStart": MessageChunks.begin_call,
    "contentBlockStop": MessageChunks.end_block,
    "metadata": MessageChunks.end,
}

ANTHROPIC = BodyFormat("Anthropic", ("anthropic.claude-*",), _read, message_body, MessageChunks)
