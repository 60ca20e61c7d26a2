"""The exchange: a request of Converse is sent, and its answer checked and read in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from modelwire.errors import MalformedResponse
from modelwire.events import ResponseInfo
from modelwire_bedrock.aws.eventstream import CONTENT_TYPE, Frame, FrameDecoder
from modelwire_bedrock.converse.rendering import API
from modelwire_bedrock.errors import fault_of_response

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Request, Response, Transport

__all__ = ["check_response", "fetch_answer", "stream_frames"]


async def stream_frames(
    transport: Transport, request: Request, deadlines: Deadlines
) -> AsyncGenerator[ResponseInfo | Iterable[Frame], None]:
    """Send a request of ConverseStream; the frames of a chunk are decoded as they are taken."""
    async with transport.send(request, deadlines=deadlines) as response:
        yield ResponseInfo(request_id=response.request_id, api=API)
        await check_response(response)
        await _check_kind(response)
        decoder = FrameDecoder()
        async with aclosing(response.iter_bytes()) as chunks:
            async for chunk in chunks:
                yield decoder.feed(chunk)
        decoder.end()


async def fetch_answer(
    transport: Transport, request: Request, deadlines: Deadlines
) -> AsyncGenerator[ResponseInfo | Iterable[bytes], None]:
    """Send a request of Converse; the answer comes whole."""
    async with transport.send(request, deadlines=deadlines) as response:
        yield ResponseInfo(request_id=response.request_id, api=API)
        await check_response(response)
        yield (await response.read(),)


async def check_response(response: Response) -> None:
    """Check that a response is a success.

    Raises:
        ProviderError: It is not; the `__cause__` is the `ServiceFault`.
    """
    if response.status == 200:
        return
    body = await response.read_error()
    fault = fault_of_response(response.status, response.headers, body)
    raise fault.error() from fault


async def _check_kind(response: Response) -> None:
    """Refuse a success that is not a stream, as a proxy's page or a wrong service's answer."""
    kind = (response.headers.get("Content-Type") or CONTENT_TYPE).partition(";")[0].strip()
    if kind.lower() == CONTENT_TYPE:
        return
    fault = fault_of_response(response.status, response.headers, await response.read_error())
    said = f": {fault.message}" if fault.message else ""
    raise MalformedResponse(
        f"The answer is {kind} and not an event stream{said}",
        status=response.status,
        retryable=False,
        hint="Is the endpoint that of the Bedrock runtime? A proxy may have answered instead.",
    )
