"""What this API needs back with a text or with thinking, in the form of the reference.

The signature of thinking is the reasoning item as it came, whole. The signature of a text is
`{"v": 1, "id": ..., "phase": ...}`, and in old sessions the bare id of the message item.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["read_reasoning", "read_text_signature", "text_signature"]


def text_signature(item_id: str | None, phase: str | None) -> str | None:
    """Write the signature of the text of a message item, or `None` where there is nothing to keep."""
    known = {"id": item_id, "phase": phase}
    kept = {name: value for name, value in known.items() if value}
    return json.dumps({"v": 1, **kept}, separators=(",", ":")) if kept else None


def read_text_signature(signature: str | None) -> tuple[str | None, str | None]:
    """The id and the phase of the message item that a text came in."""
    if not signature:
        return None, None
    if not signature.startswith("{"):
        return signature, None
    data = _object(signature)
    item_id, phase = data.get("id"), data.get("phase")
    return (
        item_id if isinstance(item_id, str) else None,
        phase if isinstance(phase, str) else None,
    )


def read_reasoning(signature: str | None) -> dict[str, Any] | None:
    """The reasoning item that a signature holds, or `None` where it holds none."""
    data = _object(signature or "")
    return data if data.get("type") == "reasoning" else None


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
