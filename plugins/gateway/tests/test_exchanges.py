"""Requests on connections of the gateway's own server, which are answered without the detours of ASGI."""

import asyncio
import json

import pytest
from gateway_server import MODEL, serving
from raw_http import answers, connection, head

from modelwire_bedrock.emulator import Answer, Fault, Text

POST = "/v1/messages"
LONG = "word " * 20_000


def asking(*fields, body=None, version=b"HTTP/1.1"):
    """A request of a message, as bytes."""
    given = {
        "model": MODEL,
        "max_tokens": 30_000,
        "messages": [{"role": "user", "content": "Hi"}],
        **(body or {}),
    }
    data = json.dumps(given).encode()
    start = head("POST", POST, f"Content-Length: {len(data)}", *fields)
    return start.replace(b"HTTP/1.1", version, 1) + data


def said(answer):
    return "".join(block["text"] for block in json.loads(answer.body)["content"])


async def test_requests_in_a_row_are_answered_in_order_and_each_once(emulator, gateway):
    for text in ("one", "two", "three"):
        emulator.answer(Answer(Text(text)))
    refused = asking(body={"max_tokens": "many"})
    async with connection(gateway.url) as (reader, writer):
        writer.write(asking() + refused + asking() + asking())
        found = await answers(reader, 4)
        assert [each.status for each in found] == [200, 400, 200, 200]
        assert [said(each) for each in found if each.status == 200] == ["one", "two", "three"]
        assert all(each.fields["content-type"] == "application/json" for each in found)
        assert all(each.fields["request-id"] and each.fields["date"] for each in found)
        writer.write(head("GET", "/healthz"))
        assert [each.status for each in await answers(reader)] == [200]


@pytest.mark.parametrize(
    ("fields", "version"), [((), b"HTTP/1.0"), (("Connection: close",), b"HTTP/1.1")]
)
async def test_a_connection_for_one_request_is_closed_after_it(emulator, gateway, fields, version):
    emulator.answer(Answer(Text("once")))
    async with connection(gateway.url) as (reader, writer):
        writer.write(asking(*fields, version=version))
        (answer,) = await answers(reader, 2)
        assert said(answer) == "once"
        assert answer.fields["connection"] == "close"


async def test_an_answer_that_is_long_comes_whole(emulator, gateway):
    emulator.answer(Answer(Text(LONG)))
    async with connection(gateway.url) as (reader, writer):
        writer.write(asking())
        (answer,) = await answers(reader)
        assert said(answer) == LONG


async def test_a_client_that_waits_to_send_its_body_gets_100_continue(emulator, gateway):
    emulator.answer(Answer(Text("went on")))
    start, _, body = asking("Expect: 100-continue").partition(b"\r\n\r\n")
    async with connection(gateway.url) as (reader, writer):
        writer.write(start + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        (answer,) = await answers(reader)
        assert said(answer) == "went on"


@pytest.mark.parametrize("behind", [b"", b"\0 no HTTP \r\n\r\n"])
async def test_a_client_that_leaves_or_breaks_off_is_noticed(emulator, tmp_path, behind):
    emulator.answer(Answer(Text("a", ("a",))), fault=Fault("stall", after=1))
    async with serving(emulator, tmp_path) as gateway, connection(gateway.url) as (_, writer):
        writer.write(asking())
        while not emulator.requests:
            await asyncio.sleep(0.01)
        writer.write(behind)
        await writer.drain()
        writer.close()
        async with asyncio.timeout(60):
            record = await gateway.record()
        assert (record.status, record.failure) == (499, "left")
    assert await asyncio.to_thread(emulator.requests[0].wait, 10)
    assert emulator.requests[0].end == "client_left"
