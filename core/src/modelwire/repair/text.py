"""Repair of text and JSON: no lone surrogates, no blank text, only valid JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.messages import Text
from modelwire.repair.changes import Changes
from modelwire.structuring import MAX_DEPTH, is_json_number
from modelwire.text import without_surrogates

__all__ = ["clean_json", "clean_text", "is_blank", "text_of"]


def clean_text(text: str) -> str:
    """Remove unpaired surrogates, which UTF-8 cannot encode; a pair becomes its character."""
    return text if text.isascii() else without_surrogates(text)


def is_blank(text: str) -> bool:
    """Whether a text is only white space, which some providers refuse in a text block."""
    # Nearly every text begins with a letter, and histories have thousands.
    return not text[:1].isalnum() and not text.strip().strip("\ufeff").strip()


def text_of(
    block: Text, path: str, changes: Changes, *, blank: str, cited: bool = False
) -> str | None:
    """The text of a block for a request, or `None` where it is blank and is left out.

    Args:
        block: The block.
        path: Its place, such as `messages[3].content[0]`.
        changes: The record of changes.
        blank: The reason for leaving out blank text, in one sentence.
        cited: Whether the caller sends the citations of the block; else they are dropped.
    """
    text = block.text
    if not text.isascii() and (cleaned := without_surrogates(text)) != text:
        text = cleaned
        changes.rewritten(path, "Unpaired surrogates are not text.")
    if is_blank(text):
        changes.dropped(path, blank)
        return None
    if block.citations and not cited:
        changes.dropped(f"{path}.citations", "The API does not take citations back.")
    return text


def clean_json(value: Any) -> Any:
    """Copy a value as plain JSON.

    Texts and keys lose unpaired surrogates; keys become texts; numbers that JSON does not have
    become `null`; anything that is not JSON becomes its text. A value that is nested deeper than
    128 levels becomes `null` as a whole.
    """
    try:
        return _clean(value, MAX_DEPTH)
    except _TooDeepError:
        return None


class _TooDeepError(Exception):
    """A value is nested too deep."""


def _clean(value: Any, levels: int) -> Any:
    kind = type(value)
    if kind is str or isinstance(value, str):
        return value if value.isascii() else without_surrogates(value)
    if value is None or kind is bool:
        return value
    if kind is not dict and isinstance(value, int | float):
        return value if is_json_number(value) else None
    is_object = kind is dict or isinstance(value, Mapping)
    if not is_object and not isinstance(value, list | tuple | set | frozenset):
        return clean_text(str(value))
    if not levels:
        raise _TooDeepError
    if is_object:
        return {
            key if type(key) is str and key.isascii() else clean_text(str(key)): _clean(
                item, levels - 1
            )
            for key, item in value.items()
        }
    return [_clean(item, levels - 1) for item in value]
