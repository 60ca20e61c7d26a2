"""The models of the endpoint Mantle in a region, from its list in OpenAI's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.authoring import parse_json
from modelwire.errors import MalformedResponse
from modelwire.models import Model
from modelwire.transport import Request
from modelwire_bedrock.auth import authorize
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.aws.expired import with_fresh_credentials
from modelwire_bedrock.aws.service_hosts import MANTLE
from modelwire_bedrock.aws.signing import transport_for
from modelwire_bedrock.discovery.convert import Mapper
from modelwire_bedrock.discovery.filters import answers_in_text
from modelwire_bedrock.errors import REQUEST_ID_HEADERS, fault_of_response
from modelwire_bedrock.models.routes import MANTLE_REGIONS
from modelwire_bedrock.routes.address import mantle_root
from modelwire_bedrock.routes.choice import choose_route
from modelwire_bedrock.settings import (
    DEFAULT_CONTEXT_WINDOW,
    DEFAULT_MAX_TOKENS,
    discovery_options,
)

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import DiscoverySettings
    from modelwire.transport import Transport

__all__ = ["discover_mantle"]


async def discover_mantle(
    provider: ProviderConfig,
    settings: DiscoverySettings,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> list[Model]:
    """List the models that Mantle offers in a region; none where the region has no such endpoint.

    Args:
        provider: The provider's configuration.
        settings: The discovery settings.
        config: The whole configuration, for its environment.
        transport: What carries the request.
        clients: Where credentials come from; by default those of the process.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: No request could be sent, or AWS refused it.
    """
    options = discovery_options(settings, provider.id)
    target = resolve_target(None, None, provider, config, discovery_region=options.region)
    root = mantle_root(Model(provider.id, ""), provider, target)
    if root.endswith(".api.aws") and target.region not in MANTLE_REGIONS:
        return []
    mantle_provider = evolve(
        provider, region=target.region, extra={**provider.extra, "signingService": MANTLE}
    )
    request = Request(
        "GET",
        f"{root}/v1/models",
        {**provider.headers, "Accept": "application/json"},
        request_id_headers=REQUEST_ID_HEADERS,
    )
    carrier = transport_for(transport, target, root)

    async def fetch() -> Any:
        return await _fetch(
            await authorize(request, mantle_provider, config, clients), carrier, provider.id
        )

    listed = await with_fresh_credentials(fetch, target=target, clients=clients or shared_clients())
    mapper = Mapper(
        provider.id,
        context_window=options.default_context_window
        or provider.context_window
        or DEFAULT_CONTEXT_WINDOW,
        max_tokens=options.default_max_tokens or provider.most_tokens or DEFAULT_MAX_TOKENS,
    )
    makers = options.provider_filter
    ids = [each for each in _ids(listed) if not makers or each.partition(".")[0].lower() in makers]
    from asyncio import to_thread

    # Prices come from a package that is slow to import.
    return await to_thread(_models, ids, mapper, provider)


def _models(ids: list[str], mapper: Mapper, provider: ProviderConfig) -> list[Model]:
    models = (mapper.named(each) for each in sorted(set(ids), key=str.lower))
    return [evolve(model, api=choose_route(model, provider).api) for model in models]


async def _fetch(request: Request, transport: Transport, provider: str) -> Any:
    async with transport.send(request, provider=provider) as response:
        if response.status >= 300:
            body = await response.read_error()
            fault = fault_of_response(response.status, response.headers, body)
            raise fault.error(provider=provider) from fault
        body = await response.read()
    try:
        return parse_json(body)
    except ValueError:
        raise _no_list(provider) from None


def _ids(listed: Any) -> list[str]:
    data = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(data, list):
        raise _no_list("")
    ids = [str(item.get("id") or "").strip() for item in data if isinstance(item, dict)]
    return [each for each in ids if each and answers_in_text(each)]


def _no_list(provider: str) -> MalformedResponse:
    return MalformedResponse("Mantle answered with no list of models.", provider=provider or None)
