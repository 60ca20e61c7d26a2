"""Whatever a context holds, its request is one that the service can accept."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    Image,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_bedrock.converse.request import build_request
from modelwire_bedrock.models.families import family_of

MODELS = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-sonnet-5",
    "anthropic.claude-v2",
    "us.amazon.nova-2-lite-v1:0",
    "us.amazon.nova-micro-v1:0",
    "amazon.titan-text-express-v1",
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "us.mistral.pixtral-large-2502-v1:0",
    "us.writer.palmyra-x4-v1:0",
    "qwen.qwen3-32b-v1:0",
    "openai.gpt-oss-120b-1:0",
    "acme.unheard-of-v1:0",
)
LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LEGAL_DOCUMENT = re.compile(r"(?! )(?:[a-zA-Z0-9_\-()\[\]]| (?! )){1,200}(?<! )")
FILES = ("document", "video", "audio")

# Every character, lone surrogates with them, and often nothing but white space.
characters = st.characters(exclude_categories=())
text = st.one_of(
    st.sampled_from(["", " ", "\n\t", "\ufeff", "\ud83d", "ok"]), st.text(characters, max_size=8)
)
ids = st.one_of(
    st.sampled_from(["a", "b", "", "call|1", "call.1", "x" * 70 + "1", "x" * 70 + "2"]),
    st.text(characters, max_size=5),
)
names = st.sampled_from(
    ["read", "browser.navigate", "browser_navigate", "", "n" * 80, "n" * 81, "\ud800"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
arguments = st.one_of(st.dictionaries(text, json_values, max_size=2), json_values)
images = st.builds(
    Image, st.binary(max_size=4), st.sampled_from(["image/png", "image/JPEG", "image/webp"])
)
file_names = st.one_of(
    st.sampled_from([None, "", "a.pdf", "A", "Document 1", "\u8cc7\u6599\u3000.md", "x" * 201]),
    st.text(characters, max_size=8),
)
files = st.builds(
    File,
    st.binary(max_size=4),
    st.sampled_from(["application/pdf", "text/plain; charset=utf-8", "video/mp4", "audio/wav"]),
    file_names,
)
signatures = st.sampled_from([None, "", "reasoning_content", "c2lnbmVk", "!"])
thoughts = st.builds(Thinking, text, signatures, st.booleans())
said = st.lists(st.builds(Text, text) | images | files, max_size=3)
users = st.builds(UserMessage, said)
results = st.builds(ToolResultMessage, ids, names, said, st.booleans())
calls = st.builds(ToolCall, ids, names, arguments)


def answers(model_id):
    return st.builds(
        AssistantMessage,
        st.lists(st.builds(Text, text) | thoughts | calls, max_size=4),
        st.sampled_from(["amazon-bedrock", "openai"]),
        st.sampled_from([model_id, "another"]),
        stop_reason=st.sampled_from(StopReason),
    )


tools = st.lists(
    st.builds(Tool, names, text, st.dictionaries(text, json_values, max_size=2)), max_size=3
)
options = st.builds(
    CompletionOptions,
    max_tokens=st.none() | st.integers(1, 40_000),
    temperature=st.none() | st.floats(-1, 3),
    top_p=st.none() | st.floats(0, 1),
    stop=st.lists(text, max_size=2).map(tuple),
    reasoning=st.sampled_from([None, "off", "minimal", "high", "max"]),
    tool_choice=st.sampled_from([None, ToolChoice("auto"), ToolChoice("any"), ToolChoice("none")]),
    cache_retention=st.sampled_from([None, "none", "short", "long"]),
    metadata=st.dictionaries(text, text, max_size=2),
    response_schema=st.none() | st.just({"type": "object", "properties": {"a": {"minimum": 1}}}),
)


@st.composite
def requests(draw):
    model_id = draw(st.sampled_from(MODELS))
    messages = draw(st.lists(st.one_of(users, answers(model_id), results), max_size=8))
    context = Context(messages, draw(st.none() | text), draw(tools))
    return Model("amazon-bedrock", model_id), context, draw(options)


def blocks_of(payload, kind):
    return [
        block[kind]
        for message in payload["messages"]
        for block in message["content"]
        if kind in block
    ]


@pytest.mark.extensive("it tries hundreds of generated conversations")
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_every_context_becomes_a_request_that_keeps_every_rule(validate, case):
    model, context, chosen = case
    before = repr(context)
    request = build_request(model, context, chosen)
    payload = request.payload
    assert repr(context) == before

    validate(payload)
    json.dumps(strip_blobs(payload)).encode("ascii")
    check_turns(payload, model)
    check_texts(payload)
    check_calls(payload)
    check_names(payload, request, context)
    check_cache_points(payload)
    check_files(payload, model)
    stripped = request.without_reasoning()
    validate(stripped.payload)
    check_turns(stripped.payload, model)
    assert not blocks_of(stripped.payload, "reasoningContent")


def strip_blobs(value):
    if isinstance(value, dict):
        return {key: strip_blobs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strip_blobs(item) for item in value]
    return "blob" if isinstance(value, bytes) else value


def check_turns(payload, model):
    family = family_of(model.id)
    roles = [message["role"] for message in payload["messages"]]
    assert roles
    assert all(before != after for before, after in itertools.pairwise(roles))
    assert all(message["content"] for message in payload["messages"])
    assert roles[0] == "user" or family.leading_assistant
    assert roles[-1] == "user" or family.prefill


def check_texts(payload):
    texts = [
        *blocks_of(payload, "text"),
        *(block["text"] for block in payload.get("system", ()) if "text" in block),
    ]
    for result in blocks_of(payload, "toolResult"):
        assert result["content"]
        texts += [part["text"] for part in result["content"] if "text" in part]
    for written in texts:
        assert written.strip()
        written.encode("utf-8")


def check_calls(payload):
    wanted = Counter()
    for message in payload["messages"]:
        answered = Counter(
            block["toolResult"]["toolUseId"]
            for block in message["content"]
            if "toolResult" in block
        )
        assert answered == wanted
        wanted = Counter(
            block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block
        )
    assert not wanted
    every = [use["toolUseId"] for use in blocks_of(payload, "toolUse")]
    assert len(every) == len(set(every))
    assert all(LEGAL.fullmatch(one) for one in every)
    assert all(isinstance(use["input"], dict) for use in blocks_of(payload, "toolUse"))
    assert "toolConfig" in payload or not every


def check_names(payload, request, context):
    specs = [
        tool["toolSpec"]["name"]
        for tool in payload.get("toolConfig", {}).get("tools", ())
        if "toolSpec" in tool
    ]
    assert len(specs) == len(set(specs))
    for name in [*specs, *(use["name"] for use in blocks_of(payload, "toolUse"))]:
        assert LEGAL.fullmatch(name)
    if specs:
        offered = {"answer"} if request.by_tool else {tool.name for tool in context.tools}
        assert {request.tool_names.get(name, name) for name in specs} == offered


def check_files(payload, model):
    family = family_of(model.id)
    documents = blocks_of(payload, "document")
    for message in payload["messages"]:
        kinds = {kind for block in message["content"] for kind in block}
        assert "document" not in kinds or "text" in kinds
        if "toolResult" in kinds and family.result_company != "anything":
            assert not kinds & set(FILES)
    for result in blocks_of(payload, "toolResult"):
        assert all(part.keys() <= {"text", "image", "document"} for part in result["content"])
        inside = [part["document"] for part in result["content"] if "document" in part]
        assert not inside or family.result_documents != "none"
        assert family.result_documents != "text" or all(one["format"] == "txt" for one in inside)
        documents += inside
    every = [document["name"] for document in documents]
    assert len(every) == len({name.casefold() for name in every})
    assert all(LEGAL_DOCUMENT.fullmatch(name) for name in every)
    if documents or blocks_of(payload, "video") or blocks_of(payload, "audio"):
        assert family.no_files < set(FILES)


def check_cache_points(payload):
    for message in payload["messages"]:
        for before, block in itertools.pairwise(message["content"]):
            assert "cachePoint" not in block or not before.keys() & set(FILES)
    points = blocks_of(payload, "cachePoint")
    points += [block for block in payload.get("system", ()) if "cachePoint" in block]
    tools = payload.get("toolConfig", {}).get("tools", ())
    points += [tool for tool in tools if "cachePoint" in tool]
    assert len(points) <= 4


def long_context(turns):
    messages = []
    for number in range(turns):
        call = ToolCall(f"call|{number % 7}", "browser.navigate", {"number": number})
        messages += [
            UserMessage(f"go on {number}"),
            AssistantMessage([Text("I look."), call], "openai", "gpt"),
            ToolResultMessage(call.id, call.name, "found"),
        ]
    return Context(messages, "You look.", [Tool("browser.navigate")])


def test_the_work_grows_with_the_history_and_not_faster():
    model = Model("amazon-bedrock", MODELS[0])

    def steps(turns):
        context = long_context(turns)
        count = 0

        def step(frame, event, argument):
            nonlocal count
            count += 1

        sys.setprofile(step)
        try:
            request = build_request(model, context, CompletionOptions())
        finally:
            sys.setprofile(None)
        assert len(request.payload["messages"]) == 2 * turns + 1
        return count

    steps(1)
    assert steps(400) < 4.5 * steps(100)


def test_the_same_context_gives_the_same_bytes():
    model = Model("amazon-bedrock", MODELS[0])
    first, second = (
        build_request(model, long_context(20), CompletionOptions()).payload for _ in range(2)
    )
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("grown", [1, 5])
def test_a_grown_history_begins_with_the_bytes_of_the_shorter(grown):
    model = Model("amazon-bedrock", MODELS[0])
    options = CompletionOptions(cache_retention="none")
    shorter = build_request(model, long_context(9), options).payload["messages"]
    longer = build_request(model, long_context(9 + grown), options).payload["messages"]
    # The last user turn of the shorter history goes on in the longer one.
    assert longer[: len(shorter) - 1] == shorter[:-1]
