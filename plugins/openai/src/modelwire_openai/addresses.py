"""Base URLs: which host, which path, which query, and whether it is this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from attrs import Factory, field, frozen

from modelwire.redaction import url_repr

__all__ = ["Address", "is_azure", "is_loopback"]

_ROUTES = ("/chat/completions", "/responses", "/models")
_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


@frozen
class Address:
    """The parts of a base URL.

    Attributes:
        base: The URL without its query, and without a slash at its end.
        query: What every request has in its query, as Azure's `api-version`.
    """

    base: str = field(repr=url_repr)
    query: Mapping[str, str] = field(default=Factory(dict), repr=False)

    @classmethod
    def parse(cls, url: str, query: Mapping[str, str] | None = None) -> Address:
        """Take a base URL apart; the URL of a route, as `…/v1/chat/completions`, is its base too."""
        base, own = _taken_apart(url)
        return cls(base, {**own, **(query or {})})

    @property
    def host(self) -> str:
        """The host, in lower case."""
        return _host_of(self.base)

    @property
    def path(self) -> str:
        """The path, without a slash at its end."""
        return urlsplit(self.base).path

    def with_version(self, version: str) -> Address:
        """This address with `api-version` in its query, unless that has one or there is none."""
        if not version or "api-version" in self.query:
            return self
        return Address(self.base, {**self.query, "api-version": version})

    def url(self, route: str) -> str:
        """The URL of a route, such as `chat/completions`."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{self.base}/{route.lstrip('/')}{query}"


@lru_cache(maxsize=256)
def _taken_apart(url: str) -> tuple[str, Mapping[str, str]]:
    """The base and the query of a base URL; each request needs those of a few."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route)
    base = urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))
    return base, dict(parse_qsl(parts.query, keep_blank_values=True))


@lru_cache(maxsize=256)
def _host_of(base: str) -> str:
    return urlsplit(base).hostname or ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, and the loopback and unspecified addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def is_azure(host: str) -> bool:
    """Whether a host is one of Azure's, which take the key in the header `api-key`."""
    return host.endswith(_AZURE)
