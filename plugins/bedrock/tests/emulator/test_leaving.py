"""A client that leaves is no fault of the emulator: it is noted, and nothing is logged."""

import asyncio
import contextlib
import gc
import json
import logging
import socket
import ssl
import struct
import sys
import time
from urllib.parse import urlsplit

import pytest
import trustme

from modelwire_bedrock.emulator import Emulator, listener

NOVA = "us.amazon.nova-lite-v1:0"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}).encode()


def leave(plug):
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plug.close()  # with a reset, which on loopback is there at once


class Deserted:
    """A model whose client leaves when it begins to speak, so that the head meets a reset."""

    def __init__(self):
        self.plug = None

    async def events(self, _):
        leave(self.plug)
        yield "messageStart", {"role": "assistant"}
        yield "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}}
        yield "messageStop", {"stopReason": "end_turn"}


def ask(emulator, operation, sent=BODY):
    plug = socket.create_connection((emulator.host, emulator.port))
    head = (
        f"POST /model/{NOVA}/{operation} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}"
    )
    plug.sendall(f"{head}\r\n\r\n".encode() + sent)
    return plug


async def ended(emulator):
    while not emulator.requests or emulator.requests[-1].end is None:
        await asyncio.sleep(0.002)
    return emulator.requests[-1].end


@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
async def test_a_client_that_leaves_during_the_head_of_a_response_is_quiet(operation, caplog):
    model = Deserted()
    async with Emulator(model=model) as emulator:
        model.plug = ask(emulator, operation)
        assert await ended(emulator) == "client_left"
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_quiet(caplog):
    async with Emulator() as emulator:
        plug = ask(emulator, "converse", sent=BODY[:5])
        while not emulator._runtime.runner.server.connections:
            await asyncio.sleep(0.002)
        leave(plug)
        while emulator._runtime.runner.server.connections:
            await asyncio.sleep(0.002)
        assert emulator.requests == []
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


def test_a_connection_that_was_just_accepted_is_closed_with_the_emulator(monkeypatch):
    left = []
    monkeypatch.setattr(sys, "unraisablehook", lambda warning: left.append(warning.object))
    for _ in range(5):
        with Emulator() as emulator:
            address = ("127.0.0.1", urlsplit(emulator.url).port)
            plugs = [socket.create_connection(address) for _ in range(5)]
        for plug in plugs:
            plug.close()
    gc.collect()
    assert left == []


def test_a_connection_of_tls_whose_end_is_not_answered_does_not_disturb_the_stop():
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    with contextlib.ExitStack() as clients, Emulator(tls=context) as emulator:
        plug = socket.create_connection((emulator.host, emulator.port))
        clients.enter_context(trusting.wrap_socket(plug, server_hostname="127.0.0.1"))
        while not (peers := emulator._runtime.runner.server.connections):
            time.sleep(0.001)
        for peer in peers:
            emulator._loop.call_soon_threadsafe(peer.transport.close)


async def test_a_connection_of_tls_that_has_just_been_lost_does_not_disturb_the_stop(monkeypatch):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    async with Emulator(tls=context) as emulator:
        _, writer = await asyncio.open_connection(emulator.host, emulator.port, ssl=trusting)
        while not (peers := emulator._runtime.runner.server.connections):
            await asyncio.sleep(0.001)
        lost = []

        async def lose(_):
            monkeypatch.undo()
            for peer in peers:
                peer.transport.abort()
            # The connection is gone now; its protocol hears of it in the next turn of the loop.
            await asyncio.sleep(0)
            lost.extend(peer.transport.get_extra_info("socket") for peer in peers)

        monkeypatch.setattr(listener, "stop_accepting", lose)
    assert lost == [None]
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
