"""Converse requests as modelwire contexts, for a real model behind the emulated wire."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Image,
    Message,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_bedrock.emulator.calls import answer_schema

__all__ = ["context_of", "options_of"]


def context_of(parameters: Mapping[str, Any]) -> Context:
    """The conversation of a request."""
    names: dict[str, str] = {}
    messages = [
        part for message in parameters.get("messages", ()) for part in _messages(message, names)
    ]
    system = "\n\n".join(block["text"] for block in parameters.get("system", ()) if "text" in block)
    config = parameters.get("toolConfig", {})
    tools = [
        Tool(spec["name"], spec.get("description", ""), spec["inputSchema"].get("json", {}))
        for spec in (entry.get("toolSpec") for entry in config.get("tools", ()))
        if spec is not None
    ]
    return Context(messages, system or None, tools)


def options_of(parameters: Mapping[str, Any]) -> CompletionOptions:
    """The completion options of a request."""
    inference = parameters.get("inferenceConfig", {})
    choice = parameters.get("toolConfig", {}).get("toolChoice", {})
    own = parameters.get("additionalModelRequestFields")
    if isinstance(own, dict) and own.get("tool_choice") == {"type": "none"}:
        choice = {"none": {}}
    mode = next(iter(choice), None)
    name = choice["tool"]["name"] if mode == "tool" else None
    return CompletionOptions(
        max_tokens=inference.get("maxTokens"),
        temperature=inference.get("temperature"),
        top_p=inference.get("topP"),
        stop=tuple(inference.get("stopSequences", ())),
        response_schema=answer_schema(parameters),
        tool_choice=None if mode is None else ToolChoice(mode, name),
    )


def _messages(message: Mapping[str, Any], names: dict[str, str]) -> Iterator[Message]:
    if message["role"] == "assistant":
        content: list[Any] = [
            part for block in message["content"] if (part := _assistant_part(block))
        ]
        names |= {block.id: block.name for block in content if isinstance(block, ToolCall)}
        yield AssistantMessage(content, "amazon-bedrock", "emulated")
        return
    parts: list[Any] = []
    for block in message["content"]:
        if "toolResult" in block:
            yield _result(block["toolResult"], names)
        else:
            parts += _user_parts(block)
    if parts:
        yield UserMessage(parts)


def _assistant_part(block: Mapping[str, Any]) -> Text | Thinking | ToolCall | None:
    if "text" in block:
        return Text(block["text"])
    if "toolUse" in block:
        call = block["toolUse"]
        return ToolCall(call["toolUseId"], call["name"], call["input"])
    reasoning = block.get("reasoningContent", {})
    if "reasoningText" in reasoning:
        text = reasoning["reasoningText"]
        return Thinking(text["text"], text.get("signature"))
    if "redactedContent" in reasoning:
        return Thinking.from_redacted(reasoning["redactedContent"])
    return None


def _result(result: Mapping[str, Any], names: Mapping[str, str]) -> ToolResultMessage:
    id_ = result["toolUseId"]
    content: list[Any] = [part for block in result["content"] for part in _user_parts(block)]
    failed = result.get("status") == "error"
    return ToolResultMessage(id_, names.get(id_, "tool"), content, is_error=failed)


def _user_parts(block: Mapping[str, Any]) -> list[Text | Image]:
    if "text" in block:
        return [Text(block["text"])]
    if "json" in block:
        return [Text(json.dumps(block["json"], ensure_ascii=False))]
    if "image" in block and "bytes" in block["image"]["source"]:
        image = block["image"]
        return [Image(image["source"]["bytes"], f"image/{image['format']}")]
    if "document" in block:
        return [Text(_document_text(block["document"]))]
    return []


def _document_text(document: Mapping[str, Any]) -> str:
    source = document["source"]
    if "text" in source:
        text = source["text"]
    elif "bytes" in source:
        data = source["bytes"]
        text = data.decode() if _is_text(data) else base64.b64encode(data).decode()
    else:
        text = "\n".join(part.get("text", "") for part in source.get("content", ()))
    return f"[{document['name']}]\n{text}"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
