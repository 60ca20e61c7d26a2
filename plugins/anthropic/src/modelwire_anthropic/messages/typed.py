"""The events of a Messages stream that are a piece of text."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Decoder

from modelwire.authoring import OrdinaryEvent, TypedEvents

__all__ = ["TYPED_TEXTS", "TypedText"]


class _TextDelta(Struct, gc=False):
    type: Literal["text_delta"]
    text: str


class TypedText(OrdinaryEvent, gc=False, kw_only=True):
    """A piece of text, and where it belongs.

    Attributes:
        type: The type of the event.
        index: The block.
        delta: The text.
        object: Not there.
    """

    type: Literal["content_block_delta"]
    index: int
    delta: _TextDelta
    object: None = None


TYPED_TEXTS: Final = TypedEvents(b'"text_delta"', Decoder(TypedText).decode)
"""The same for the reader of a stream."""
