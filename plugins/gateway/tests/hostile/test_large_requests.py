"""Requests that are large, deep or expensive to read: answered within bounds, while others are served."""

import asyncio
import json
import time
import tracemalloc

import pytest
from gateway_server import KEY, MODEL, serving
from raw_http import exchange, head

CLAUDE = MODEL.partition("/")[2]
SAID = [{"role": "user", "content": "Hello"}]
DOORS = {
    "/v1/chat/completions": {"model": MODEL, "messages": SAID},
    "/v1/messages": {"model": MODEL, "messages": SAID, "max_tokens": 100},
    "/v1/responses": {"model": MODEL, "input": "Hello"},
    f"/model/{CLAUDE}/converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
}
MANY = 10_000


def nested(levels, inner):
    for _ in range(levels):
        inner = {"type": "object", "properties": {"a": inner}}
    return inner


SCHEMAS = {
    "a circle": {"type": "object", "properties": {"a": {"$ref": "#"}}},
    "a circle of itself": {"$ref": "#"},
    "a circle of definitions": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
    },
    "a hundred circles": {"allOf": [{"$ref": "#"}] * 100},
    "another host": {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/a"}}},
    "a file": {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
    "a slow pattern": {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "(a+)+$"}},
    },
    "a slow name": {"type": "object", "patternProperties": {"(a|a)*$": {"type": "string"}}},
    "no pattern": {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
    "a deep one": nested(40, {"type": "string"}),
    "a wide one": {
        "type": "object",
        "properties": {f"a{n}": {"type": "string"} for n in range(2000)},
    },
    "a type that is none": {"type": "object", "properties": {"a": {"type": 5}}},
    "values that are none": {"enum": [], "minimum": 1e300, "maxLength": -1},
}
SLOW = json.dumps({"a": "a" * 60 + "!", "a" * 40 + "!": "b"})


def with_tool(path, schema):
    """A request with a tool of this schema, in the words of an API."""
    tool = {
        "/v1/chat/completions": {
            "type": "function",
            "function": {"name": "t", "parameters": schema},
        },
        "/v1/messages": {"name": "t", "input_schema": schema},
        "/v1/responses": {"type": "function", "name": "t", "parameters": schema},
    }.get(path, {"toolSpec": {"name": "t", "inputSchema": {"json": schema}}})
    if path.startswith("/model"):
        return {**DOORS[path], "toolConfig": {"tools": [tool]}}
    return {**DOORS[path], "tools": [tool]}


def with_answer(path, schema):
    """A request for an answer of this schema."""
    form = {"type": "json_schema", "name": "a", "schema": schema}
    return {
        "/v1/chat/completions": {"response_format": {"type": "json_schema", "json_schema": form}},
        "/v1/messages": {"output_config": {"format": form}},
        "/v1/responses": {"text": {"format": form}},
    }.get(
        path,
        {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(schema), "name": "a"}}}}},
    ) | DOORS[path]  # fmt: skip


@pytest.mark.may_block("a large schema is checked and rewritten in one piece")
@pytest.mark.parametrize("path", DOORS)
async def test_a_schema_is_passed_on_or_refused_at_once(gateway, emulator, path):
    for name, schema in SCHEMAS.items():
        for make in (with_tool, with_answer):
            emulator.answer(SLOW)
            began = time.process_time()
            status, _, body = await gateway.post(path, make(path, schema))
            assert status in (200, 400), (name, body)
            assert time.process_time() - began < 10, name
            assert "root:" not in json.dumps(body)


def repeated(path):
    """Requests with very many parts, in the words of an API."""
    tools = with_tool(path, {"type": "object"})
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    if path.startswith("/model"):
        yield {"messages": DOORS[path]["messages"] * MANY}
        yield {**tools, "toolConfig": {"tools": tools["toolConfig"]["tools"] * MANY}}
        return
    yield {**tools, "tools": tools["tools"] * MANY}
    if path == "/v1/responses":
        yield {**DOORS[path], "input": SAID * MANY}
        return
    yield {**DOORS[path], "messages": SAID * MANY}
    if path == "/v1/chat/completions":
        yield {**DOORS[path], "messages": [{"role": "user", "content": [image] * MANY}]}
        yield {**DOORS[path], "stop": ["a"] * MANY}
        yield {**DOORS[path], **{f"field_{n}": n for n in range(MANY)}}


@pytest.mark.extensive("it reads and writes ten thousand parts")
@pytest.mark.may_block("the parts of one conversation are checked and written together")
@pytest.mark.parametrize("path", DOORS)
async def test_ten_thousand_parts_are_answered_and_others_meanwhile(gateway, path):
    for body in repeated(path):
        data = json.dumps(body).encode()
        began = time.process_time()
        asking = asyncio.create_task(
            exchange(gateway.url, head("POST", path, f"Content-Length: {len(data)}") + data)
        )
        others = 0
        while not asking.done():
            answer = await exchange(gateway.url, head("GET", "/healthz"))
            assert answer.status == 200
            others += 1
            await asyncio.sleep(0.1)
        answer = await asking
        assert answer.status in (200, 400), answer.body[:500]
        assert others
        assert time.process_time() - began < 60
        assert len(answer.body) < 3 * len(data) + 10_000


async def test_a_body_of_the_largest_size_takes_a_small_multiple_of_it(emulator, tmp_path):
    size = 2 * 1024 * 1024
    async with serving(emulator, tmp_path) as gateway:
        for start, end in ((b'{"model": "', b'"}'), (b'{"model": "a", "b": [', b"0]}"), (b"", b"")):
            filling = b"0," * (size // 2) if b"[" in start else b"a" * size
            data = start + filling + end
            sent = head("POST", "/v1/messages", f"Content-Length: {len(data)}") + data
            tracemalloc.start()
            answer = await exchange(gateway.url, sent)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert answer.status in (400, 404)
            assert len(answer.body) < 10_000
            assert peak < 12 * size


BYTES = {
    "a number without end": b'{"model": "a", "max_tokens": ' + b"9" * 1_000_000 + b"}",
    "a number that is too large": b'{"model": "a", "max_tokens": 1e999}',
    "no number": b'{"model": "a", "max_tokens": NaN}',
    "infinity": b'{"model": "a", "temperature": Infinity}',
    "bad UTF-8": b'{"model": "\xff\xfe"}',
    "a surrogate in UTF-8": b'{"model": "\xed\xa0\x80"}',
    "half a pair of surrogates": b'{"model": "\\ud800"}',
    "UTF-16": '{"model": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"model": "a"}',
    "NUL": b'{"model": "a"}\x00',
    "two documents": b'{"model": "a"}{"model": "b"}',
    "a comment": b'{"model": "a" /* b */}',
    "deep lists": b'{"model": "a", "messages": ' + b"[" * 2_000_000,
    "deep objects": b'{"a":' * 500_000,
}


async def test_what_is_no_json_is_refused(gateway):
    for name, data in BYTES.items():
        for path in DOORS:
            sent = head("POST", path, f"Content-Length: {len(data)}") + data
            answer = await exchange(gateway.url, sent)
            assert answer.status == 400, (name, answer.body[:500])
            assert len(answer.body) < 2000
            assert KEY.encode() not in answer.body


async def test_the_last_of_repeated_fields_counts(gateway):
    """For the check of the caller's models and for the call alike: the object is read once."""
    for path in list(DOORS)[:3]:
        data = b'{"model": "default", "messages": [], "model": "nosuch/model"}'
        status, _, _ = await gateway.post(path, data)
        assert status == 404
        assert (await gateway.record()).name == "nosuch/model"
