"""One sentence out of the body of an error, whatever its format."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["explain_body"]

_LONGEST = 500
_KEYS = ("message", "Message", "error_description", "error", "errors", "detail", "title", "msg")
_DEPTH = 5


def explain_body(body: bytes, content_type: str | None = None) -> str:
    """Find what the body of an error says.

    Knows JSON in the shapes that providers use (`{"error": {"message": ...}}`, `{"error": "..."}`,
    `{"message": ...}`, `{"Message": ...}`, `{"detail": ...}` with a text or a list of them), HTML
    (its title, else its text) and plain text. What the body is decides, not what `content_type`
    says, which proxies and gateways get wrong; it only tells an HTML fragment from plain text.

    Returns:
        At most 500 characters on one line, without control characters; empty where nothing is said.
    """
    text = body.decode("utf-8", "replace").strip().removeprefix("\ufeff")
    if text[:1] in {"{", "[", '"'}:
        try:
            return _tidy(_said(json.loads(text)))
        except (ValueError, RecursionError):
            pass
    if text[:1] == "<" or "html" in (content_type or "").lower():
        return _tidy(_html_text(text))
    return _tidy(text)


def _said(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth > _DEPTH:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_item(item, depth) for item in value[:10])))
    if isinstance(value, dict):
        return next((said for key in _KEYS if (said := _said(value.get(key), depth + 1))), "")
    return ""


def _item(value: Any, depth: int) -> str:
    """Say one of several details; validation errors of FastAPI have the place under `loc`."""
    said = _said(value, depth + 1)
    place = value.get("loc") if isinstance(value, dict) else None
    if said and isinstance(place, list):
        return f"{'.'.join(map(str, place))}: {said}"
    return said


def _html_text(text: str) -> str:
    from html import unescape  # a table of a thousand names, for one error in many

    text = text[:100_000]
    title = re.search(r"<title[^<>]*>([^<]*)", text, re.IGNORECASE)
    if title and title[1].strip():
        return unescape(title[1])
    text = re.sub(r"<(script|style)\b.*?(</\1\s*>|\Z)", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return unescape(re.sub(r"<[^<>]*>", " ", text))


def _tidy(text: str) -> str:
    # Enough for the result, whatever is taken out of it; an error's body may be megabytes.
    text = " ".join(text[:20_000].split())
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3].rstrip()}..."
