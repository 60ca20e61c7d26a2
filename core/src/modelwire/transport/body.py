"""The body of a response, as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import aiohttp

from modelwire.errors import ConnectionFailed, ModelwireError, RequestTimeout
from modelwire.transport.body_reader import BodyReader
from modelwire.transport.content_decoder import BrokenEncoding, decoder_for
from modelwire.transport.deadlines import Deadlines, ReadWatch
from modelwire.transport.errors import FAULTS, Exchange, cause_of
from modelwire.transport.log import RequestLog

__all__ = ["Body"]


class Body:
    """Reads a body, and closes its connection unless the body was read to its end.

    Args:
        raw: The response whose head has arrived.
        session: The session that it belongs to.
        exchange: The client and the server, for errors.
        deadlines: The limits, in seconds.
        connected_at: When the connection was established, by the loop's clock.
        total_at: When the whole answer is due, by the loop's clock, or `None`.
        telling: Reports the end to a listener, or `None`.
    """

    def __init__(
        self,
        raw: aiohttp.ClientResponse,
        session: aiohttp.ClientSession,
        exchange: Exchange,
        deadlines: Deadlines,
        *,
        connected_at: float,
        total_at: float | None,
        telling: RequestLog | None = None,
    ) -> None:
        self._telling = telling
        self._raw = raw
        self._session = session
        self._exchange = exchange
        connection = raw.connection
        self._protocol = None if connection is None else connection.protocol
        self._lost: asyncio.Future[None] | None = getattr(self._protocol, "closed", None)
        if self._lost is not None:
            # A kept connection serves many bodies; one of these callbacks is enough for it.
            self._lost.remove_done_callback(_look_at)
            self._lost.add_done_callback(_look_at)
            self._lost.add_done_callback(self._connection_lost)
        self._ended = False
        self._closed = False
        self._total_at = total_at
        # A method of this body would be a cycle, which keeps the response until a collection of garbage.
        self._watch = ReadWatch(
            deadlines,
            connected_at=connected_at,
            total_at=total_at,
            expire=partial(_expire, raw, exchange),
        )

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Iterate the bytes as they arrive; bytes before a fault are yielded before it is raised.

        An encoded body is decoded in slices, and the event loop runs other tasks between two of
        them.

        Raises:
            ProviderError: The body was cut, or does not have the declared encoding.
        """
        coding = self._raw.headers.get("Content-Encoding")
        return self._arrivals() if coding is None else self._decoded(coding)

    async def _decoded(self, coding: str) -> AsyncGenerator[bytes, None]:
        try:
            decoder = decoder_for(coding)
            async with aclosing(self._arrivals()) as arrivals:
                async for chunk in arrivals:
                    for number, part in enumerate(decoder.feed(chunk) if decoder else (chunk,)):
                        if number:
                            await asyncio.sleep(0)
                        if part:
                            yield part
            if decoder is not None:
                decoder.end()
        except BrokenEncoding as broken:
            raise self._exchange.encoding_fault(broken) from broken
        finally:
            self.close()

    async def _arrivals(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they are on the wire."""
        if self._ended:
            return
        if self._closed:
            raise self._left("response")
        content = self._raw.content
        reader = BodyReader.of(content)
        watch = self._watch
        try:
            fault: BaseException | None = None
            while True:
                try:
                    waits = reader is None or not reader.is_ready()
                    # No timer for what is there already, unless the whole answer has a limit.
                    if waits or self._total_at is not None:
                        watch.waiting()
                    if reader is None:
                        chunk = await content.readany()
                    else:
                        if waits:
                            await reader.arrival()
                        chunk = reader.take()
                except FAULTS as error:
                    fault = error
                    break
                watch.arrived()
                if not chunk:
                    fault = self._unseen_break()
                    break
                yield chunk
            if fault is None:
                self._ended = True
                return
            if rest := b"" if reader is None else reader.take():
                yield rest
            failure = self._failure(fault)
            raise failure from (None if isinstance(fault, RequestTimeout) else cause_of(fault))
        finally:
            self.close()

    def close(self) -> None:
        """Release the connection: back to the pool if the body has ended, else it is closed.

        A pending read fails with `ConnectionFailed`.
        """
        self._closed = True
        if self._telling is not None:
            self._telling.end(self._raw.content.total_bytes, complete=self._ended)
        self._watch.stop()
        if self._lost is not None:
            self._lost.remove_done_callback(self._connection_lost)
        connection = self._raw.connection
        if connection is not None and connection.transport is not None:
            # A graceful close would first send what is left of the request, and under TLS wait for
            # the server to say goodbye.
            connection.transport.abort()
        self._raw.close()

    def _connection_lost(self, _: asyncio.Future[None]) -> None:
        """Wake a reader that aiohttp leaves waiting after it disconnects from an invalid body."""
        content = self._raw.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(RuntimeError("The connection was closed."))

    def _failure(self, fault: BaseException) -> ModelwireError:
        if not isinstance(fault, RequestTimeout):
            if self._session.closed:
                return self._left("transport")
            if self._closed:
                return self._left("response")
        return self._exchange.body_fault(fault, self._broken())

    def _left(self, what: str) -> ConnectionFailed:
        return self._exchange.failed(
            f"The {what} was closed before the answer was read to its end.", retryable=False
        )

    def _broken(self) -> BaseException | None:
        """Return the fault that the connection itself reports."""
        return None if self._protocol is None else self._protocol.exception()

    def _unseen_break(self) -> BaseException | None:
        """Detect a broken connection that aiohttp takes for the end of a body without a length."""
        headers = self._raw.headers
        if "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower():
            return None
        if self._session.closed:
            return RuntimeError("The session was closed.")
        broken = self._broken()
        return broken if isinstance(broken, OSError) else None


def _expire(raw: aiohttp.ClientResponse, exchange: Exchange, phase: str, seconds: float) -> None:
    """Have a pending read fail."""
    raw.content.set_exception(RequestTimeout.in_phase(phase, seconds, **exchange.details))


def _look_at(lost: asyncio.Future[None]) -> None:
    """Retrieve the outcome of a connection, or asyncio logs that it was never retrieved."""
    if not lost.cancelled():
        lost.exception()
