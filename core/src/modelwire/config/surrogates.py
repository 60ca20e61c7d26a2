"""Halves of characters, which JSON can hold and UTF-8 cannot."""

from __future__ import annotations

import re

__all__ = ["has_surrogates", "join_surrogates"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogates(text: str) -> bool:
    """Whether the text holds halves of characters, which cannot be written as UTF-8."""
    return _SURROGATE.search(text) is not None


def join_surrogates(text: str) -> str:
    """Join the halves of characters that JSON escapes as two, those above U+FFFF."""
    if not has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
