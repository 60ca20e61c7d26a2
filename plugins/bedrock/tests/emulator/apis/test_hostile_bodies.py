"""Bodies with values of wrong kinds at every place: refused, or answered, and never a bug."""

import copy
import json

import pytest
import urllib3
from bedrock_apis import PLACES

from modelwire_bedrock.emulator import Emulator

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PNG = "data:image/png;base64,aGVsbG8="
PDF = "data:application/pdf;base64,aGVsbG8="
FUNCTION = {"name": "look", "description": "d", "parameters": SCHEMA}
CHAT_CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
BODIES = {
    "chat": {
        "messages": [
            {"role": "system", "content": "x"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
            {"role": "assistant", "content": "a", "tool_calls": [CHAT_CALL]},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
        "stream_options": {"include_usage": True},
        "stop": ["x"],
        "reasoning_effort": "low",
        "max_completion_tokens": 50,
        "stream": True,
    },
    "responses": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Hello"},
                    {"type": "input_image", "image_url": PNG},
                    {"type": "input_file", "filename": "a", "file_data": PDF},
                ],
            },
            {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "t"}]},
            {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ],
        "instructions": "x",
        "tools": [{"type": "function", **FUNCTION}],
        "tool_choice": {"type": "function", "name": "look"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}},
        "previous_response_id": None,
        "max_output_tokens": 50,
        "stream": True,
        "store": True,
    },
    "messages": {
        "max_tokens": 3000,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "c", "name": "look", "input": {}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c", "content": "r"}],
            },
        ],
        "tools": [{"name": "look", "description": "d", "input_schema": SCHEMA}],
        "tool_choice": {"type": "tool", "name": "look"},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
        "stop_sequences": ["x"],
        "stream": True,
    },
}
VALUES = (None, 5, True, "x", [], [[]], ["x"], {"a": 1})


def places_in(value, path=()):
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places_in(item, (*path, key))


def changed(value, path, new):
    if not path:
        return new
    value = copy.deepcopy(value)
    inside = value
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = new
    return value


@pytest.mark.parametrize("name", BODIES)
def test_a_value_of_a_wrong_kind_is_never_a_bug_of_the_emulator(name):
    place = PLACES[name]
    body = {"model": place.model, **BODIES[name]}
    with Emulator() as emulator, urllib3.PoolManager() as pool:

        def status(request):
            data = json.dumps(request)
            return pool.request("POST", place.url(emulator), body=data, retries=False).status

        assert status(body) == 200
        found = {
            (path, repr(value)): status(changed(body, path, value))
            for path in places_in(body)
            for value in VALUES
        }
    assert {place: code for place, code in found.items() if code not in (200, 400, 404)} == {}
    assert 400 in found.values()
