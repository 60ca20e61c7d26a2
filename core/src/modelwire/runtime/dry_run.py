"""The dry run: a request that is built but not sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from modelwire.errors import InvalidRequest
from modelwire.models import Model
from modelwire.redaction import shown_request_headers, shown_url
from modelwire.transport import Request

__all__ = ["DryRun", "NothingToSend"]


class NothingToSend(InvalidRequest):
    """The model answers without a request over HTTP."""


@frozen
class DryRun:
    """A request that was built but not sent.

    Attributes:
        model: The model that would be called.
        request: The finished request, signed where the provider requires it. It holds secrets.
        changes: What was rewritten, dropped or added between the context and the request.
    """

    model: Model
    request: Request
    changes: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON data, with header values that may be secret hidden."""
        return {
            "model": str(self.model.ref),
            "method": self.request.method,
            "url": shown_url(self.request.url),
            "headers": shown_request_headers(self.request.headers, self.request.public_headers),
            "body": _shown_body(self.request.body),
            "changes": list(self.changes),
        }


def _shown_body(body: bytes | None) -> Any:
    """The body as JSON or text where possible, and else in base64."""
    if body is None:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
