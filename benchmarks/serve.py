"""A server that says the same thing to everybody: an event stream, with little CPU time.

    python benchmarks/serve.py burst --events 5000 [--certificate PEM]

It runs in a process of its own, so that its work is nobody's. It judges nothing and signs nothing;
the emulator of modelwire-bedrock does that, at a price per event that would hide what is measured.
Every event is a chunk of the body, as AWS sends it. The address is printed once it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import resource
import ssl
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import sse
from modelwire_bedrock.emulator.frames import CONTENT_TYPE, event_frame, exception_frame
from token_bucket import TokenBucket

_HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "content-type: {}\r\n"
    "x-amzn-requestid: 00000000-0000-4000-8000-000000000000\r\n"
    "transfer-encoding: chunked\r\n{}\r\n"
)
_SSE = "text/event-stream"
_PIECE = 256 * 1024

Script = Callable[[], Iterator[bytes | float | None]]
"""The body of an answer: bytes to send, instants of the monotonic clock to wait for, and `None` to
end the connection."""
Choose = Callable[[str], Script | bytes]
"""Gives the script for a path, or a whole answer, head and body."""


def chunk(name: str, payload: dict[str, Any]) -> bytes:
    """One event as one chunk of a body."""
    return _chunk(event_frame(name, payload))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def text(said: str) -> bytes:
    """A piece of text."""
    return chunk("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": said}})


def opening() -> bytes:
    """What comes before the first piece."""
    return chunk("messageStart", {"role": "assistant"})


def closing(reason: str = "end_turn") -> bytes:
    """What comes after the last piece."""
    usage = {"inputTokens": 10, "outputTokens": 5000, "totalTokens": 5010}
    return (
        chunk("contentBlockStop", {"contentBlockIndex": 0})
        + chunk("messageStop", {"stopReason": reason})
        + chunk("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})
        + b"0\r\n\r\n"
    )


def burst(events: int) -> Script:
    """So many pieces of text, as fast as the reader takes them."""
    pieces = [text(f" word {number:06d} of it") for number in range(events)]
    body = opening() + b"".join(pieces) + closing()
    return lambda: iter([body])


def chat(events: int) -> Script:
    """So many pieces of text as Chat Completions, as fast as the reader takes them."""
    body = sse.chat(events)
    return lambda: iter([body])


def apis(events: int) -> Choose:
    """So many pieces of text, in the API that the path names."""
    bodies = {path: answer(events) for path, answer in sse.ANSWERS.items()}

    def choose(path: str) -> Script:
        body = next(body for end, body in bodies.items() if path.endswith(end))
        return lambda: iter([body])

    return choose


def paced(events: int, seconds: float, first_after: float = 0.0) -> Script:
    """So many pieces of text, one every so many seconds on average, never in step with others.

    The first one comes `first_after` seconds later than that.
    Each says its number, when it was due and when it was sent, in nanoseconds of the monotonic
    clock. The first two answers are short, so that a reader can warm up.
    """
    first, last = opening(), closing()
    pace = Random(8)  # noqa: S311 - the same for every reader, and no secret
    answers = 0

    def script() -> Iterator[bytes | float]:
        nonlocal answers
        answers += 1
        due = time.monotonic() + first_after
        yield first
        for number in range(events if answers > 2 else 10):
            due += seconds * pace.uniform(0.5, 1.5)
            yield due
            yield text(f"{number} {int(due * 1e9)} {time.monotonic_ns()}")
        yield last

    return script


def arguments(size: int, fragment: int) -> Script:
    """One tool call, whose arguments are `size` bytes of JSON in fragments."""
    start = {"toolUse": {"toolUseId": "call_1", "name": "write"}}
    whole = '{"text":"' + "x" * (size - 11) + '"}'
    body = b"".join(
        [
            opening(),
            chunk("contentBlockStart", {"contentBlockIndex": 0, "start": start}),
            *(
                chunk(
                    "contentBlockDelta",
                    {
                        "contentBlockIndex": 0,
                        "delta": {"toolUse": {"input": whole[at : at + fragment]}},
                    },
                )
                for at in range(0, size, fragment)
            ),
            closing("tool_use"),
        ]
    )
    return lambda: iter([body])


def large(size: int, piece: int) -> Script:
    """Text of `size` bytes in pieces, without holding more than a little of it.

    The first answer is short, so that a reader can warm up.
    """
    said = text("x" * piece)
    block = said * max(1, _PIECE // len(said))
    blocks = -(-size // (piece * (len(block) // len(said))))
    answers = 0

    def script() -> Iterator[bytes | float]:
        nonlocal answers
        answers += 1
        yield opening()
        for _ in range(blocks if answers > 1 else 1):
            yield block
        yield closing()

    return script


def faults(kind: str) -> Script:
    """An answer of two pieces, and what happens to it then."""
    said = text("one") + text("two")
    frame = event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "three"}})
    tool = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "1", "name": "write"}}}
    call = {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"text": "hel'}}}
    damaged = bytearray(frame)
    damaged[len(frame) // 2] ^= 1
    failure = exception_frame("modelStreamErrorException", "The model failed.")
    end = b"0\r\n\r\n"
    bodies: dict[str, list[bytes | float | None]] = {
        "ended": [opening() + said + end],
        "cut": [opening() + said, None],
        "half": [opening() + said + _chunk(frame[: len(frame) // 2]) + end],
        "call": [
            opening() + chunk("contentBlockStart", tool) + chunk("contentBlockDelta", call) + end
        ],
        "failed": [opening() + said + _chunk(failure) + end],
        "damaged": [opening() + said + _chunk(bytes(damaged)) + closing()],
        "left": [opening() + said, math.inf],
    }
    return lambda: iter(bodies[kind])


def quota(events: int, rate: float, retry_after: float | None) -> Choose:
    """So many pieces of text, as often as a quota allows; its bucket holds that of a second."""
    bucket = TokenBucket(rate, max(1.0, rate), retry_after)
    body = b"".join(burst(events)())  # type: ignore[arg-type] # bytes alone
    return lambda path: bucket.choose(path, body)


class Conversation(asyncio.Protocol):
    """One connection."""

    running = 0
    """Answers that are being sent, over all connections."""

    def __init__(
        self, choose: Choose, kind: str, *, close: bool = False, late: float = 0.0
    ) -> None:
        self._choose = choose
        self._late = late
        self._close = close
        self._head = _HEAD.format(kind, "connection: close\r\n" if close else "").encode()
        self._received = bytearray()
        self._writable = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._writable.set()

    def connection_lost(self, _: Exception | None) -> None:
        """Stop answering."""
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """The reader is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Answer once a request is there, whatever its fields and its body say."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        size = 0
        for line in bytes(self._received[:end]).split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        if len(self._received) < end + 4 + size:
            return
        path = self._received.split(b" ", 2)[1].decode()
        self._received.clear()
        if path == "/running":
            count = b"%d" % Conversation.running
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(count))
            self._transport.write(count)
            return
        chosen = self._choose(path)
        if isinstance(chosen, bytes):
            self._transport.write(chosen)
            return
        self._task = asyncio.ensure_future(self._answer(chosen))

    async def _answer(self, script: Script) -> None:
        Conversation.running += 1
        try:
            if self._late:
                await asyncio.sleep(self._late)
            self._transport.write(self._head)
            for step in script():
                if step is None:
                    self._transport.close()
                elif isinstance(step, float):
                    await asyncio.sleep(min(3600.0, max(0.0, step - time.monotonic())))
                else:
                    self._transport.write(step)
                    await self._writable.wait()
            if self._close:
                self._transport.close()
        finally:
            Conversation.running -= 1


