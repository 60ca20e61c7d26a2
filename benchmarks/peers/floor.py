"""The floor: aiohttp reads the bytes, each event's checksum is verified and its text decoded.

No signature, no objects, no message, no deadlines: what nobody who reads this stream with aiohttp
can do without.
"""

from __future__ import annotations

import os
import ssl
import struct
from collections.abc import Callable
from zlib import crc32

import aiohttp
from msgspec import Struct
from msgspec.json import Decoder

from peers.question import MODEL

PACKAGES = ["aiohttp", "msgspec"]

_PRELUDE = struct.Struct(">III").unpack_from
_CRC = struct.Struct(">I").unpack_from
_DELTA = b"contentBlockDelta"
_READ_AHEAD = 32 * 1024  # with its own 256 KiB, aiohttp does more for each chunk


class Text(Struct, gc=False):
    text: str | None = None


class Event(Struct, rename="camel", gc=False):
    delta: Text


_SIGNED = {
    "Content-Type": "application/json",
    "User-Agent": "floor",
    "X-Amz-Date": "20260101T000000Z",
    "amz-sdk-invocation-id": "00000000-0000-4000-8000-000000000000",
    "amz-sdk-request": "attempt=1",
    "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/bedrock/"
    f"aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}",
}
_BODY = b'{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}'


async def connect(how: str = "") -> aiohttp.ClientSession:
    bundle = os.environ.get("AWS_CA_BUNDLE")
    tls = ssl.create_default_context(cafile=bundle)
    connector = aiohttp.TCPConnector(limit=0, ssl=tls)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(),
        auto_decompress=False,
        read_bufsize=_READ_AHEAD,
        headers=_SIGNED if how == "signed" else None,
    )


async def stream(session: aiohttp.ClientSession, arrived: Callable[[str], object]) -> None:
    url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/model/{MODEL}/converse-stream"
    decode = Decoder(Event).decode
    rest = b""
    async with session.post(url, data=_BODY) as response:
        while chunk := await response.content.readany():
            data = rest + chunk
            position, size = 0, len(data)
            while size - position >= 12:
                total, headers, _ = _PRELUDE(data, position)
                end = position + total
                if end > size:
                    break
                if crc32(data[position : end - 4]) != _CRC(data, end - 4)[0]:
                    raise ValueError
                start = position + 12 + headers
                if data.find(_DELTA, position, start) > 0:
                    text = decode(data[start : end - 4]).delta.text
                    if text is not None:
                        arrived(text)
                position = end
            rest = data[position:]
