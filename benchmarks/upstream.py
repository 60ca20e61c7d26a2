"""A fake provider behind gateways: Chat Completions, whole and streamed, with little CPU time.

    python benchmarks/upstream.py

The name of the model says how an answer comes: `burst` has its pieces at once, `paced-0.5` has one every
half a second on average, never in step with others. `GET /open` gives the connections that are open,
and the answers that are being sent. The address is printed once it listens.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import time
from collections.abc import Iterator
from random import Random

import sse

PIECES = 20
"""Pieces of text in an answer."""
TEXT = "".join(sse.pieces(PIECES))
LAST = sse.pieces(PIECES)[-1].encode()
"""The last piece."""

_STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_STREAMED = re.compile(rb'"stream"\s*:\s*true')
_PACED = re.compile(rb'"model"\s*:\s*"paced-([0-9.]+)"')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def _whole() -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1767225600,
            "model": "burst",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": TEXT, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": sse.CHAT_USAGE,
        }
    ).encode()
    return _WHOLE % (len(body), body)


_CHUNKS = sse.chat_chunks(PIECES, usage=True)
_BURST = _STREAM + b"".join(_CHUNKS)
_ANSWER = _whole()
_pace = Random(8)  # noqa: S311 - no secret


class Provider(asyncio.Protocol):
    """One connection."""

    connections = 0
    """Connections that are open."""
    running = 0
    """Paced answers that are being sent."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        Provider.connections += 1

    def connection_lost(self, _: Exception | None) -> None:
        """Stop answering."""
        Provider.connections -= 1
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer once a request is there."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        size = int(length[1]) if length else 0
        if len(self._received) < end + 4 + size:
            return
        request = bytes(self._received)
        self._received.clear()
        if request.startswith(b"GET /open "):
            open_now = [Provider.connections - 1, Provider.running]
            body = json.dumps(open_now).encode()
            self._transport.write(_WHOLE % (len(body), body))
        elif not _STREAMED.search(request, end):
            self._transport.write(_ANSWER)
        elif paced := _PACED.search(request, end):
            self._task = asyncio.ensure_future(self._paced(float(paced[1])))
        else:
            self._transport.write(_BURST)

    async def _paced(self, seconds: float) -> None:
        Provider.running += 1
        try:
            self._transport.write(_STREAM)
            for due, part in _schedule(seconds):
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self._transport.write(part)
        finally:
            Provider.running -= 1


def _schedule(seconds: float) -> Iterator[tuple[float, bytes]]:
    due = time.monotonic()
    for part in _CHUNKS:
        due += seconds * _pace.uniform(0.5, 1.5)
        yield due, part


async def main() -> None:
    """Listen until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0, backlog=4096)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
