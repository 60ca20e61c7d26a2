"""A server of server-sent events on a real socket, and everything that can go wrong with one.

It has the same faults as the Bedrock emulator, under the same names, so that one table can test the
same with every wire protocol. A frame is the bytes of one event.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal
from attrs import define, field

from modelwire.testing import listening
from modelwire_bedrock.emulator import Fault

_RESET = struct.pack("ii", 1, 0)
_HEAD = "HTTP/1.1 {} Whatever\r\nx-request-id: req-1\r\n{}\r\n\r\n"
_STREAM = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"


@define
class ReceivedRequest:
    """A request, and how it ended: `complete`, `refused`, `broken` by a fault, or `client_left`."""

    head: str
    body: Any
    end: str | None = None


def _failure(code):
    return {"error": {"message": "It failed.", "code": code}}


@define
class Play:
    """What one request gets: events, what goes wrong with it, and the seconds between two events.

    Attributes:
        failure: The JSON data that reports a failure with a code of the service.
    """

    frames: Sequence[bytes]
    fault: Fault | None = None
    pace: float = 0.0
    failure: Callable[[str | None], Any] = _failure


class _BrokenConnection(Exception):
    """The connection was broken on purpose."""


@define
class SseServer:
    """Gives each request the next of its plays; the last one stays.

    `with` runs it in a thread, so that no task of its own is in the event loop of the test.

    Args:
        choose: Chooses the play by the request's body, in place of the list.
    """

    plays: list[Play] = field(factory=list)
    choose: Callable[[Any], Play] | None = None
    requests: list[ReceivedRequest] = field(factory=list)
    connections: int = 0
    open_connections: int = 0
    url: str = ""
    _open: Any = None

    def __enter__(self):
        with ExitStack() as opening:
            portal = opening.enter_context(start_blocking_portal())
            self._at(opening.enter_context(portal.wrap_async_context_manager(self._listening())))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_):
        self._open.close()

    async def __aenter__(self):
        self._open = self._listening()
        self._at(await self._open.__aenter__())
        return self

    async def __aexit__(self, *_):
        await self._open.__aexit__(None, None, None)

    def _listening(self):
        return listening(self._serve, limit=1 << 20, backlog=4096)

    def _at(self, port):
        self.url = f"http://127.0.0.1:{port}/v1"

    async def _serve(self, reader, writer):
        self.connections += 1
        self.open_connections += 1
        try:
            early = b""
            while True:
                head = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                received = ReceivedRequest(head, await _body(reader, head))
                self.requests.append(received)
                early = await self._answer(received, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, _BrokenConnection):
            pass
        finally:
            self.open_connections -= 1
            writer.transport.abort()

    async def _answer(self, received, reader, writer):
        if self.choose is not None:
            play = self.choose(received.body)
        else:
            play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        # What comes while an answer is under way is the end of the connection; what comes with the
        # end of the answer may be the next request.
        leaving = asyncio.ensure_future(reader.read(1))
        sending = asyncio.ensure_future(_send(writer, play))
        try:
            await asyncio.wait((leaving, sending), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                received.end = "client_left"
                raise _BrokenConnection
            try:
                received.end = sending.result()
            except _BrokenConnection:
                received.end = "broken"
                raise
            except ConnectionError:
                received.end = "client_left"
                raise
            return leaving.result() if leaving.done() else b""
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)


async def _body(reader, head):
    lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    if not lengths:
        return None
    return json.loads(await reader.readexactly(int(lengths[0].partition(":")[2])))


async def _send(writer, play):
    fault = play.fault
    kind = None if fault is None else fault.kind
    if kind == "no_response":
        _reset(writer)
    if kind == "error":
        await _refuse(writer, play)
        return "refused"
    if kind == "slow_start":
        await asyncio.sleep(fault.seconds)
    writer.write(_HEAD.format(200, _STREAM).encode())
    await writer.drain()
    for at, frame in enumerate((*play.frames, b"")):
        data = frame
        if fault is not None and fault.interrupts and at == fault.after:
            data = await _strike(writer, play, frame)
            if data is None:
                break
        await _send_frame(writer, data, fault)
        if play.pace:
            await asyncio.sleep(play.pace)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return "complete"


async def _strike(writer, play, frame):
    """Let a fault strike in front of a frame; the frame to send in its place, or `None` to end."""
    fault = play.fault
    half = frame[: len(frame) // 2]
    match fault.kind:
        case "exception":
            await _chunk(writer, sse(play.failure(fault.code)))
            return None
        case "reset":
            _reset(writer)
        case "cut":
            await _chunk(writer, half)
            writer.transport.close()
            raise _BrokenConnection
        case "truncate":
            await _chunk(writer, half)
            return None
        case "corrupt":
            return frame.replace(b"{", b"[", 1)
        case "stall":
            await asyncio.Event().wait()
    return None  # the body ends here


async def _refuse(writer, play):
    fault = play.fault
    body = json.dumps(play.failure(fault.code or None)).encode()
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    if fault.retry_after is not None:
        fields += f"\r\nRetry-After: {fault.retry_after}"
    writer.write(_HEAD.format(fault.status, fields).encode() + body)
    await writer.drain()


async def _send_frame(writer, frame, fault):
    if fault is None or fault.kind != "dribble":
        await _chunk(writer, frame)
        return
    for at in range(0, len(frame), fault.size):
        await _chunk(writer, frame[at : at + fault.size])
        await asyncio.sleep(fault.seconds or 0)


async def _chunk(writer, data):
    if data:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()
        # One write, one packet: the reader shall see the events one by one.
        await asyncio.sleep(0)


def _reset(writer):
    # Without lingering the kernel sends RST in place of an orderly end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
    raise _BrokenConnection


def sse(payload: Any) -> bytes:
    """One event."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f"data: {text}\n\n".encode()
