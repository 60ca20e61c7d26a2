"""Content encodings: gzip and deflate, decoded in bounded slices.

No encoding is requested, but some proxies and services encode anyway. A few bytes may expand
to a thousand times as many, so the work and the memory of a slice are limited, and the caller
yields to the event loop between two slices.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

__all__ = [
    "DECODED_SLICE",
    "ENCODED_SLICE",
    "BrokenEncoding",
    "CutEncoding",
    "Decoder",
    "UnsupportedEncoding",
    "decoder_for",
]

ENCODED_SLICE = 4 * 1024
"""The maximum of encoded bytes that one slice consumes."""
DECODED_SLICE = 64 * 1024
"""The maximum of bytes that one slice produces."""

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_MODES = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_UNSUPPORTED = frozenset({"br", "zstd", "compress", "x-compress"})
_DEFLATED = 8
"""The compression method of zlib (RFC 1950) in the low four bits of its first byte."""


class BrokenEncoding(Exception):
    """A body that does not have the declared encoding."""


class CutEncoding(BrokenEncoding):
    """A body that ended before its encoding: a part of it, or its checksum, is missing."""


class UnsupportedEncoding(BrokenEncoding):
    """A body that is encoded more than once, or in an unsupported encoding."""


class Decoder:
    """Decodes one body. Give its bytes to `feed`, and call `end` after the last.

    Args:
        coding: `gzip`, `x-gzip` or `deflate`. The latter is read with the header of zlib, as RFC 9110
            says, and without it, as some servers send it.
    """

    def __init__(self, coding: str) -> None:
        self._mode = _MODES[coding]
        self._inflate: Any = None
        self._begun = False
        self._padding = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode bytes slice by slice; a slice may be empty.

        Each slice takes in at most `ENCODED_SLICE` bytes and gives out at most `DECODED_SLICE`.

        Raises:
            BrokenEncoding: The bytes are not encoded like that. The data before has been yielded.
        """
        view = memoryview(data)
        for start in range(0, len(view), ENCODED_SLICE):
            yield from self._decode(bytes(view[start : start + ENCODED_SLICE]))

    def end(self) -> None:
        """Mark the end of the body.

        Raises:
            CutEncoding: The encoding has not ended: a part or the checksum is missing.
        """
        if self._inflate is not None:
            raise CutEncoding("the encoded data has no end")

    def _decode(self, rest: bytes) -> Iterator[bytes]:
        held = False
        while (rest or held) and not self._padding:
            if self._inflate is None and not self._begin(rest):
                return
            try:
                decoded = self._inflate.decompress(rest, DECODED_SLICE)
            except zlib.error as error:
                raise BrokenEncoding(str(error)) from None
            if self._inflate.eof:
                rest, held = self._inflate.unused_data, False
                self._inflate = None
            else:
                # zlib may hold back output though it has taken all of the input.
                rest, held = self._inflate.unconsumed_tail, len(decoded) == DECODED_SLICE
            yield decoded

    def _begin(self, data: bytes) -> bool:
        """Begin a member of the data, if there is another; zeros after the last are padding."""
        if self._begun and (self._mode != _GZIP or data[0] == 0):
            self._padding = True
            return False
        mode = self._mode
        if mode == _ZLIB and data[0] & 0xF != _DEFLATED:
            mode = _RAW
        self._begun = True
        self._inflate = zlib.decompressobj(mode)
        return True


def decoder_for(content_encoding: str | None) -> Decoder | None:
    """The decoder of a body, or `None` where it is not encoded.

    A value that is not an encoding, such as the `utf-8` of some servers, is ignored.

    Args:
        content_encoding: The value of the header field `Content-Encoding`.

    Raises:
        UnsupportedEncoding: The body is encoded more than once, or in another way.
    """
    if not content_encoding:
        return None
    named = [name.strip().lower() for name in content_encoding.split(",")]
    known = [name for name in named if name in _MODES or name in _UNSUPPORTED]
    if len(known) > 1 or not _UNSUPPORTED.isdisjoint(known):
        raise UnsupportedEncoding(", ".join(known))
    return Decoder(known[0]) if known else None
