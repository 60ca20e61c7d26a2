"""Bodies of requests, read within limits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request

from modelwire.dialects import BadRequest
from modelwire.structuring import TOO_DEEP, is_deep

__all__ = ["read_body"]

_decode = msgspec.json.Decoder().decode


async def read_body(request: Request, *, most: int, seconds: float) -> tuple[dict[str, Any], int]:
    """Read the JSON object of a request.

    Args:
        request: The request.
        most: Bytes that the body may have.
        seconds: How long it may take to arrive.

    Returns:
        The object, and how many bytes it had.

    Raises:
        BadRequest: It is too large, too slow, no JSON object, or nested too deep.
        ClientDisconnect: The client left before the end.
    """
    try:
        async with asyncio.timeout(seconds):
            data = await _collected(request, most)
    except TimeoutError as error:
        msg = f"The body of the request did not arrive within {seconds:g} seconds."
        raise BadRequest(msg, status=408) from error
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        msg = f"The body is not valid JSON: {error}."
        raise BadRequest(msg) from error
    if not isinstance(value, dict):
        msg = "The body must be a JSON object."
        raise BadRequest(msg)
    if is_deep(value):
        msg = f"The body is {TOO_DEEP}."
        raise BadRequest(msg)
    return value, len(data)


async def _collected(request: Request, most: int) -> bytes:
    too_large = BadRequest(f"The body may have {most} bytes.", status=413)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
    return b"".join(parts)
