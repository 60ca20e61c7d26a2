"""The auth mode `aws-sdk`: requests of any API, with a signature or a bearer token of AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import evolve

from modelwire.errors import ConfigError
from modelwire.transport import merge_headers
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.credentials.shared_files import read_shared_files
from modelwire_bedrock.aws.endpoints import Target, configured_endpoint, resolve_target
from modelwire_bedrock.aws.service_hosts import (
    MANTLE,
    RUNTIME,
    ServiceHost,
    is_loopback,
    service_host,
)
from modelwire_bedrock.aws.sigv4 import is_signed, mint_token, sign_request, signed_with
from modelwire_bedrock.errors import fault_of_response
from modelwire_bedrock.settings import mints_tokens, signing_service

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Request

__all__ = ["authorize", "renew", "target_of"]

_LARGE = 256 * 1024
"""The size of a body from which it is hashed off the event loop; 256 KiB take 0.5 ms."""


async def authorize(
    request: Request, provider: ProviderConfig, config: Config, clients: Clients | None = None
) -> Request:
    """Sign a request, or give it a bearer token; the hook `authorize_request`.

    A request that boto3 has signed, such as those of Converse, is not changed.

    Raises:
        AuthenticationError: There are no credentials, or they cannot be loaded.
        ConnectionFailed: The source of the credentials cannot be reached.
        ConfigError: A setting is not valid, or the request goes to a host that must not get it.
    """
    if is_signed(request):
        return request
    target, service = target_of(request.url, provider, config)
    if target.skip_auth:
        return request
    if target.bearer_token is not None:
        return _with_token(request, target.bearer_token)
    credentials = await (clients or shared_clients()).credentials(target)
    mints = mints_tokens(provider)
    if not mints and len(request.body or b"") < _LARGE:
        return sign_request(request, credentials, service, target.region)
    from asyncio import to_thread

    if mints:  # by botocore, which may not be imported yet
        return _with_token(request, await to_thread(mint_token, credentials, target.region))
    return await to_thread(sign_request, request, credentials, service, target.region)


async def renew(
    request: Request,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    provider: ProviderConfig,
    config: Config,
    clients: Clients | None = None,
) -> bool:
    """Load credentials again that AWS refused; the hook `renew_authorization`.

    Raises:
        AuthenticationError: There are none any more, or they cannot be loaded.
        ConnectionFailed: The source of the credentials cannot be reached.
    """
    refused = signed_with(request)
    if refused is None or not fault_of_response(status, headers, body).refuses_keys:
        return False
    target, _ = target_of(request.url, provider, config)
    if target.skip_auth or target.bearer_token is not None:
        return False
    return await (clients or shared_clients()).replaced(target, refused)


def target_of(url: str, provider: ProviderConfig, config: Config) -> tuple[Target, str]:
    """Find the identity, the region and the service for which a request is authorized.

    The region and the service are those of the host; elsewhere than at AWS the region is that of the
    configuration, and the service the one of the setting `signingService`, or the runtime's.

    Raises:
        ConfigError: A setting is not valid, or the host is neither AWS's, nor loopback, nor named in
            the configuration.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    host = service_host(url)
    region = host.region if host is not None else None
    target = resolve_target(None, origin, provider, config, discovery_region=region)
    if host is None:
        _check_host(url, provider, target)
        name = signing_service(provider) or RUNTIME
        host = ServiceHost(MANTLE if name == MANTLE else RUNTIME, target.region)
    return target, host.service


def _check_host(url: str, provider: ProviderConfig, target: Target) -> None:
    if is_loopback(url):
        return
    named = {urlsplit(each).hostname for each in _named(provider, target)}
    if urlsplit(url).hostname not in named:
        msg = f"The auth mode aws-sdk authorizes no request to {urlsplit(url).hostname}."
        hint = f"Name the address in models.providers.{provider.id}.baseUrl, if it is yours."
        raise ConfigError(msg, hint=hint)


def _named(provider: ProviderConfig, target: Target) -> Iterator[str]:
    """The addresses that the configuration, the environment and the shared files name."""
    yield provider.base_url or ""
    yield from (model.base_url or "" for model in provider.models)
    files = read_shared_files(target.environ)
    for service in ("bedrock-runtime", "bedrock-mantle"):
        yield configured_endpoint(service, target.environ, files, target.choice) or ""


def _with_token(request: Request, token: str) -> Request:
    parts = urlsplit(request.url)
    if parts.scheme != "https" and not is_loopback(request.url):
        msg = f"A bearer token is not sent over plain HTTP to {parts.hostname}."
        raise ConfigError(msg, hint="Use an https address, or AWS_BEDROCK_SKIP_AUTH=1.")
    headers = merge_headers(request.headers, {"Authorization": f"Bearer {token}"})
    return evolve(request, headers=headers)
