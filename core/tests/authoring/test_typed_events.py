"""Typed events of a stream: which events are decoded to a type, and what becomes of the others."""

import json
from typing import Literal

import pytest
from msgspec.json import Decoder

from modelwire.authoring import (
    JsonApi,
    JsonEvent,
    OrdinaryEvent,
    TypedEvent,
    TypedEvents,
    stream_json,
)
from modelwire.errors import MalformedResponse, ProviderError
from modelwire.testing import Reply


class Text(OrdinaryEvent, kw_only=True):
    type: Literal["text"]
    text: str
    object: None = None


TYPED = TypedEvents(b'"text"', Decoder(Text).decode)
SAID = {"type": "text", "text": "Hello"}


@pytest.fixture
def read(server, transport, taken):
    """Serve a body and take its events, into a list that is there also when they fail."""

    async def run(body, arrived=None, typed=TYPED):
        server.script(Reply([body]))
        api = JsonApi("acme", {}, typed=typed)
        stream = stream_json(api, f"{server.url}/chat", {}, transport=transport)
        return (await taken(stream, arrived))[1:-1]

    return run


def sse(*payloads):
    return b"".join(
        b"data: %b\n\n" % (each if isinstance(each, bytes) else json.dumps(each).encode())
        for each in payloads
    )


async def test_an_event_of_the_type_is_decoded_to_it(read):
    (event,) = await read(sse(SAID))
    assert isinstance(event, TypedEvent)
    assert (event.name, event.typed.text, event.parsed()) == ("message", "Hello", SAID)


@pytest.mark.parametrize(
    "other",
    [
        {"type": "end", "reason": "text"},
        {"type": "text", "text": None},
        {"type": "text", "text": "\ud83d"},
        {"type": "text", "text": "Hello", "detail": {}},
    ],
)
async def test_any_other_event_is_json(read, other):
    assert await read(sse(other, SAID)) == [JsonEvent("message", other), *await read(sse(SAID))]


@pytest.mark.parametrize(
    "failure",
    [
        b'{"type": "text", "text": "Hello", "error": {"message": "no"}}',
        b'{"type": "text", "text": "Hello", "object": "error"}',
    ],
)
async def test_a_failure_is_reported_after_the_events_before_it(read, failure):
    arrived = []
    with pytest.raises(ProviderError):
        await read(sse(SAID, failure, SAID), arrived)
    assert len([event for event in arrived if isinstance(event, TypedEvent)]) == 1


async def test_an_event_named_error_is_a_failure(read):
    with pytest.raises(ProviderError):
        await read(b"event: error\n" + sse(SAID))


async def test_an_event_that_is_nested_too_deep_is_refused(read):
    deep = b'{"type": "text", "text": "Hello", "more": %b}' % (b"[" * 200 + b"]" * 200)
    with pytest.raises(MalformedResponse):
        await read(sse(deep))


async def test_what_is_not_utf_8_is_replaced(read):
    (text,) = await read(sse(b'{"type": "text", "text": "\xff"}'))
    assert text == JsonEvent("message", {"type": "text", "text": "\ufffd"})
    (other,) = await read(sse(b'{"type": "text", "text": "Hello", "more": "\xff"}'))
    data = other.data if isinstance(other, JsonEvent) else other.parsed()
    assert data == {**SAID, "more": "\ufffd"}


async def test_decoding_is_given_up_where_events_have_another_form(read):
    tried = []

    def decode(raw):
        tried.append(raw)
        return TYPED.decode(raw)

    events = [{"type": "text", "text": [number]} for number in range(100)]
    assert await read(sse(*events), typed=TypedEvents(TYPED.mark, decode)) == [
        JsonEvent("message", data) for data in events
    ]
    assert 0 < len(tried) < 50
