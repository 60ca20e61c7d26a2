"""JSON for programs, on whatever standard output can show."""

from __future__ import annotations

import json
import sys

from modelwire.cli.cells import escaped_json

__all__ = ["json_text"]


def json_text(data: object, *, indent: int | None = None) -> str:
    """Write data as JSON text.

    What standard output cannot show, on a terminal or in a pipe without UTF-8, is escaped, and so
    is what could steer a terminal.
    """
    text = escaped_json(json.dumps(data, indent=indent, ensure_ascii=False))
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text
