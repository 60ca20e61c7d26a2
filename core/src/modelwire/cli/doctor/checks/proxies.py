"""The check of the proxies that requests go through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.errors import ConfigError
from modelwire.transport import proxy_for
from modelwire.transport.proxies import proxy_login

__all__ = ["check_proxies"]

_NAME = "proxies"
_VARIABLES = ("https_proxy", "http_proxy", "all_proxy")


async def check_proxies(situation: DoctorContext) -> list[Finding]:
    """Look which variables name a proxy, and which way each endpoint in use is reached."""
    environ = situation.config.environ
    findings = list(_variables(environ))
    if not findings:
        text = "No proxy variable is set; everything is reached directly."
        return [Finding(_NAME, "ok", text)]
    endpoints = await asyncio.gather(*map(situation.endpoint, situation.providers))
    urls = dict.fromkeys(found.url for found in endpoints if found is not None and found.url)
    return [*findings, *(_way(url, environ) for url in urls)]


def _variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in _VARIABLES:
        lower, upper = environ.get(name), environ.get(name.upper())
        if lower is not None and upper is not None and lower.strip() != upper.strip():
            text = f"{name} and {name.upper()} differ; {name} counts."
            yield Finding(_NAME, "warning", text, "Unset one of them.")
        shown = name if lower is not None else name.upper()
        value = (lower if lower is not None else upper or "").strip()
        if value:
            yield _variable(shown, value)
    exempt = environ.get("no_proxy", environ.get("NO_PROXY", "")).strip()
    if exempt:
        yield Finding(_NAME, "ok", f"NO_PROXY: {exempt} are reached directly")


def _variable(name: str, value: str) -> Finding:
    """Describe a proxy without the user name and password that its URL may hold."""
    try:
        login = proxy_login(value)
    except ConfigError as error:
        hint = error.hint or f"Correct {name}, for example http://proxy.example:3128, or unset it."
        return Finding(_NAME, "problem", f"{name}: {error}", hint, {"variable": name})
    known = " with a user name" if login.headers else ""
    details = {"variable": name, "proxy": login.url, "login": bool(login.headers)}
    return Finding(_NAME, "ok", f"{name}: {login.url}{known}", details=details)


def _way(url: str, environ: Mapping[str, str]) -> Finding:
    try:
        proxy = proxy_for(url, environ)
        way = f"through {proxy_login(proxy).url}" if proxy else "directly"
    except ConfigError:
        way = "through a proxy that cannot be used"  # the variable is a problem of its own
    return Finding(_NAME, "ok", f"{url} is reached {way}", details={"url": url, "way": way})
