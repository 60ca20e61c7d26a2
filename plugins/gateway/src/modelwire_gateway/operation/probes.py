"""Probes of the gateway itself: liveness, readiness and metrics."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from modelwire_gateway.access.caller import RequestRefused, header_fields
from modelwire_gateway.gateway import Gateway
from modelwire_gateway.hosts import is_loopback
from modelwire_gateway.operation.metrics import Metrics

__all__ = ["Probes"]

_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Probes:
    """`/healthz`, `/readyz` and `/metrics`.

    Liveness is public. The others are open on loopback, and need a key
    beyond it, unless the settings open them.

    Args:
        gateway: What all doors share.
        metrics: The metrics.
    """

    def __init__(self, gateway: Gateway, metrics: Metrics) -> None:
        self._gateway = gateway
        self._metrics = metrics

    async def healthz(self, _: Request) -> Response:
        """Answer `GET /healthz`: the process answers."""
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        """Answer `GET /readyz`: whether callers can be admitted."""
        if (refused := await self._refusal(request)) is not None:
            return refused
        if self._gateway.ready:
            return PlainTextResponse("ready\n")
        return PlainTextResponse("The keys or the limits cannot be checked.\n", status_code=503)

    async def metrics(self, request: Request) -> Response:
        """Answer `GET /metrics`."""
        if (refused := await self._refusal(request)) is not None:
            return refused
        return Response(self._metrics.render(), media_type=_METRICS_TYPE)

    async def _refusal(self, request: Request) -> Response | None:
        settings = self._gateway.settings
        if settings.open_probes or (is_loopback(settings.host) and _is_from_here(request)):
            return None
        try:
            await self._gateway.access.authenticate(header_fields(request.headers.raw))
        except RequestRefused as refused:
            return PlainTextResponse(f"{refused.message}\n", status_code=refused.status)
        return None


def _is_from_here(request: Request) -> bool:
    """Whether a request comes from this machine, and not through a proxy on it."""
    client = request.client
    forwarded = any(name in request.headers for name in _FORWARDED)
    return client is not None and is_loopback(client.host) and not forwarded
