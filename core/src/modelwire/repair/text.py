"""Repair of text and JSON: no lone surrogates, no blank text, nothing but JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from modelwire.messages import Text
from modelwire.repair.changes import Changes
from modelwire.text import without_surrogates

__all__ = ["clean_json", "clean_text", "is_blank", "text_of"]


def clean_text(text: str) -> str:
    """Remove unpaired surrogates, which UTF-8 cannot say; a pair becomes its character."""
    return without_surrogates(text)


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space, which some providers refuse in a text block."""
    return not text.strip().strip("\ufeff").strip()


def text_of(block: Text, path: str, changes: Changes, *, blank: str) -> str | None:
    """The text of a block as a request may say it, or `None` where it is blank and is left out.

    Args:
        block: The block.
        path: Its place, as `messages[3].content[0]`.
        changes: Where it is recorded that it is not sent as it was.
        blank: Why blank text is left out, in one sentence.
    """
    text = clean_text(block.text)
    if text != block.text:
        changes.rewritten(path, "Unpaired surrogates are not text.")
    if is_blank(text):
        changes.dropped(path, blank)
        return None
    return text


def clean_json(value: Any) -> Any:
    """Copy a value as plain JSON.

    Texts and keys lose unpaired surrogates; keys become texts; numbers that JSON does not have
    become `null`; anything that is not JSON becomes its text.
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean_json(item) for item in value]
    return clean_text(str(value))
