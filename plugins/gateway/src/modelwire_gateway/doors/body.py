"""Bodies of requests, read within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar

import msgspec

from modelwire.dialects import BadRequest
from modelwire.structuring import TOO_DEEP, is_deep, is_shallow
from modelwire_gateway.doors.client import Client

__all__ = ["LARGE", "off_loop", "read_body"]

_T = TypeVar("_T")
_P = ParamSpec("_P")
_decode = msgspec.json.Decoder().decode

LARGE: Final = 256 * 1024
"""Bytes beyond which a body is read in a thread."""


async def read_body(
    client: Client, headers: Mapping[str, str], *, most: int, seconds: float
) -> tuple[dict[str, Any], int]:
    """Read the JSON object of a request.

    Args:
        client: The client.
        headers: The header fields of the request.
        most: Bytes that the body may have.
        seconds: How long it may take to arrive.

    Returns:
        The object, and how many bytes it had.

    Raises:
        BadRequest: It is too large, too slow, compressed, no JSON object, or nested too deep.
        ClientDisconnect: The client left before the end.
    """
    encoding = headers.get("content-encoding", "")
    if encoding.strip().lower() not in ("", "identity"):
        # What is unpacked may be a thousand times as large as what was sent.
        msg = "The body must not be compressed: leave out the header field content-encoding."
        raise BadRequest(msg, status=415)
    data = await client.body(headers.get("content-length", ""), most=most, seconds=seconds)
    if len(data) <= LARGE:
        return _read_object(data), len(data)
    return await off_loop(len(data), _read_object, data), len(data)


async def off_loop(size: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do work on a body: in a thread where it is large, so that other requests are served meanwhile.

    Args:
        size: The bytes of the body.
        work: The work, which changes nothing that others use.
        args: Its arguments.
        kwargs: Its arguments by name.
    """
    if size > LARGE:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        msg = f"The body is not valid JSON: {error}."
        raise BadRequest(msg) from error
    if not isinstance(value, dict):
        msg = "The body must be a JSON object."
        raise BadRequest(msg)
    if not is_shallow(data) and is_deep(value):
        msg = f"The body is {TOO_DEEP}."
        raise BadRequest(msg)
    return value
