"""Endpoints of providers, and whether they answer."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from attrs import field, frozen

from modelwire.errors import ModelwireError
from modelwire.hookspecs import CredentialStatus
from modelwire.models import ModelRef
from modelwire.runtime import Runtime
from modelwire.transport import Deadlines, Request, Transport

__all__ = ["ProbeResult", "ProviderEndpoint", "find_endpoint", "reach"]

_URL_DETAILS = ("endpoint", "baseUrl")
"""The details of credentials that hold the address of the service."""
_BUNDLE_DETAIL = "caBundle"


@frozen
class ProviderEndpoint:
    """The endpoint of a provider.

    Attributes:
        url: Its scheme, host and port, or `None` where that cannot be found out.
        ca_bundle: The certificates that its plugin trusts in place of the usual ones, or `None`.
        problem: Why it cannot be found out.
        hint: What to do about that.
    """

    url: str | None
    ca_bundle: str | None = None
    problem: str | None = None
    hint: str | None = None


@frozen
class ProbeResult:
    """The result of probing an endpoint.

    Attributes:
        endpoint: The endpoint.
        status: The HTTP status of its answer, or `None` where none came or no request was sent.
        seconds: How long the answer took.
        ahead: Seconds that the service's clock is ahead of this machine's, or `None`.
        error: Why there is no answer.
    """

    endpoint: ProviderEndpoint
    status: int | None = None
    seconds: float | None = None
    ahead: float | None = None
    error: ModelwireError | None = field(default=None, eq=False)


async def find_endpoint(
    runtime: Runtime,
    provider: str,
    ref: ModelRef | None,
    credentials: CredentialStatus,
    *,
    offline: bool,
    timeout: float,
) -> ProviderEndpoint | None:
    """Find out where a provider is.

    What the configuration and the plugin say counts; where they say nothing, a request is made for
    one of its models and not sent. Offline, no network access is attempted.

    Args:
        runtime: The plugins and the configuration.
        provider: The provider's id.
        ref: A model of it, if one is known.
        credentials: What its plugin says about its credentials.
        offline: Whether no request may be sent.
        timeout: Seconds for all of it.

    Returns:
        The endpoint, or `None` for a provider that is not reached over HTTP.
    """
    bundle = credentials.details.get(_BUNDLE_DETAIL)
    base_url = runtime.registry.provider_config(provider).base_url
    base_url = base_url or next(
        (credentials.details[k] for k in _URL_DETAILS if k in credentials.details), None
    )
    if base_url is None:
        listed = runtime.catalog.cached(provider).models
        base_url = next((model.base_url for model in listed if model.base_url), None)
        if any(model.local for model in listed):
            return None
    if base_url is not None:
        return _endpoint(base_url, bundle)
    if offline:
        return ProviderEndpoint(None, bundle, "its address is found out with a request only")
    try:
        async with asyncio.timeout(timeout):
            return await _rehearsed(runtime, provider, ref, bundle)
    except TimeoutError:
        return ProviderEndpoint(
            None, bundle, f"its address was not found within {timeout:g} seconds"
        )
    except ModelwireError as error:
        return ProviderEndpoint(None, bundle, str(error), error.hint)


async def reach(transport: Transport, endpoint: ProviderEndpoint, timeout: float) -> ProbeResult:
    """Request the front page of an endpoint, without credentials; any answer will do.

    Args:
        transport: The HTTP client, with the user's proxies and certificates.
        endpoint: The endpoint; its URL must be known.
        timeout: Seconds for all of it.
    """
    assert endpoint.url is not None  # noqa: S101 - the caller has looked
    if endpoint.ca_bundle and endpoint.url.startswith("https:"):
        transport = transport.trusting(endpoint.ca_bundle)
    request = Request("GET", f"{endpoint.url}/")
    deadlines = Deadlines(connect=timeout, first_byte=timeout, idle=timeout, total=timeout)
    sent_at, began = time.time(), time.monotonic()
    try:
        async with transport.send(request, deadlines=deadlines) as response:
            seconds = time.monotonic() - began
            ahead = _ahead(response.headers.get("date"), sent_at + seconds / 2)
            return ProbeResult(endpoint, response.status, seconds, ahead)
    except ModelwireError as error:
        return ProbeResult(endpoint, error=error)


async def _rehearsed(
    runtime: Runtime, provider: str, ref: ModelRef | None, bundle: str | None
) -> ProviderEndpoint | None:
    listing = await runtime.catalog.listing(provider)
    if any(model.local for model in listing.models):
        return None
    if ref is None:
        ref = next((model.ref for model in listing.models if model.may_answer), None)
    if ref is None:
        if listing.error is not None:
            raise listing.error
        return ProviderEndpoint(None, bundle, "none of its models is known")
    return _endpoint((await runtime.dry_run("ping", model=ref)).request.url, bundle)


def _endpoint(url: str, bundle: str | None) -> ProviderEndpoint:
    """Keep of a URL what may be shown: neither a login nor a path nor a query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        return ProviderEndpoint(None, bundle, "its base URL is not an absolute http or https URL")
    host = f"[{host}]" if ":" in host else host
    return ProviderEndpoint(f"{parts.scheme}://{host}" + (f":{port}" if port else ""), bundle)


def _ahead(date: str | None, here: float) -> float | None:
    """How far the clock behind a `Date` field (RFC 9110 section 6.6.1) is ahead."""
    if date is None:
        return None
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return None
    # The field knows whole seconds only; on average half a second is lost.
    return there.replace(tzinfo=there.tzinfo or UTC).timestamp() + 0.5 - here
