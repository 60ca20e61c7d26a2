"""The dry-run transport: it captures a request and sends nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from modelwire.errors import ModelwireError
from modelwire.transport.client import Transport
from modelwire.transport.request import Request
from modelwire.transport.response import Response

__all__ = ["DryRunTransport", "RequestCaptured"]


class RequestCaptured(ModelwireError):
    """A request was ready to be sent, and was kept.

    It is no failure of a provider, so nobody tries again or falls back.

    Attributes:
        request: What would have been sent.
    """

    code = "not_sent"

    def __init__(self, request: Request) -> None:
        super().__init__("The request was not sent.")
        self.request = request


class DryRunTransport(Transport):
    """Takes every request and raises it as `RequestCaptured`."""

    @asynccontextmanager
    async def send(self, request: Request, **_: Any) -> AsyncGenerator[Response, None]:
        """Send nothing.

        Raises:
            RequestCaptured: Always.
        """
        yield self._keep(request)

    def _keep(self, request: Request) -> Response:
        raise RequestCaptured(request)

    def trusting(self, ca_bundle: Path | str) -> Transport:  # noqa: ARG002 - it trusts nobody
        """Sends nothing either."""
        return self
