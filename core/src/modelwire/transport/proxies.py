"""Proxies, chosen by the conventional environment variables."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from modelwire.errors import ConfigError
from modelwire.transport.urls import Endpoint, endpoint_of

__all__ = ["ProxyLogin", "proxy_for", "proxy_login"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Find the proxy that the environment configures, or `None` for a direct connection.

    `HTTPS_PROXY` or `HTTP_PROXY`, by the scheme of `url`, then `ALL_PROXY`. A name in lower case
    takes precedence over upper case, even when it is empty, and `HTTP_PROXY` in upper case is
    ignored where `REQUEST_METHOD` says that this is a CGI program (as in `urllib`). A value
    without a scheme means `http://`.

    `NO_PROXY` lists, separated by commas or spaces, hosts to reach directly: `*`, a host name with
    everything below it (`example.com`, `.example.com` and `*.example.com` are the same), an IP
    address, a network such as `10.0.0.0/8`, each with or without `:port`. `localhost`, the names
    below it, `127.0.0.0/8` and `::1` are always reached directly.

    Raises:
        ConfigError: `url` is not an absolute `http` or `https` URL.
    """
    endpoint = endpoint_of(url)
    proxy = _variable(environ, f"{endpoint.scheme}_proxy") or _variable(environ, "all_proxy")
    if not proxy or _is_loopback(endpoint.host) or _is_exempt(endpoint, environ):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    if name in environ:
        return environ[name].strip()
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return ""
    return environ.get(name.upper(), "").strip()


def _is_loopback(host: str) -> bool:
    host = host.rstrip(".")
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def _is_exempt(endpoint: Endpoint, environ: Mapping[str, str]) -> bool:
    host = endpoint.host.rstrip(".")
    address = _address(host)
    return any(
        _matches(entry.lower(), host, endpoint.port, address)
        for entry in re.split(r"[\s,]+", _variable(environ, "no_proxy"))
        if entry
    )


def _matches(entry: str, host: str, port: int, address: _Address | None) -> bool:
    if entry == "*":
        return True
    name, wanted_port = _split_port(entry)
    if wanted_port is not None and wanted_port != port:
        return False
    if address is not None:
        try:
            return address in ipaddress.ip_network(name, strict=False)
        except ValueError:
            return False
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", entry)
    plain = re.fullmatch(r"([^:]*):(\d+)", entry)
    match = bracketed or plain
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@frozen
class ProxyLogin:
    """The address of a proxy, with its credentials.

    Attributes:
        endpoint: Its host and port.
        headers: `Proxy-Authorization` when its URL held a user name (RFC 7617), else nothing.
    """

    endpoint: Endpoint
    headers: Mapping[str, str] = field(factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The proxy's URL without user name and password."""
        host = self.endpoint.host
        host = f"[{host}]" if ":" in host else host
        return f"{self.endpoint.scheme}://{host}:{self.endpoint.port}"


def proxy_login(url: str) -> ProxyLogin:
    """Parse a proxy's URL; one without a scheme means `http://`.

    Raises:
        ConfigError: It is not an `http` or `https` URL.
    """
    url = url.strip()
    scheme, mark, _ = url.partition("://")
    if not mark:
        url = f"http://{url}"
    elif scheme.lower() not in {"http", "https"}:
        raise ConfigError(
            f"A proxy of the kind {scheme}:// is not supported.",
            hint="Only http:// and https:// proxies are; most SOCKS proxies offer one of these too.",
        )
    endpoint = endpoint_of(url, what="The URL of the proxy")
    parts = urlsplit(url)
    if parts.username is None:
        return ProxyLogin(endpoint)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    token = base64.b64encode(login.encode()).decode("ascii")
    return ProxyLogin(endpoint, {"Proxy-Authorization": f"Basic {token}"})
