"""Clients that leave, in every way: their place is free again, the provider's stream ends, usage is counted."""

import asyncio
import base64
import contextlib
import json
import socket
import struct

import pytest
from gateway_server import MODEL, serving
from raw_http import connection, exchange, head

from modelwire_bedrock.emulator import Answer, Fault, Pacing, Text
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

EMBEDDING = "amazon-bedrock/amazon.titan-embed-text-v2:0"
CLAUDE = MODEL.partition("/")[2]
SAID = [{"role": "user", "content": "Hello"}]
STREAMS = {
    "/v1/chat/completions": {"model": MODEL, "messages": SAID, "stream": True},
    "/v1/messages": {"model": MODEL, "messages": SAID, "max_tokens": 100, "stream": True},
    "/v1/responses": {"model": MODEL, "input": "Hello", "stream": True},
    f"/model/{CLAUDE}/converse-stream": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}]
    },
    f"/model/{CLAUDE}/invoke-with-response-stream": {
        "anthropic_version": "bedrock-2023-05-31", "messages": SAID, "max_tokens": 100,
    },
}  # fmt: skip
PIECE = "ab" * 10
ENDLESS = Answer(Text(PIECE * 300, (PIECE,) * 300), pacing=Pacing(between=0.1))
SILENT = Answer("Hi.", pacing=Pacing(between=30))
LATE = Answer("Hi.", pacing=Pacing(first=30))


CHUNK = base64.b64encode(b'{"type":"content_block_delta')[:-4]
"""How a piece of text begins in a frame of InvokeModel."""


async def until_text(reader, _):
    seen = b""
    while b'"ab' not in seen and CHUNK not in seen:
        seen += await reader.read(1000)


async def until_it_is_called(_, step):
    # A request that is left before its step is taken would leave the step to the next request.
    while not step.used:
        await asyncio.sleep(0.01)


async def until_keep_alives(reader, step):
    await until_it_is_called(reader, step)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await reader.read(-1)


def closing(writer):
    writer.close()


def half_closing(writer):
    writer.write_eof()


def resetting(writer):
    made = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


LEAVING = {
    "close within the text": (ENDLESS, until_text, closing),
    "reset within the text": (ENDLESS, until_text, resetting),
    "half close within the text": (ENDLESS, until_text, half_closing),
    "close before the first byte": (LATE, until_it_is_called, closing),
    "reset before the first byte": (LATE, until_it_is_called, resetting),
    "close between keep-alives": (SILENT, until_keep_alives, closing),
}


@contextlib.asynccontextmanager
async def one_at_a_time(emulator, tmp_path):
    """A gateway, and a key that allows one request at a time."""
    storage = StorageSettings(database=str(tmp_path / "gateway.db"), database_timeout_seconds=60)
    async with open_database(storage) as engine:
        wanted = Key("", "one", "", limits=Limits(concurrency=1, budget_day=100))
        _, text = await Keys(engine).create(wanted)
    settings = Settings(storage=storage, keep_alive_seconds=0.05)
    async with (
        open_access(storage) as opened,
        serving(emulator, tmp_path, settings=settings, access=opened.control) as gateway,
    ):
        gateway.key = text.reveal()
        yield gateway, opened


def post(gateway, path):
    body = json.dumps(STREAMS[path]).encode()
    return head("POST", path, f"Content-Length: {len(body)}", key=gateway.key) + body


async def free_again(gateway, emulator, path):
    """Wait until the key may call again."""
    emulator.answer("Hi.")
    async with asyncio.timeout(100):
        while True:
            async with gateway.session.post(
                gateway.url + path, json=STREAMS[path], headers=gateway.headers()
            ) as answer:
                await answer.read()
            if answer.status != 429:
                break
            await asyncio.sleep(0.05)
        assert answer.status == 200
        while not gateway.records or gateway.records[-1].status != 200:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", STREAMS)
