"""Redaction: keeps secrets out of logs, errors and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.redaction.echoes import redact, redact_data
    from modelwire.redaction.exceptions import chain, scrub
    from modelwire.redaction.http import (
        secrets_in,
        shown_request_headers,
        shown_response_headers,
        shown_url,
        url_repr,
    )
    from modelwire.redaction.keys import looks_like_a_key
    from modelwire.redaction.names import HIDDEN, is_secret_path, looks_secret

__all__ = [
    "HIDDEN",
    "chain",
    "is_secret_path",
    "looks_like_a_key",
    "looks_secret",
    "redact",
    "redact_data",
    "scrub",
    "secrets_in",
    "shown_request_headers",
    "shown_response_headers",
    "shown_url",
    "url_repr",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "echoes": (
            "redact",
            "redact_data",
        ),
        "exceptions": (
            "chain",
            "scrub",
        ),
        "http": (
            "secrets_in",
            "shown_request_headers",
            "shown_response_headers",
            "shown_url",
            "url_repr",
        ),
        "keys": ("looks_like_a_key",),
        "names": (
            "HIDDEN",
            "is_secret_path",
            "looks_secret",
        ),
    },
)
