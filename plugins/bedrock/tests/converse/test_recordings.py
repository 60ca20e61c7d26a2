"""Requests that AWS answered are legal; ours say the same in the same shape."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from modelwire.errors import InvalidMessage
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    Image,
    MediaUrl,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_bedrock.converse.citations import read_citation
from modelwire_bedrock.converse.request import build_request
from modelwire_bedrock.models.families import family_of

FOLDER = Path(__file__).resolve().parents[5] / "shared" / "recordings" / "bedrock"
MEDIA_TYPES = {"txt": "text/plain", "pdf": "application/pdf", "mp4": "video/mp4"}


def recordings(status):
    if not FOLDER.is_dir():
        return []
    found = []
    for entry in json.loads((FOLDER / "INDEX.json").read_text()):
        if entry["status"] == status and entry["op"].startswith("converse"):
            found.append(entry["file"])
    return sorted(found)


@cache
def load(file):
    """The model's id and the request of a recording, blobs as bytes."""
    record = json.loads((FOLDER / file).read_text())
    model_id = unquote(re.search(r"/model/([^/]+)/", record["uri"])[1])
    return model_id, with_blobs(record["request"]["json"])


def with_blobs(value):
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item) if key in ("bytes", "redactedContent") else with_blobs(item)
            for key, item in value.items()
        }
    return [with_blobs(item) for item in value] if isinstance(value, list) else value


def kinds_in(body):
    for message in body["messages"]:
        for block in message["content"]:
            yield from block
            for part in block.get("toolResult", {}).get("content", ()):
                yield from part


def plainly(block):
    """The same block as we say it: files as bytes, formats as in the service's model."""
    [(kind, said)] = block.items()
    if kind == "toolResult":
        return {kind: {**said, "content": [plainly(part) for part in said["content"]]}}
    if kind not in ("document", "video"):
        return block
    source = said["source"]
    options = {key: said[key] for key in ("citations", "context") if key in said}
    if "s3Location" in source:
        return block
    text = source.get("text") or "".join(part["text"] for part in source.get("content", ()))
    written = {
        "format": said["format"].removeprefix("video/"),
        "source": {"bytes": source.get("bytes") or text.encode()},
    }
    return {kind: written | options | ({"name": said["name"]} if kind == "document" else {})}


def kept(blocks):
    """What we send of these blocks: cache points stand elsewhere, and blank text is left out."""
    return [
        plainly(block) for block in without_cache_points(blocks) if block.get("text", "x").strip()
    ]


def medium(block):
    [(kind, said)] = plainly(block).items()
    form = said["format"]
    about = (MEDIA_TYPES.get(form, f"image/{form}"), said.get("name"))
    source = said["source"]
    if "s3Location" in source:
        return MediaUrl(source["s3Location"]["uri"], *about)
    if kind == "image":
        return Image(source["bytes"], about[0])
    cited = said.get("citations", {}).get("enabled")
    return File(source["bytes"], *about, cited, said.get("context"))


def cited_text(said):
    deltas = [read_citation(0, citation) for citation in said["citations"]]
    text = "".join(part["text"] for part in said["content"])
    return Text(text, citations=[delta.citation for delta in deltas])


def thinking(said):
    if "redactedContent" in said:
        return Thinking.from_redacted(said["redactedContent"])
    return Thinking(said["reasoningText"]["text"], said["reasoningText"]["signature"])


def spoken(block, model_id):
    [(kind, said)] = block.items()
    if kind in ("image", "document", "video"):
        return medium(block)
    if kind == "toolUse":
        return ToolCall(said["toolUseId"], said["name"], said["input"])
    made = {"text": Text, "citationsContent": cited_text, "reasoningContent": thinking}
    return made[kind](said)


