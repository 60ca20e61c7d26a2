"""The transport of a route: failures in AWS's own shape become AWS's typed errors.

Before a request reaches the model, AWS refuses it in the shape of its own APIs, with the code in a header
field; the plugin that speaks the API behind could only read the status.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from modelwire.transport import TransportView
from modelwire_bedrock.errors import fault_of_response

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Request, Response, Transport

__all__ = ["AwsFaultTransport"]

_CODE = "x-amzn-errortype"


class AwsFaultTransport(TransportView):
    """A view of a transport; the connections are the transport's, and closing it closes nothing.

    Args:
        inner: The transport that sends.
    """

    def send(
        self,
        request: Request,
        *,
        deadlines: Deadlines | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Send a request; see `Transport.send`.

        Raises:
            ProviderError: AWS refused it in its own shape.
        """
        sent = self.inner.send(request, deadlines=deadlines, provider=provider, model=model)
        return _CheckedResponse(sent, provider, model)

    def view_of(self, inner: Transport) -> AwsFaultTransport:
        """The same view of another transport."""
        return AwsFaultTransport(inner)


class _CheckedResponse:
    """A response that is not a failure in AWS's shape. It is a class for the reason that the core's is."""

    def __init__(
        self,
        sent: AbstractAsyncContextManager[Response],
        provider: str | None,
        model: str | None,
    ) -> None:
        self._sent = sent
        self._provider = provider
        self._model = model

    async def __aenter__(self) -> Response:
        response = await self._sent.__aenter__()
        if response.status < 300 or _CODE not in response.headers:
            return response
        try:
            body = await response.read_error()
        finally:
            await self._sent.__aexit__(None, None, None)
        fault = fault_of_response(response.status, response.headers, body)
        raise fault.error(provider=self._provider, model=self._model) from fault

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._sent.__aexit__(kind, error, traceback)
