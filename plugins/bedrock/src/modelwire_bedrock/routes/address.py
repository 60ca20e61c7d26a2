"""The address of a route: the endpoint's root, and the path of its API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwire.errors import ConfigError
from modelwire_bedrock.aws.credentials.shared_files import read_shared_files
from modelwire_bedrock.aws.endpoints import Target, configured_endpoint
from modelwire_bedrock.aws.regions import aws_address
from modelwire_bedrock.aws.service_hosts import is_mantle, mantle_url
from modelwire_bedrock.models.routes import MANTLE_PROVIDER, MESSAGES

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.models import Model
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.models.routes import Prefix
    from modelwire_bedrock.routes.choice import RouteChoice

__all__ = ["base_url", "mantle_root", "runtime_root"]

_API_PATH = re.compile(r"/(?:openai/v1|openai|v1|anthropic/v1|anthropic)/*$")
"""API paths that users append to the address of an endpoint."""


async def runtime_root(target: Target, clients: Clients) -> str:
    """The address of the runtime, as botocore finds it for Converse.

    Raises:
        AuthenticationError: There are no credentials, or they cannot be loaded.
        ConfigError: The region has no such endpoint.
    """
    if target.endpoint_url is not None:
        return _root(target.endpoint_url)
    client = await clients.get("bedrock-runtime", target)
    return _root(client.meta.endpoint_url)


def mantle_root(model: Model, provider: ProviderConfig, target: Target) -> str:
    """The address of Mantle.

    A `baseUrl` of Mantle at AWS or of the provider `amazon-bedrock-mantle`;
    `AWS_ENDPOINT_URL_BEDROCK_MANTLE`, `AWS_ENDPOINT_URL` or the profile's endpoint; another `baseUrl`
    that is not the runtime's at AWS, as a proxy's or an emulator's; the region's own.

    Raises:
        ConfigError: A FIPS 140 endpoint or a VPC endpoint is required, and none of Mantle is named.
    """
    written = (model.base_url or provider.base_url or "").strip()
    address = aws_address(written)
    if written and (provider.id == MANTLE_PROVIDER or is_mantle(written)):
        return _root(written)
    files = read_shared_files(target.environ)
    named = configured_endpoint("bedrock-mantle", target.environ, files, target.choice)
    if named:
        return _root(named)
    if written and address is None:
        return _root(written)
    wanted = "a VPC endpoint" if address is not None and address.private else None
    if target.use_fips or _says_fips(target):
        wanted = "a FIPS 140 endpoint"
    if wanted is not None:
        msg = (
            f"The configuration asks for {wanted}, and no such address of bedrock-mantle is known."
        )
        raise ConfigError(msg, hint="Set AWS_ENDPOINT_URL_BEDROCK_MANTLE to it.")
    return mantle_url(target.region)


def base_url(root: str, choice: RouteChoice, prefix: Prefix) -> str:
    """The base URL of a route's API, as the plugin that speaks it takes it.

    Args:
        root: The address of the endpoint.
        choice: The route.
        prefix: The path of OpenAI's APIs at Mantle.
    """
    if choice.api == MESSAGES:
        return f"{root}/anthropic"
    return f"{root}/{'openai/v1' if choice.endpoint == 'runtime' else prefix}"


def _root(url: str) -> str:
    return _API_PATH.sub("", url.strip().rstrip("/"))


def _says_fips(target: Target) -> bool:
    files = read_shared_files(target.environ)
    setting = target.environ.get("AWS_USE_FIPS_ENDPOINT") or files.profile(target.profile).get(
        "use_fips_endpoint"
    )
    return str(setting or "").lower() == "true"
