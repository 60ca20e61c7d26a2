"""The dry-run transport: it captures a request and sends nothing."""

from __future__ import annotations

from pathlib import Path

from modelwire.errors import ModelwireError
from modelwire.transport.client import Transport
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.request import Request
from modelwire.transport.response import Response

__all__ = ["DryRunTransport", "RequestCaptured"]


class RequestCaptured(ModelwireError):
    """A request that was ready to be sent and was captured.

    It is not a provider's failure, so there is no retry and no fallback.

    Attributes:
        request: The request that would have been sent.
    """

    code = "not_sent"

    def __init__(self, request: Request) -> None:
        super().__init__("The request was not sent.")
        self.request = request


class DryRunTransport(Transport):
    """Takes every request and raises it as `RequestCaptured`."""

    async def _open(
        self,
        request: Request,
        deadlines: Deadlines,  # noqa: ARG002 - nothing is waited for
        provider: str | None,  # noqa: ARG002
        model: str | None,  # noqa: ARG002
    ) -> Response:
        raise RequestCaptured(request)

    def trusting(self, ca_bundle: Path | str) -> Transport:  # noqa: ARG002 - nothing is connected
        """Sends nothing either."""
        return self
