"""The events of a Responses stream that are a piece of text."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec.json import Decoder

from modelwire.authoring import OrdinaryEvent, TypedEvents

__all__ = ["TEXT_EVENT", "TYPED_TEXTS", "TypedText"]

TEXT_EVENT: Final = "response.output_text.delta"
"""The type of these events."""


class TypedText(OrdinaryEvent, gc=False, kw_only=True):
    """A piece of text, and where it belongs.

    Attributes:
        delta: The text.
        item_id: The item; like the other two of any type, as the service sends it.
        output_index: The position of the item.
        content_index: The part of the item.
        type: The type of the event.
        object: Not there.
    """

    delta: str
    item_id: Any = None
    output_index: Any = None
    content_index: Any = None
    type: Literal["response.output_text.delta"]
    object: None = None


TYPED_TEXTS: Final = TypedEvents(TEXT_EVENT.encode(), Decoder(TypedText).decode)
"""The same for the reader of a stream."""