async def test_a_place_is_free_after_each_way_to_leave(emulator, tmp_path, path):
    async with one_at_a_time(emulator, tmp_path) as (gateway, opened):
        for name, (answer, moment, leave) in LEAVING.items():
            if name == "close between keep-alives" and path.endswith("/converse-stream"):
                continue  # it has none
            emulator.requests.clear()
            gateway.records.clear()
            step = emulator.answer(answer)
            async with connection(gateway.url) as (reader, writer):
                writer.write(post(gateway, path))
                async with asyncio.timeout(100):
                    await moment(reader, step)
                busy = await exchange(gateway.url, post(gateway, path))
                assert busy.status == 429, name
                leave(writer)
                async with asyncio.timeout(100):
                    while len(gateway.records) < 2:
                        await asyncio.sleep(0.01)
            record = next(each for each in gateway.records if each.status != 429)
            assert (record.status, record.failure) == (499, "left"), (name, gateway.records)
            assert record.usage.input > 0, name
            assert (record.usage.output > 0) is (moment is until_text), name
            assert record.cost > 0, name
            assert await asyncio.to_thread(emulator.requests[0].wait, 10), name
            assert emulator.requests[0].end == "client_left", name
            await free_again(gateway, emulator, path)
        assert await opened.usage.try_flush()
        rows = await opened.usage.rows(since="2000-01-01")
        assert sum(row.requests for row in rows) >= 2 * len(LEAVING) - 2


BROKEN = {
    "no JSON": b"{",
    "no model": b"{}",
    "no request": json.dumps({"model": MODEL}).encode(),
    "no model of this name": b'{"model": "nosuch/model"}',
}


async def test_a_request_that_is_refused_holds_no_place(emulator, tmp_path):
    async with one_at_a_time(emulator, tmp_path) as (gateway, _):
        for path, whole in STREAMS.items():
            for name, body in BROKEN.items():
                if path.startswith("/model/") and "model" in name:
                    continue
                status, _, _ = await gateway.post(path, body)
                assert status in (400, 404), (path, name)
            emulator.answer(fault=Fault.error("InternalServerException"))
            async with gateway.session.post(
                gateway.url + path, json=whole, headers=gateway.headers()
            ) as answer:
                await answer.read()
            await free_again(gateway, emulator, path)


async def test_a_body_that_is_left_in_the_middle_holds_no_place(emulator, tmp_path):
    async with one_at_a_time(emulator, tmp_path) as (gateway, _):
        for path in STREAMS:
            for leave in (closing, half_closing, resetting):
                gateway.records.clear()
                async with connection(gateway.url) as (_, writer):
                    writer.write(post(gateway, path)[:-5])
                    await writer.drain()
                    while not gateway.records:
                        leave(writer)
                        await asyncio.sleep(0.05)
                assert gateway.records[0].status == 499
            await free_again(gateway, emulator, path)


async def test_texts_that_are_sent_are_counted_though_their_vectors_are_not_waited_for(
    emulator, tmp_path
):
    body = json.dumps({"model": EMBEDDING, "input": "Hello" * 100}).encode()
    data = head("POST", "/v1/embeddings", f"Content-Length: {len(body)}", key="{}") + body
    async with one_at_a_time(emulator, tmp_path) as (gateway, opened):
        step = emulator.answer(fault=Fault("stall"))
        async with connection(gateway.url) as (reader, writer):
            writer.write(data.replace(b"{}", gateway.key.encode(), 1))
            await until_it_is_called(reader, step)
        record = await gateway.record()
        assert (record.status, record.failure) == (499, "left")
        assert record.usage.input > 100
        assert await opened.usage.try_flush()
        (row,) = await opened.usage.rows(since="2000-01-01")
        assert (row.model, row.requests) == (EMBEDDING, 1)


async def test_who_leaves_at_once_invents_no_labels(emulator, tmp_path):
    body = json.dumps({"model": MODEL, "messages": SAID}).encode()
    async with serving(emulator, tmp_path) as gateway:
        step = emulator.answer(LATE)
        async with connection(gateway.url) as (reader, writer):
            writer.write(
                head("POST", "/v1/chat/completions", f"Content-Length: {len(body)}") + body
            )
            await until_it_is_called(reader, step)
        assert (await gateway.record()).failure == "left"
        async with gateway.session.get(gateway.url + "/metrics") as answer:
            text = await answer.text()
    assert CLAUDE not in text
    assert 'status="499"' in text
