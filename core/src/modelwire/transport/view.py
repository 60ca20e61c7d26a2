"""The view of a transport: it changes requests and shares the transport's connections."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from modelwire.transport.client import Transport

__all__ = ["TransportView"]


class TransportView(Transport):
    """A transport that sends through another one. Closing it closes nothing.

    Args:
        inner: The transport that sends.

    Attributes:
        inner: The transport that sends.
    """

    def __init__(self, inner: Transport) -> None:
        super().__init__(deadlines=inner.deadlines)
        self.inner = inner

    @abstractmethod
    def view_of(self, inner: Transport) -> TransportView:
        """The same view of another transport."""

    def trusting(self, ca_bundle: Path | str) -> Transport:
        """The same view for a service with certificates of its own."""
        return self.view_of(self.inner.trusting(ca_bundle))

    async def aclose(self) -> None:
        """Leave the connections open, since they belong to the transport."""
