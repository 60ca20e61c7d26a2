"""Access: the names under which the emulator may be called, and no calls from web pages.

A page in a browser can send requests to every address that its user reaches, this machine's included.
Under a name of its own that it lets point to this machine (DNS rebinding) it could read the answers
too. Its requests are known by their `Host`, and by header fields that no page can forge or leave out:
`Origin` (RFC 6454 section 7) and `Sec-Fetch-Site` (W3C Fetch Metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

from modelwire_bedrock.emulator.errors import Refusal, access_denied

__all__ = ["HostPolicy", "check_origin", "is_loopback"]

_OWN_PAGES = (None, "none", "same-origin")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host by this name or address."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@frozen
class HostPolicy:
    """The hosts that requests may be addressed to.

    Attributes:
        listening: The address to listen on, as it was given.
        allowed: Further names, in lower case.
    """

    listening: str
    allowed: frozenset[str] = frozenset()

    def check(self, field: str | None, local_address: str | None) -> None:
        """Refuse a request to another host.

        Args:
            field: The header field `Host`.
            local_address: The address of this machine at which the connection arrived.

        Raises:
            Refusal: The request names another host, or none.
        """
        name = _host_name(field)
        if name is not None and (
            is_loopback(name) or name in {self.listening.lower(), local_address, *self.allowed}
        ):
            return
        msg = (
            f"The request is addressed to {field!r}, which is not a name of this emulator. "
            "--allow-host adds a name."
        )
        raise access_denied(msg)


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse a request that a page of another origin makes in a browser.

    Args:
        headers: The header fields, names in lower case.

    Raises:
        Refusal: A page of another origin makes it.
    """
    origin = headers.get("origin")
    own = (f"http://{headers.get('host')}", f"https://{headers.get('host')}")
    if (origin is None or origin in own) and headers.get("sec-fetch-site") in _OWN_PAGES:
        return
    raise Refusal("AccessDeniedException", "Requests of web pages from another origin are refused.")


def _host_name(field: str | None) -> str | None:
    """The name or address in a `Host` field, without its port."""
    if not field:
        return None
    try:
        name = urlsplit(f"//{field}").hostname
    except ValueError:
        return None
    return name.rstrip(".") if name else None
