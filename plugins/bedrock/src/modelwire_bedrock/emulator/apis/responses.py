"""Responses: requests of OpenAI's newer API, read as Converse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.invoke.body import inference, malformed, member
from modelwire_bedrock.emulator.invoke.chat import read_media

__all__ = ["read_responses"]

_INFERENCE = {"maxTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p"}
_TEXTS = ("input_text", "output_text", "text", "refusal")


def read_responses(body: Mapping[str, Any], before: Sequence[Any] = ()) -> dict[str, Any]:
    """Read a request as the parameters of Converse.

    Args:
        body: The request.
        before: The items of the stored responses that it continues.

    Raises:
        Refusal: It is not one.
    """
    input_ = member(body, "input", (str, list))
    member(body, "include", list, [])
    items = [{"role": "user", "content": input_}] if isinstance(input_, str) else input_
    system: list[dict[str, Any]] = []
    if body.get("instructions"):
        system.append({"text": member(body, "instructions", str)})
    messages: list[dict[str, Any]] = []
    for item in (*before, *items):
        role, blocks = _item(item)
        if role == "system":
            system += blocks
        elif messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": blocks})
    parameters: dict[str, Any] = {
        "messages": messages,
        "inferenceConfig": inference(body, _INFERENCE),
    }
    if system:
        parameters["system"] = system
    if body.get("tools"):
        parameters["toolConfig"] = _tools(body)
    form = member(member(body, "text", dict, {}), "format", dict, {})
    if form.get("type") == "json_schema":
        parameters["outputConfig"] = {"textFormat": {"schema": member(form, "schema", dict)}}
    elif form.get("type") == "json_object":
        parameters["jsonMode"] = True
    return parameters


def _item(item: Any) -> tuple[str, list[dict[str, Any]]]:
    kind = item.get("type", "message") if isinstance(item, Mapping) else None
    if kind == "message":
        role = member(item, "role", str)
        return "system" if role == "developer" else role, list(_parts(item.get("content")))
    if kind == "function_call":
        return "assistant", [{"toolUse": _call(item)}]
    if kind == "function_call_output":
        output = list(_parts(item.get("output")))
        return "user", [{"toolResult": {"toolUseId": member(item, "call_id", str), "content": output}}]  # fmt: skip
    if kind == "reasoning":
        return "assistant", list(_reasoning(item))
    raise malformed(f"#/input: the emulator does not know items of the type {kind!r}")


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    try:
        arguments = parse_json(member(item, "arguments", str) or "{}")
    except ValueError:
        raise malformed("#/input: arguments are not JSON") from None
    return {
        "toolUseId": member(item, "call_id", str),
        "name": member(item, "name", str),
        "input": arguments,
    }


def _parts(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"text": content}
        return
    if not isinstance(content, list):
        raise malformed("#/input: content is missing")
    for part in content:
        kind = member(part, "type", str)
        if kind in _TEXTS:
            yield {"text": member(part, "refusal" if kind == "refusal" else "text", str)}
        elif kind == "input_image":
            yield {"image": read_media(member(part, "image_url", str))}
        elif kind == "input_file":
            name = str(part.get("filename", "document"))
            yield {"document": {"name": name, **read_media(member(part, "file_data", str))}}
        else:
            raise malformed(f"#/input: the emulator does not know parts of the type {kind!r}")


def _reasoning(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    parts = [*member(item, "summary", list, []), *member(item, "content", list, [])]
    text = "".join(member(part, "text", str) for part in parts)
    if text:
        thought = {"text": text, "signature": item.get("encrypted_content") or ""}
        yield {"reasoningContent": {"reasoningText": thought}}


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools = []
    for tool in member(body, "tools", list):
        kind = member(tool, "type", str)
        if kind != "function":
            raise malformed(f"#/tools: the emulator has no tools of the type {kind!r}")
        schema = tool.get("parameters") or {"type": "object"}
        spec = {"name": member(tool, "name", str), "inputSchema": {"json": schema}}
        tools.append({"toolSpec": spec})
    config: dict[str, Any] = {"tools": tools}
    choice = body.get("tool_choice")
    if choice in ("auto", "required"):
        config["toolChoice"] = {"any" if choice == "required" else "auto": {}}
    elif isinstance(choice, Mapping) and choice.get("type") == "function":
        config["toolChoice"] = {"tool": {"name": member(choice, "name", str)}}
    return config
