"""HTTP responses: the head, the five ways to read the body, and draining."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Coroutine, Generator, Mapping
from contextlib import aclosing
from types import coroutine
from typing import TYPE_CHECKING, Any

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.redaction import redact
from modelwire.transport.content_decoder import BrokenEncoding
from modelwire.transport.json_lines import DEFAULT_LINE_LIMIT, JsonLinesDecoder
from modelwire.transport.read_ahead import ReadAheadBody
from modelwire.transport.sse import DEFAULT_EVENT_LIMIT, ServerSentEvent, SseDecoder

if TYPE_CHECKING:
    from modelwire.transport.body import Body

__all__ = ["Response", "drain", "peek_error"]

_BODY_LIMIT = 64 * 1024 * 1024
_ERROR_BODY_LIMIT = 64 * 1024
_DRAIN_TIMEOUT = 0.25
"""Seconds in which the body of a complete answer must end for its connection to be reused."""


class Response:
    """An HTTP response whose head has arrived and whose body may still be on its way.

    The body can be read once, in one of the five ways. Leaving it unread to its end closes the
    connection, so that the provider stops working on the answer.

    Attributes:
        status: The HTTP status; redirects are not followed and errors do not raise.
        headers: The header fields; names are case-insensitive. Secrets of the request that
            the service repeats in them are hidden, and control characters are escaped.
        request_id: The provider's id of the request, or `None`.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: Body,
        *,
        request_id: str | None,
        secrets: Collection[str],
    ) -> None:
        self.status = status
        self.headers = headers
        self.request_id = request_id
        self._secrets = secrets
        self._body: Body | ReadAheadBody = body

    def __repr__(self) -> str:
        return f"<Response {self.status}>"

    def iter_bytes(self) -> AsyncGenerator[bytes, None]:
        """Iterate the body in pieces as they arrive.

        Bytes that arrived before a fault are yielded before it is raised.

        Raises:
            RequestTimeout: A deadline passed; its `phase` says which.
            StreamTruncated: The server closed the connection before the end of the body, or the body
                ended before its content encoding did.
            ConnectionFailed: The connection broke, or this response was closed.
            MalformedResponse: The body breaks the rules of HTTP or its content encoding.
        """
        return self._body.chunks()

    async def sse(
        self, *, limit: int = DEFAULT_EVENT_LIMIT
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Iterate the body as server-sent events.

        Args:
            limit: The maximum size of an event in bytes.

        Raises:
            MalformedResponse: An event is larger than the limit.
            ProviderError: As in `iter_bytes`.
        """
        decoder = SseDecoder(limit)
        async with aclosing(self.iter_bytes()) as chunks:
            async for chunk in chunks:
                for event in decoder.feed(chunk):
                    yield event
        for event in decoder.end():
            yield event

    async def json_lines(self, *, limit: int = DEFAULT_LINE_LIMIT) -> AsyncGenerator[Any, None]:
        """Iterate the body as JSON lines (NDJSON): one document per line.

        Args:
            limit: The maximum size of a line in bytes.

        Raises:
            MalformedResponse: A line is not JSON in UTF-8, is nested too deep, or is larger than
                the limit.
            ProviderError: As in `iter_bytes`.
        """
        decoder = JsonLinesDecoder(limit)
        async with aclosing(self.iter_bytes()) as chunks:
            async for chunk in chunks:
                for document in decoder.feed(chunk):
                    yield document
        for document in decoder.end():
            yield document

    async def read(self, *, limit: int = _BODY_LIMIT) -> bytes:
        """Read the whole body.

        Args:
            limit: The maximum size in bytes.

        Raises:
            MalformedResponse: The body is larger than the limit.
            ProviderError: As in `iter_bytes`.
        """
        body = await self._read_up_to(limit + 1)
        if len(body) > limit:
            raise MalformedResponse(
                f"The answer is larger than {limit} bytes.",
                status=self.status,
                request_id=self.request_id,
            )
        return body

    async def read_error(self, *, limit: int = _ERROR_BODY_LIMIT) -> bytes:
        """Read the available body of an error, to be explained: at most `limit` bytes.

        It does not raise when the body is longer, cut or late, since the status is what counts.
        Credentials of the request that the service repeats are hidden.
        """
        return self._without_secrets(await self._read_up_to(limit, forgiving=True))

    def close(self) -> None:
        """Release the connection, even while another task is reading; that read fails."""
        self._body.close()

    def _without_secrets(self, body: bytes) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        return redact(text, self._secrets).encode("utf-8", "surrogateescape")

    async def _read_up_to(self, limit: int, *, forgiving: bool = False) -> bytes:
        parts: list[bytes] = []
        missing = limit
        try:
            async with aclosing(self.iter_bytes()) as chunks:
                async for chunk in chunks:
                    parts.append(chunk)
                    missing -= len(chunk)
                    if missing <= 0:
                        break
        except ProviderError:
            if not forgiving:
                raise
        return b"".join(parts)[:limit]


async def peek_error(response: Response) -> bytes:
    """Read what `Response.read_error` would, and leave the body to its reader all the same."""
    # It is no method, since plugins have no use for it.
    response._body = ahead = ReadAheadBody(response._body)  # noqa: SLF001 - of this module
    body = await ahead.read_ahead(_ERROR_BODY_LIMIT)
    return response._without_secrets(body)  # noqa: SLF001


async def drain(body: AsyncGenerator[Any, None], *, seconds: float = _DRAIN_TIMEOUT) -> None:
    """Read to the end of a body, so that its connection can be reused, if the end comes soon.

    To be called when the answer is complete: later problems of the connection are not failures
    of the answer. A body that does not end in time is closed, and its connection with it. Only the
    content encoding has to come to its end, since its checksum covers what was read.

    Args:
        body: The rest of the body, or a translation of it.
        seconds: How long to wait for its end.

    Raises:
        StreamTruncated: The body ended before its content encoding did.
        MalformedResponse: It does not have the declared encoding.
    """
    try:
        # Most bodies have ended by now, and a timer takes longer than to read their end.
        waiting = _read_until_wait(body)
        if waiting is not None:
            import asyncio  # a name from it would be looked for longer

            async with asyncio.timeout(seconds):
                await _finish(*waiting)
                async for _ in body:
                    pass
    except (TimeoutError, ProviderError) as error:
        await body.aclose()
        if isinstance(error.__cause__, BrokenEncoding):
            raise


_Step = Coroutine[Any, Any, Any]


def _read_until_wait(body: AsyncGenerator[Any, None]) -> tuple[_Step, Any] | None:
    """Read a body as far as nothing has to be waited for; `None` where that is its end.

    Returns:
        The step that waits, and what it waits for.
    """
    while True:
        step = body.asend(None)
        try:
            return step, step.send(None)
        except StopIteration:  # it has given a piece
            continue
        except StopAsyncIteration:
            return None


@coroutine
def _finish(step: _Step, waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with a step that waits already."""
    try:
        while True:
            try:
                result = yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation is the step's to take
                waits_for = step.throw(error)
            else:
                waits_for = step.send(result)
    except (StopIteration, StopAsyncIteration):
        return
