"""What would be sent, without sending it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import frozen

from modelwire.config.secrets import HIDDEN, looks_secret
from modelwire.models import Model
from modelwire.transport import Request

__all__ = ["DryRun"]

# Everything else may be a signature, a token or a key, whatever its provider calls it.
_SHOWN_HEADERS = frozenset(
    {"accept", "accept-encoding", "anthropic-version", "content-type", "user-agent", "x-amz-date"}
)


@frozen
class DryRun:
    """A request that was made and not sent.

    Attributes:
        model: The model that would be asked.
        request: The finished request, signed where the provider wants that. It holds secrets.
        changes: What was rewritten, dropped or added on the way from the context to the request.
    """

    model: Model
    request: Request
    changes: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The whole as plain JSON data, with the values of headers that may be secret hidden."""
        return {
            "model": str(self.model.ref),
            "method": self.request.method,
            "url": _shown_url(self.request.url),
            "headers": {
                name: value if name.lower() in _SHOWN_HEADERS else HIDDEN
                for name, value in self.request.headers.items()
            },
            "body": _shown_body(self.request.body),
            "changes": list(self.changes),
        }


def _shown_url(url: str) -> str:
    parts = urlsplit(url)
    if not (parts.query or "@" in parts.netloc):
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = [(name, HIDDEN if looks_secret(name) else value) for name, value in pairs]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=urlencode(shown, safe="<>/:")).geturl()


def _shown_body(body: bytes | None) -> Any:
    """The body as JSON where it is, as text where it is, and else in base64."""
    if body is None:
        return None
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
