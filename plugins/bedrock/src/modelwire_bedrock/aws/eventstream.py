"""Amazon's event-stream framing (`application/vnd.amazon.eventstream`): bytes in, frames out.

A frame is a prelude of twelve bytes (total length, length of the headers, CRC-32 of these eight
bytes; all big-endian), the headers, the payload, and the CRC-32 of everything before it. The format
and the limits are those of the AWS Common Runtime (`aws-c-event-stream`) and of botocore.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from zlib import crc32

from msgspec import Struct

from modelwire.errors import MalformedResponse, ProviderError, StreamTruncated

__all__ = [
    "CONTENT_TYPE",
    "LARGEST_HEADERS",
    "LARGEST_PAYLOAD",
    "Frame",
    "FrameDecoder",
    "HeaderValue",
]

CONTENT_TYPE = "application/vnd.amazon.eventstream"
LARGEST_HEADERS = 128 * 1024
"""The most bytes that the headers of a frame may have."""
LARGEST_PAYLOAD = 24 * 1024 * 1024
"""The most bytes that the payload of a frame may have."""

HeaderValue = bool | int | bytes | str

_PRELUDE_SIZE = 12
_CRC_SIZE = 4
_OVERHEAD = _PRELUDE_SIZE + _CRC_SIZE
_LARGEST_KEPT = 512
_MOST_KEPT = 1024

_read_prelude = struct.Struct(">III").unpack_from
_read_number = struct.Struct(">I").unpack_from


class Frame(Struct, frozen=True, gc=False):
    """One message of an event stream.

    Attributes:
        headers: The headers by name. A timestamp is given in milliseconds since the epoch, a UUID
            as its sixteen bytes. The mapping cannot be changed, and frames whose headers are the
            same bytes share it, whichever decoder they come from: `is` finds equal headers without
            looking into them. (Only among many different ones a mapping may be made once more.)
        payload: What it carries.
    """

    headers: Mapping[str, HeaderValue]
    payload: bytes


class FrameDecoder:
    """Turns a stream of bytes into frames, however the bytes are split.

    The work is linear in the number of bytes for every way to split them.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self._needed = _PRELUDE_SIZE
        self._failure: ProviderError | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; iterate the frames that are complete with them.

        Frames in front of a damaged one are yielded before the error is raised. A decoder that has
        raised has lost its place in the stream, and raises the same error again.

        Raises:
            MalformedResponse: A checksum is wrong, a frame exceeds the limits, or its headers
                cannot be read.
        """
        if self._failure is not None:
            raise self._failure
        if self._parts:
            self._hold(data)
            if self._held < self._needed:
                return
            data = b"".join(self._parts)
            self._parts.clear()
            self._held = 0
        position, size = 0, len(data)
        self._needed = _PRELUDE_SIZE
        try:
            while size - position >= _PRELUDE_SIZE:
                total = _read_number(data, position)[0]
                end = position + total
                head, head_size, crc, headers = _heads.get(total, _UNKNOWN)
                if end > size or data[position : position + head_size] != head:
                    _check_prelude(data, position)
                    if end > size:
                        self._needed = total
                        break
                    _, head_size, crc, headers = _read_head(data, position, end)
                payload = data[position + head_size : end - _CRC_SIZE]
                if crc32(payload, crc) != _read_number(data, end - _CRC_SIZE)[0]:
                    raise _wrong_checksum()
                position = end
                yield Frame(headers, payload)
        except MalformedResponse as failure:
            self._failure = failure
            raise
        finally:
            if position < size:
                self._hold(data[position:] if position else data)

    def end(self) -> None:
        """Say that no more bytes will come.

        Raises:
            StreamTruncated: They ended inside a frame.
            MalformedResponse: The stream was found damaged before.
        """
        if self._failure is not None:
            raise self._failure
        if self._held:
            raise StreamTruncated(f"The answer was cut inside a frame, {self._held} bytes into it.")

    def _hold(self, data: bytes) -> None:
        if data:
            self._parts.append(data)
            self._held += len(data)


def _check_prelude(data: bytes, position: int) -> None:
    """See that a prelude is whole, and says nothing that cannot be."""
    total, headers_size, crc = _read_prelude(data, position)
    if crc32(data[position : position + _PRELUDE_SIZE - _CRC_SIZE]) != crc:
        raise _damaged("The checksum of a frame's prelude is wrong.")
    payload_size = total - _OVERHEAD - headers_size
    if payload_size < 0:
        raise _damaged(f"A frame says that it has {total} bytes, {headers_size} of them headers.")
    if headers_size > LARGEST_HEADERS:
        raise _damaged(f"A frame has {headers_size} bytes of headers; {LARGEST_HEADERS} may be.")
    if payload_size > LARGEST_PAYLOAD:
        raise _damaged(f"A frame has a payload of {payload_size} bytes; {LARGEST_PAYLOAD} may be.")


_Head = tuple[bytes, int, int, Mapping[str, HeaderValue]]
"""The head of a frame: the payload's bytes, their number, their checksum, and the headers."""

