"""What a service needs back with thinking and with tool calls, kept as their signatures.

The signature of thinking is the name of the field that it came in, as in the reference; or, where
the service sent opaque data with it, its `reasoning_details` as JSON (OpenRouter, by its
documentation, wants them back as they came). The signature of a tool call is the encrypted detail
that belongs to it, or its `extra_content` (Google, by its documentation, signs calls there).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = [
    "REASONING_CONTENT",
    "REASONING_FIELDS",
    "call_signature",
    "details_signature",
    "is_opaque",
    "read_call_signature",
    "read_details",
    "reasoning_field",
]

REASONING_CONTENT = "reasoning_content"
REASONING_FIELDS = (REASONING_CONTENT, "reasoning", "reasoning_text")
"""The fields that services send thinking in; the first that holds something counts."""


def reasoning_field(signature: str | None) -> str | None:
    """The field that thinking came in, or `None` where its signature names none."""
    return signature if signature in REASONING_FIELDS else None


def is_opaque(detail: dict[str, Any]) -> bool:
    """Whether a detail holds what only the service understands."""
    return bool(detail.get("signature") or detail.get("data"))


def details_signature(details: Sequence[dict[str, Any]]) -> str:
    """Write the details of thinking as its signature."""
    return json.dumps(list(details), ensure_ascii=False, separators=(",", ":"))


def read_details(signature: str | None) -> list[dict[str, Any]] | None:
    """The details that a signature holds, or `None` where it holds none."""
    data = _json(signature)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return None
    return data or None


def call_signature(
    detail: dict[str, Any] | None, extra_content: dict[str, Any] | None
) -> str | None:
    """Write what came with a tool call as its signature."""
    kept = {"extra_content": extra_content} if extra_content else detail
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None


def read_call_signature(signature: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The details that belong into the message, and the keys that belong to the call itself."""
    data = _json(signature)
    if not isinstance(data, dict):
        return [], {}
    if isinstance(data.get("extra_content"), dict):
        return [], {"extra_content": data["extra_content"]}
    return ([data], {}) if str(data.get("type", "")).startswith("reasoning.") else ([], {})


def _json(signature: str | None) -> Any:
    if not signature or signature[0] not in "[{":
        return None
    try:
        return json.loads(signature)
    except (ValueError, RecursionError):
        return None
