"""The check that the endpoint of each provider in use answers."""

from __future__ import annotations

import asyncio
from typing import Any

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.endpoints import ProbeResult
from modelwire.cli.doctor.findings import Finding
from modelwire.transport import error_from_status

__all__ = ["check_reachability"]

_NAME = "reachability"
_PROXY_WANTS_LOGIN = 407
_GATEWAY_FAULTS = (502, 503, 504)


async def check_reachability(situation: DoctorContext) -> list[Finding]:
    """Ask every endpoint at once. Any answer over HTTP will do, also a refusal."""
    providers = list(situation.providers)
    found = await asyncio.gather(*map(situation.reached, providers))
    return [
        _finding(provider, reached, offline=situation.offline)
        for provider, reached in zip(providers, found, strict=True)
    ]


def _finding(provider: str, reached: ProbeResult | None, *, offline: bool) -> Finding:
    if reached is None:
        text = f"{provider}: runs on this machine, without the network"
        return Finding(_NAME, "ok", text, details={"provider": provider})
    endpoint, url = reached.endpoint, reached.endpoint.url
    details = {
        "provider": provider,
        "url": url,
        "status": reached.status,
        "seconds": reached.seconds,
    }
    if offline:
        text = f"{provider}: {url or 'its endpoint'} was not contacted (--offline)"
        return Finding(_NAME, "ok", text, details=details)
    if url is None:
        text = f"{provider}: not contacted, because {endpoint.problem or 'its address is unknown'}"
        return Finding(_NAME, "warning", text, endpoint.hint, details)
    if reached.error is not None:
        error_hint = reached.error.hint or "Check the network, the proxy and the base URL."
        details["code"] = reached.error.code
        return Finding(_NAME, "problem", f"{provider}: {reached.error}", error_hint, details)
    return _answered(provider, reached, details)


def _answered(provider: str, reached: ProbeResult, details: dict[str, Any]) -> Finding:
    status, url = reached.status or 0, reached.endpoint.url
    if status == _PROXY_WANTS_LOGIN:
        text = f"{provider}: the proxy before {url} wants a log-in"
        hint = error_from_status(status, headers={}).hint
        return Finding(_NAME, "problem", text, hint, details)
    text = f"{provider}: {url} answers in {reached.seconds or 0:.2f} s (HTTP {status})"
    if status in _GATEWAY_FAULTS:
        hint = "A gateway or proxy answers, but perhaps not the service behind it."
        return Finding(_NAME, "warning", text, hint, details)
    return Finding(_NAME, "ok", text, details=details)