def context_of(model_id, body):
    messages, names = [], {}
    for message in body["messages"]:
        blocks = [block for block in message["content"] if "cachePoint" not in block]
        if message["role"] == "assistant":
            content = [spoken(block, model_id) for block in blocks]
            names |= {block.id: block.name for block in content if isinstance(block, ToolCall)}
            messages.append(AssistantMessage(content, "amazon-bedrock", model_id))
            continue
        said = []
        for block in blocks:
            if "toolResult" not in block:
                said.append(spoken(block, model_id))
                continue
            result = block["toolResult"]
            content = [spoken(part, model_id) for part in result["content"]]
            call = result["toolUseId"]
            failed = result.get("status") == "error"
            messages.append(ToolResultMessage(call, names[call], content, is_error=failed))
        if said:
            messages.append(UserMessage(said))
    tools = [
        Tool(spec["name"], spec.get("description", ""), spec["inputSchema"]["json"])
        for tool in body.get("toolConfig", {}).get("tools", ())
        if (spec := tool.get("toolSpec"))
    ]
    system = "\n".join(block["text"] for block in body.get("system", ()) if "text" in block)
    return Context(messages, system or None, tools)


def options_of(body):
    config = body.get("inferenceConfig", {})
    choice = body.get("toolConfig", {}).get("toolChoice", {})
    [mode] = choice or [None]
    params = {}
    if fields := body.get("additionalModelRequestFields"):
        params["additionalModelRequestFields"] = fields
    if "maxTokens" not in config:
        params["maxTokens"] = "auto"
    return CompletionOptions(
        max_tokens=config.get("maxTokens"),
        temperature=config.get("temperature"),
        top_p=config.get("topP"),
        stop=tuple(config.get("stopSequences", ())),
        tool_choice=ToolChoice(mode, choice[mode].get("name")) if mode else None,
        params=params,
    )


def without_cache_points(blocks):
    return [block for block in blocks if "cachePoint" not in block]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings of real traffic are not here")
class TestRecordings:
    @pytest.mark.parametrize("file", recordings(200))
    def test_what_aws_accepted_is_said_in_the_same_shape(self, file, validate):
        model_id, body = load(file)
        context = context_of(model_id, body)
        model = Model("amazon-bedrock", model_id)
        payload = build_request(model, context, options_of(body)).payload
        validate(payload)
        ours = [
            {"role": message["role"], "content": without_cache_points(message["content"])}
            for message in payload["messages"]
        ]
        theirs = [
            {"role": message["role"], "content": kept(message["content"])}
            for message in body["messages"]
        ]
        assert ours == theirs
        assert without_cache_points(payload.get("system", [])) == without_cache_points(
            body.get("system", [])
        )
        assert payload.get("inferenceConfig", {}) == body.get("inferenceConfig", {})
        fields = payload.get("additionalModelRequestFields", {})
        assert fields.items() >= body.get("additionalModelRequestFields", {}).items()
        choice = body.get("toolConfig", {}).get("toolChoice")
        assert payload.get("toolConfig", {}).get("toolChoice") == choice

    @pytest.mark.parametrize(
        "file", [file for file in recordings(200) if "cache" in file and FOLDER.is_dir()]
    )
    def test_cache_points_stand_where_aws_accepted_them(self, file):
        model_id, body = load(file)
        family = family_of(model_id)
        if any("cachePoint" in block for block in body.get("system", ())):
            assert "system" in family.cache
        if any("cachePoint" in tool for tool in body.get("toolConfig", {}).get("tools", ())):
            assert "tools" in family.cache
        if "cachePoint" in list(kinds_in(body)):
            assert "messages" in family.cache

    @pytest.mark.parametrize(
        "file",
        [file for file in recordings(200) if "followed_by_text" in file or "return_image" in file],
    )
    def test_the_turn_that_parts_results_from_text_is_put_there(self, file, validate):
        model_id, body = load(file)
        context = context_of(model_id, body)
        parted = [
            message
            for message in context.messages
            if not (isinstance(message, AssistantMessage) and message.text == ".")
        ]
        assert len(parted) < len(context.messages)
        context.messages = parted
        model = Model("amazon-bedrock", model_id)
        payload = build_request(model, context, CompletionOptions()).payload
        validate(payload)
        assert payload["messages"] == body["messages"]

    @pytest.mark.parametrize("file", recordings(400))
    def test_what_aws_refused_cannot_be_said(self, file):
        model_id, body = load(file)
        if model_id in {"us.does-not-exist-model-v1:0", "us.amazon.nova-micro-v1:O"}:
            return
        model = Model("amazon-bedrock", model_id)
        try:
            payload = build_request(model, context_of(model_id, body), options_of(body)).payload
        except InvalidMessage:
            return
        assert payload["messages"] != body["messages"]
