"""The view of a transport: it changes requests and shares the transport's connections."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from modelwire.transport.client import Transport
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.request import Request
from modelwire.transport.response import Response

__all__ = ["TransportView"]


class TransportView(Transport):
    """A transport that sends through another one. Closing it closes nothing.

    Args:
        inner: The transport that sends.

    Attributes:
        inner: The transport that sends.
    """

    def __init__(self, inner: Transport) -> None:
        # There is a view for each request, and all else of a transport is for connections.
        self.deadlines = inner.deadlines
        self.inner = inner

    @abstractmethod
    def view_of(self, inner: Transport) -> TransportView:
        """The same view of another transport."""

    def send(
        self,
        request: Request,
        *,
        deadlines: Deadlines | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Send a request through the transport; see `Transport.send`."""
        return self.inner.send(request, deadlines=deadlines, provider=provider, model=model)

    def trusting(self, ca_bundle: Path | str) -> Transport:
        """The same view for a service with certificates of its own."""
        return self.view_of(self.inner.trusting(ca_bundle))

    async def aclose(self) -> None:
        """Leave the connections open, since they belong to the transport."""