async def serve(
    choose: Choose, kind: str, certificate: str | None, *, close: bool, late: float
) -> None:
    """Listen until the process is ended."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Conversation(choose, kind, close=close, late=late),
        "127.0.0.1",
        0,
        ssl=tls,
        backlog=4096,
    )
    host, port = server.sockets[0].getsockname()[:2]
    print(f"{'https' if tls else 'http'}://{host}:{port}", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "what", choices=["burst", "chat", "apis", "paced", "arguments", "large", "faults", "quota"]
    )
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=0.02, help="between two paced events")
    parser.add_argument("--wait", type=float, default=0.0, help="before the first paced event")
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes in all")
    parser.add_argument("--piece", type=int, default=100, help="bytes of an event")
    parser.add_argument("--close", type=int, default=0, help="1 ends a connection with its answer")
    parser.add_argument("--late", type=float, default=0.0, help="seconds before an answer begins")
    parser.add_argument("--fault", help="what happens to an answer")
    parser.add_argument("--rate", type=float, default=10.0, help="requests per second of a quota")
    parser.add_argument("--retry", type=float, help="seconds that a refusal asks to wait")
    parser.add_argument("--certificate", help="answer over TLS with this certificate and key")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    scripts: dict[str, Callable[[], Script]] = {
        "burst": lambda: burst(given.events),
        "chat": lambda: chat(given.events),
        "paced": lambda: paced(given.events, given.seconds, given.wait),
        "arguments": lambda: arguments(given.size, given.piece),
        "large": lambda: large(given.size, given.piece),
        "faults": lambda: faults(given.fault),
    }
    kind = _SSE if given.what in ("chat", "apis") else CONTENT_TYPE
    chooses: dict[str, Callable[[], Choose]] = {
        "apis": lambda: apis(given.events),
        "quota": lambda: quota(given.events, given.rate, given.retry),
    }
    made = chooses.get(given.what)
    choose = _always(scripts[given.what]()) if made is None else made()
    asyncio.run(serve(choose, kind, given.certificate, close=bool(given.close), late=given.late))


def _always(script: Script) -> Choose:
    return lambda _: script


if __name__ == "__main__":
    main()
