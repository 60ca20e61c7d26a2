"""Clients: a request of a client, and the way back to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from modelwire.dialects import BadRequest
from modelwire_gateway.access.caller import header_fields
from modelwire_gateway.doors.channel import Channel, SentChannel, WrittenChannel
from modelwire_gateway.exchange import Exchange

__all__ = ["Client"]

_DIGITS: Final = 18
"""Of the length of a body; more bytes there are not."""
_JSON: Final = "application/json"
_encode = msgspec.json.Encoder().encode


class Client:
    """The client of one request.

    Args:
        scope: What ASGI says of the request.
        receive: The function of ASGI.
        send: The function of ASGI.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._exchange = Exchange.of(receive, send)
        self._is_complete = False

    @property
    def complete(self) -> bool:
        """Whether the last part of the answer was sent.

        A server reports that a client has left after a complete answer, too.
        """
        return self._is_complete or (self._exchange is not None and self._exchange.complete)

    @property
    def path_params(self) -> dict[str, Any]:
        """The parts of the path that the route names."""
        params: dict[str, Any] = self._scope.get("path_params", {})
        return params

    def headers(self) -> dict[str, str]:
        """The header fields, with names in lower case.

        Raises:
            RequestRefused: A credential is repeated with another value.
        """
        return header_fields(self._scope["headers"])

    async def body(self, declared: str, *, most: int, seconds: float) -> bytes:
        """The body of the request.

        Args:
            declared: Its length as the header says, or nothing.
            most: Bytes that it may have.
            seconds: How long it may take to arrive.

        Raises:
            BadRequest: It is too large or too slow.
            ClientDisconnect: The client left before the end.
        """
        body = None if self._exchange is None else self._exchange.take_body()
        # A server that hands on a number without end has one too large as well.
        if declared.isdecimal() and (len(declared) > _DIGITS or int(declared) > most):
            raise _too_large(most)
        if body is None:
            try:
                async with asyncio.timeout(seconds):
                    return await self._collected(most)
            except TimeoutError as error:
                msg = f"The body of the request did not arrive within {seconds:g} seconds."
                raise BadRequest(msg, status=408) from error
        if len(body) > most:
            raise _too_large(most)
        return body

    async def _collected(self, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise _too_large(most)
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)

    async def _answer_part(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_complete = True
        await self._send(message)

    def channel(
        self,
        headers: Mapping[str, str],
        *,
        keep_alive: Callable[[], bytes],
        seconds: float,
        begun: Callable[[], None],
    ) -> Channel:
        """Open a channel for an answer that is streamed, with the status 200.

        Args:
            headers: The header fields.
            keep_alive: Makes what is sent while nothing else is.
            seconds: How long nothing may be sent.
            begun: Called when something is put in for the first time.
        """
        exchange = self._exchange
        if exchange is not None and exchange.begin(headers):
            return WrittenChannel(exchange, keep_alive=keep_alive, seconds=seconds, begun=begun)
        return SentChannel(
            self._answer_part, headers, keep_alive=keep_alive, seconds=seconds, begun=begun
        )

    async def respond(self, response: Response) -> None:
        """Send a whole answer."""
        await response(self._scope, self._receive, self._answer_part)

    async def succeed(self, body: object, headers: dict[str, str]) -> None:
        """Send a whole answer of JSON with the status 200."""
        content = _encode(body)
        if self._exchange is None or not self._exchange.answer(
            {**headers, "content-type": _JSON}, content
        ):
            await self.respond(Response(content, 200, headers, _JSON))

    async def attend(
        self, work: Coroutine[Any, Any, None], leave: Callable[[], float | None]
    ) -> None:
        """Do the work of an answer, and watch whether the client leaves meanwhile; after the body was read.

        Args:
            work: The work.
            leave: Called when the client has left, or has its whole answer; says how many seconds the
                work gets to end by itself before it is cancelled. `None` is no limit.
        """
        departure = _Departure(leave)
        stop = self._watch(departure)
        try:
            await work
        except BaseException as error:
            if not (departure.end() and isinstance(error, asyncio.CancelledError)):
                raise
        else:
            departure.end()
        finally:
            stop()

    def _watch(self, left: Callable[[], None]) -> Callable[[], object]:
        """Have a function called when the client leaves, until the one that is returned was called."""
        exchange = self._exchange
        if exchange is None:
            return asyncio.create_task(self._wait_for_end(left)).cancel
        exchange.watch(left)
        return partial(exchange.unwatch, left)

    async def _wait_for_end(self, left: Callable[[], None]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        left()


class _Departure:
    """Called when a client leaves: cancels the work for it after the time that the work gets.

    It is what `asyncio.timeout` does, without its cost for the requests whose clients stay.

    Args:
        leave: Says how many seconds the work gets; `None` is no limit.
    """

    __slots__ = ("_cancelling", "_has_cancelled", "_leave", "_task", "_timer")

    def __init__(self, leave: Callable[[], float | None]) -> None:
        task = asyncio.current_task()
        if task is None:
            msg = "A request is served in a task."
            raise RuntimeError(msg)
        self._leave = leave
        self._task = task
        self._cancelling = task.cancelling()
        self._timer: asyncio.TimerHandle | None = None
        self._has_cancelled = False

    def __call__(self) -> None:
        """Note that the client has left."""
        seconds = self._leave()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._cancel)

    def end(self) -> bool:
        """Cancel nothing any longer.

        Returns:
            Whether the work was cancelled here, and nowhere else.
        """
        if self._timer is not None:
            self._timer.cancel()
        return self._has_cancelled and self._task.uncancel() <= self._cancelling

    def _cancel(self) -> None:
        self._has_cancelled = True
        self._task.cancel()


def _too_large(most: int) -> BadRequest:
    return BadRequest(f"The body may have {most} bytes.", status=413)
