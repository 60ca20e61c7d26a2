"""Redaction: keeps secrets out of logs, errors and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.redaction.exceptions import chain, without_text
    from modelwire.redaction.http import conceal, secrets_in
    from modelwire.redaction.names import HIDDEN, is_secret_path, looks_secret

__all__ = [
    "HIDDEN",
    "chain",
    "conceal",
    "is_secret_path",
    "looks_secret",
    "secrets_in",
    "without_text",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "exceptions": (
            "chain",
            "without_text",
        ),
        "http": (
            "conceal",
            "secrets_in",
        ),
        "names": (
            "HIDDEN",
            "is_secret_path",
            "looks_secret",
        ),
    },
)
