"""Chat completions as bodies: gpt-oss and other models of open weights."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.invoke.body import (
    BodyFormat,
    counts,
    inference,
    malformed,
    member,
    read_base64,
)

__all__ = ["CHAT", "read_chat", "read_media"]

_STOP = {"max_tokens": "length", "tool_use": "tool_calls"}


def read_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read a request of Chat Completions as the parameters of Converse.

    Raises:
        Refusal: It is not one.
    """
    limit = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
    names = {"maxTokens": limit, "temperature": "temperature", "topP": "top_p"}
    names["stopSequences"] = "stop"
    if isinstance(body.get("stop"), str):
        body = {**body, "stop": [body["stop"]]}
    system: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    for message in member(body, "messages", list):
        role = member(message, "role", str)
        if role in ("system", "developer"):
            system += _texts(message.get("content"))
        else:
            messages.append(_message(role, message))
    parameters: dict[str, Any] = {"messages": messages, "inferenceConfig": inference(body, names)}
    form = member(body, "response_format", dict, {})
    if form.get("type") == "json_schema":
        schema = member(member(form, "json_schema", dict), "schema", dict)
        parameters["outputConfig"] = {"textFormat": {"schema": schema}}
    elif form.get("type") == "json_object":
        parameters["jsonMode"] = True
    if system:
        parameters["system"] = system
    if body.get("tools"):
        parameters["toolConfig"] = _tools(body)
    if body.get("reasoning_effort") is not None:
        effort = {"reasoning_effort": body["reasoning_effort"]}
        parameters["additionalModelRequestFields"] = effort
    return parameters


def _message(role: str, message: Mapping[str, Any]) -> dict[str, Any]:
    if role == "tool":
        result = {"toolUseId": member(message, "tool_call_id", str)}
        content = _texts(message.get("content"))
        return {"role": "user", "content": [{"toolResult": {**result, "content": content}}]}
    calls = [{"toolUse": _call(call)} for call in member(message, "tool_calls", list, [])]
    content = _texts(message.get("content")) if message.get("content") else []
    return {"role": role, "content": [*content, *calls]}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = member(call, "function", dict)
    try:
        arguments = parse_json(member(function, "arguments", str, "{}"))
    except ValueError:
        raise malformed("tool_calls: arguments are not JSON") from None
    name = member(function, "name", str)
    return {"toolUseId": member(call, "id", str), "name": name, "input": arguments}


def _texts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    if not isinstance(content, list):
        raise malformed("#/messages: content is missing")
    return [_part(part) for part in content]


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, Mapping) and part.get("type") == "image_url":
        return {"image": read_media(member(member(part, "image_url", dict), "url", str))}
    return {"text": member(part, "text", str)}


def read_media(url: str) -> dict[str, Any]:
    """A picture or document that is given as a data URL, as Converse has it.

    Raises:
        Refusal: It is not a data URL; web addresses are not fetched.
    """
    head, separator, data = url.partition(";base64,")
    if not head.startswith("data:") or not separator:
        raise malformed("#: the emulator reads data URLs alone")
    form = head.rpartition("/")[2]
    return {"format": {"jpg": "jpeg", "plain": "txt"}.get(form, form), "source": {"bytes": read_base64(data)}}  # fmt: skip


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools = []
    for tool in member(body, "tools", list):
        function = member(tool, "function", dict)
        schema = member(function, "parameters", dict, {"type": "object"})
        spec = {"name": member(function, "name", str), "inputSchema": {"json": schema}}
        if function.get("strict") is not None:
            spec["strict"] = function["strict"]
        tools.append({"toolSpec": spec})
    config: dict[str, Any] = {"tools": tools}
    choice = body.get("tool_choice")
    if choice in ("auto", "none", "required"):
        config["toolChoice"] = {{"required": "any"}.get(choice, choice): {}}
    elif isinstance(choice, Mapping):
        name = member(member(choice, "function", dict), "name", str)
        config["toolChoice"] = {"tool": {"name": name}}
    return config


def _head(model: str, kind: str) -> dict[str, Any]:
    id_ = f"chatcmpl-{uuid.uuid4().hex[:24]}"
    return {"id": id_, "object": kind, "created": int(time.time()), "model": model}


def _usage(usage: Mapping[str, Any]) -> dict[str, int]:
    read, written = counts(usage)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _write(model: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    content = answer["output"]["message"]["content"]
    text = "".join(_spoken(content))
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    calls = [block["toolUse"] for block in content if "toolUse" in block]
    if calls:
        message["tool_calls"] = [
            {
                "id": call["toolUseId"],
                "type": "function",
                "function": {"name": call["name"], "arguments": json.dumps(call["input"])},
            }
            for call in calls
        ]
    reason = _STOP.get(answer["stopReason"], "stop")
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"usage": _usage(answer["usage"])}
    return {**_head(model, "chat.completion"), "choices": [choice], **usage}


def _spoken(content: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The text, with the thinking before it in tags, as gpt-oss writes it."""
    for block in content:
        if "text" in block:
            yield block["text"]
        text = block.get("reasoningContent", {}).get("reasoningText")
        if text is not None:
            yield f"<reasoning>{text['text']}</reasoning>"


class _Chunks:
    def __init__(self, model: str) -> None:
        self._head = _head(model, "chat.completion.chunk")
        self._calls = -1

    def feed(self, name: str, payload: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        if name == "messageStart":
            return [self._chunk({"role": "assistant", "content": ""})]
        if name == "contentBlockStart":
            self._calls += 1
            call = payload["start"]["toolUse"]
            function = {"name": call["name"], "arguments": ""}
            start = {"id": call["toolUseId"], "type": "function", "function": function}
            return [self._chunk({"tool_calls": [{"index": self._calls, **start}]})]
        if name == "contentBlockDelta":
            return self._delta(payload["delta"])
        if name == "messageStop":
            return [self._chunk({}, _STOP.get(payload["stopReason"], "stop"))]
        if name == "metadata":
            return [{**self._head, "choices": [], "usage": _usage(payload["usage"])}]
        return []

    def _delta(self, delta: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "toolUse" in delta:
            function = {"arguments": delta["toolUse"]["input"]}
            return [self._chunk({"tool_calls": [{"index": self._calls, "function": function}]})]
        if "text" in delta.get("reasoningContent", {}):
            text = delta["reasoningContent"]["text"]
            return [self._chunk({"content": f"<reasoning>{text}</reasoning>"})]
        return [self._chunk({"content": delta["text"]})] if "text" in delta else []

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**self._head, "choices": [choice]}


CHAT = BodyFormat(
    "OpenAI gpt-oss and chat completions",
    (
        "openai.gpt-oss-*", "deepseek.v3*", "qwen.*", "moonshot*", "zai.*", "minimax.*", "google.*",
        "nvidia.*", "mistral.*", "ai21.jamba-1-5-*", "writer.*",
    ),
    read_chat,
    _write,
    _Chunks,
)  # fmt: skip
