"""Redacted thinking: the service writes its opaque bytes as base64."""

from __future__ import annotations

import base64
import binascii

__all__ = ["from_base64", "to_base64"]


def from_base64(data: str) -> bytes:
    """The bytes.

    Raises:
        ValueError: The text is not base64.
    """
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except binascii.Error as error:
        msg = "redacted thinking is not base64"
        raise ValueError(msg) from error


def to_base64(data: bytes) -> str:
    """The text that the service takes back."""
    return base64.b64encode(data).decode("ascii")
