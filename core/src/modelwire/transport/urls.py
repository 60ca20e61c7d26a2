"""Endpoints of URLs, in a form safe for display: no userinfo, no path, no query string."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from attrs import frozen

from modelwire.errors import ConfigError

__all__ = ["Endpoint", "endpoint_of"]

_PORTS = {"http": 80, "https": 443}
_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")


@frozen
class Endpoint:
    """The scheme, host and port of a URL; as a string, `host` or `host:port`.

    Attributes:
        scheme: `http` or `https`.
        host: In lower case, an IPv6 address without its brackets.
        port: As given, or the scheme's own.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def endpoint_of(url: str, *, what: str = "The address of the provider") -> Endpoint:
    """Parse a URL.

    Raises:
        ConfigError: It is not an absolute `http` or `https` URL that can be sent.
    """
    return _endpoint_of(url, what)


@lru_cache(maxsize=256)
def _endpoint_of(url: str, what: str) -> Endpoint:
    if _UNSENDABLE.search(url):
        raise ConfigError(f"{what} holds a space or a control character.")
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{what} is not a URL: its host or port is malformed.") from error
    if scheme not in _PORTS or not host:
        raise ConfigError(f"{what} must begin with http:// or https:// and a host name.")
    return Endpoint(scheme, host, _PORTS[scheme] if port is None else port)
