"""A proxy's URL, taken apart so that its password is sent but never shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from modelwire.errors import ConfigError
from modelwire.transport.endpoint import Endpoint, endpoint_of

__all__ = ["ProxyLogin", "proxy_login"]


@frozen
class ProxyLogin:
    """How to reach a proxy.

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
    """Take a proxy's URL apart; one without a scheme means `http://`.

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
