"""Hosts of AWS that take requests to models, and the names that requests to them are signed with.

The host of the runtime has the name `bedrock-runtime` and is signed for `bedrock`; Mantle, which has no
service model in botocore, has `bedrock-mantle` for both (openai 3.57 and anthropic 2.14, November 2026).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from attrs import frozen

__all__ = [
    "MANTLE",
    "RUNTIME",
    "ServiceHost",
    "is_loopback",
    "is_mantle",
    "mantle_url",
    "service_host",
]

RUNTIME = "bedrock"
MANTLE = "bedrock-mantle"
"""Names that requests are signed with."""

_SIGNED_FOR = {"bedrock-runtime": RUNTIME, "bedrock-mantle": MANTLE}
# Partitions as botocore's endpoints.json lists them.
_HOST = re.compile(
    r"(?:vpce-[a-z0-9-]+\.)?(?P<name>bedrock-runtime|bedrock-mantle)(?:-fips)?\."
    r"(?P<region>[a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|c2s\.ic\.gov"
    r"|sc2s\.sgov\.gov|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))"
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@frozen
class ServiceHost:
    """The parts of a service's host name.

    Attributes:
        service: The name that requests are signed with.
        region: The region in it.
    """

    service: str
    region: str


def service_host(url: str) -> ServiceHost | None:
    """Read the host of a URL; `None` where it is not one of AWS's for models."""
    match = _HOST.fullmatch((urlsplit(url).hostname or "").rstrip("."))
    return ServiceHost(_SIGNED_FOR[match["name"]], match["region"]) if match else None


def is_mantle(url: str | None) -> bool:
    """Whether a URL is one of Mantle at AWS."""
    host = service_host(url) if url else None
    return host is not None and host.service == MANTLE


def mantle_url(region: str) -> str:
    """The address of Mantle in a region."""
    return f"https://bedrock-mantle.{region}.api.aws"


def is_loopback(url: str) -> bool:
    """Whether a URL is one of this machine."""
    return (urlsplit(url).hostname or "") in _LOOPBACK
