"""The exchange: a request of Converse is sent, and its answer checked and read in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import TYPE_CHECKING

from modelwire.authoring import error_in_stream, meaning_of_message, parse_json_or_none
from modelwire.errors import MalformedResponse
from modelwire.events import ResponseInfo
from modelwire.redaction import redact, secrets_in
from modelwire.transport import explain_body
from modelwire_bedrock.aws.eventstream import CONTENT_TYPE, Frame, FrameDecoder
from modelwire_bedrock.converse.rendering import API
from modelwire_bedrock.errors import fault_of_response, fault_of_success

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Request, Response, Transport

__all__ = ["check_response", "fetch_answer", "stream_frames"]

_LONGEST = 64 * 1024 * 1024
_FIRST_OF_TEXT = b"\x09"
"""No frame begins with this byte or a higher one; it would be longer than a frame may be."""
_ANSWERS = frozenset({"output", "stopReason"})


async def stream_frames(
    transport: Transport, request: Request, deadlines: Deadlines
) -> AsyncGenerator[ResponseInfo | Iterable[Frame] | tuple[bytes], None]:
    """Send a request of ConverseStream; the frames of a chunk are decoded as they are taken.

    A whole answer of Converse, as some gateways send it, is one tuple with its body.
    """
    async with transport.send(request, deadlines=deadlines) as response:
        yield ResponseInfo(request_id=response.request_id, api=API)
        await check_response(response)
        kind = response.headers.get("Content-Type")
        decoder = FrameDecoder()
        framed = not kind or kind.partition(";")[0].strip().lower() == CONTENT_TYPE
        begun = False
        chunks = response.iter_bytes()
        try:
            async for chunk in chunks:
                if not begun:
                    begun = True
                    if not framed or chunk[:1] >= _FIRST_OF_TEXT:
                        body = chunk + b"".join([more async for more in _up_to(chunks, _LONGEST)])
                        if body.strip():
                            yield (_whole(request, response, body),)
                        return
                yield decoder.feed(chunk)
        finally:  # as `aclosing` does, which takes longer
            await chunks.aclose()
        decoder.end()


async def fetch_answer(
    transport: Transport, request: Request, deadlines: Deadlines
) -> AsyncGenerator[ResponseInfo | Iterable[bytes], None]:
    """Send a request of Converse; the answer comes whole."""
    async with transport.send(request, deadlines=deadlines) as response:
        yield ResponseInfo(request_id=response.request_id, api=API)
        await check_response(response)
        body = await response.read()
        if body.strip():
            yield (_whole(request, response, body),)


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


async def _up_to(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size < 0:
            raise MalformedResponse(f"The answer is larger than {_LONGEST} bytes.")


def _whole(request: Request, response: Response, body: bytes) -> bytes:
    """Check that a body is an answer of Converse, and not a failure, a page or another API's answer."""
    data = parse_json_or_none(body)
    if isinstance(data, dict) and not _ANSWERS.isdisjoint(data):
        return body
    secrets = secrets_in(request.headers, request.public_headers)
    body = redact(body.decode("utf-8", "replace"), secrets).encode()
    fault = fault_of_success(response.headers, body)
    if fault is not None:
        raise fault.error() from fault
    explanation = explain_body(body, response.headers.get("Content-Type"))
    meaning = None if data is not None else meaning_of_message(explanation)
    if meaning is not None:
        raise error_in_stream(explanation)
    kind = (response.headers.get("Content-Type") or CONTENT_TYPE).partition(";")[0].strip()
    raise MalformedResponse(
        f"The answer is {kind} and not one of Converse{f': {explanation}' if explanation else ''}",
        status=response.status,
        retryable=False,
        hint="Is the endpoint that of the Bedrock runtime? A proxy may have answered instead.",
    )
