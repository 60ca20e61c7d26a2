"""The floor of the APIs with server-sent events: aiohttp reads, and each event's text is decoded.

As the floor of Converse, it signs nothing, makes no objects and no message, and has no deadlines.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import aiohttp
from msgspec import Struct
from msgspec.json import Decoder

PACKAGES = ["aiohttp", "msgspec"]

_READ_AHEAD = 32 * 1024
_PATHS = {"chat": "/chat/completions", "responses": "/responses", "messages": "/messages"}


class ChatDelta(Struct, gc=False):
    content: str | None = None


class Choice(Struct, gc=False):
    delta: ChatDelta


class Chunk(Struct, gc=False):
    choices: list[Choice]


class ResponseEvent(Struct, gc=False):
    delta: str = ""


class MessageDelta(Struct, gc=False):
    text: str = ""


class MessageEvent(Struct, gc=False):
    delta: MessageDelta


def _reader(api: str) -> tuple[bytes, Callable[[bytes], str | None]]:
    """What shows that an event has text, and what reads it."""
    if api == "chat":
        chunk = Decoder(Chunk).decode
        return b'"content"', lambda data: chunk(data).choices[0].delta.content
    if api == "responses":
        event = Decoder(ResponseEvent).decode
        return b"output_text.delta", lambda data: event(data).delta
    message = Decoder(MessageEvent).decode
    return b"text_delta", lambda data: message(data).delta.text


Client = tuple[aiohttp.ClientSession, str]


async def connect(api: str) -> Client:
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(), auto_decompress=False, read_bufsize=_READ_AHEAD
    )
    return session, api


async def stream(client: Client, arrived: Callable[[str], object]) -> None:
    session, api = client
    mark, read = _reader(api)
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] + _PATHS[api]
    rest = b""
    async with session.post(url, data=b"{}") as response:
        while data := await response.content.readany():
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                if mark in event:
                    text = read(event[event.index(b"{") :])
                    if text:
                        arrived(text)