_UNKNOWN: _Head = (b"the bytes of no head", 0, 0, MappingProxyType({}))

_heads: dict[int, _Head] = {}
"""A head of a good frame by the size of the frame.

A stream has few kinds of events, and many of a kind have the same size. What is known of the bytes
in front of a payload needs neither a checksum nor parsing.
"""


def _read_head(data: bytes, position: int, end: int) -> _Head:
    """Read the head of a frame whose prelude is right, once the frame's checksum is seen to be."""
    if crc32(data[position : end - _CRC_SIZE]) != _read_number(data, end - _CRC_SIZE)[0]:
        raise _wrong_checksum()
    size = _PRELUDE_SIZE + _read_prelude(data, position)[1]
    head = data[position : position + size]
    if size > _LARGEST_KEPT:
        return head, size, crc32(head), _parse_headers(head[_PRELUDE_SIZE:])
    if len(_heads) >= _MOST_KEPT:
        _heads.clear()
    read = head, size, crc32(head), _shared_headers(head[_PRELUDE_SIZE:])
    _heads[end - position] = read
    return read


def _parse_headers(raw: bytes) -> Mapping[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    position = 0
    try:
        while position < len(raw):
            end = position + 1 + raw[position]
            name = raw[position + 1 : end].decode()
            value, position = _READERS[raw[end]](raw, end + 1)
            if name in headers:
                raise _damaged(f"A frame has the header {name[:100]!r} twice.")
            headers[name] = value
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise _damaged("The headers of a frame cannot be read.") from error
    if position != len(raw):
        raise _damaged("The headers of a frame are longer than they say.")
    return MappingProxyType(headers)


_shared_headers = lru_cache(maxsize=256)(_parse_headers)
"""The one mapping for header bytes; see `Frame.headers`."""

_Reader = Callable[[bytes, int], tuple[HeaderValue, int]]


def _number(code: str) -> _Reader:
    number = struct.Struct(f">{code}")

    def read(raw: bytes, position: int) -> tuple[int, int]:
        return number.unpack_from(raw, position)[0], position + number.size

    return read


_read_length = _number("H")


def _read_bytes(raw: bytes, position: int) -> tuple[bytes, int]:
    length, start = _read_length(raw, position)
    end = start + int(length)
    return raw[start:end], end


def _read_text(raw: bytes, position: int) -> tuple[str, int]:
    value, end = _read_bytes(raw, position)
    return value.decode(), end


def _read_uuid(raw: bytes, position: int) -> tuple[bytes, int]:
    return raw[position : position + 16], position + 16


_READERS: tuple[_Reader, ...] = (
    lambda _, position: (True, position),
    lambda _, position: (False, position),
    _number("b"),
    _number("h"),
    _number("i"),
    _number("q"),
    _read_bytes,
    _read_text,
    _number("q"),
    _read_uuid,
)
"""How the value of a header is read, by the number of its type."""


def _wrong_checksum() -> MalformedResponse:
    return _damaged("The checksum of a frame is wrong.")


def _damaged(message: str) -> MalformedResponse:
    return MalformedResponse(message, hint="A proxy may have changed the bytes on the way.")
