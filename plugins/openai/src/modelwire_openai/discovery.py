"""The models that a service offers: `GET /models`, and what each service says about them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.models import Model
from modelwire_openai.accounts import Account, default_api, resolve_account
from modelwire_openai.addresses import is_loopback
from modelwire_openai.calling import fetch_json
from modelwire_openai.listings import can_chat, model_of
from modelwire_openai.prices import with_prices

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import DiscoverySettings
    from modelwire.transport import Deadlines, Transport

__all__ = ["discover", "list_models"]

_NO_ROUTE = frozenset({404, 405, 501})


async def discover(
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> list[Model]:
    """List the models that a service offers for conversations.

    A service without the route offers none here; its models can still be named.

    Args:
        provider: The provider's configuration.
        settings: The discovery settings; `all: true` leaves the filter out.
        config: The whole configuration.
        transport: What carries the request.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service cannot be asked, or refused.
    """
    account = resolve_account(provider, config)
    api = provider.api or default_api(provider, config)
    local = is_loopback(account.address.host)
    price_id = account.server.price_id if account.server else None
    everything = settings.values.get("all") is True
    entries = [e for e in await list_models(account, transport) if everything or can_chat(e)]
    from asyncio import to_thread

    def models() -> list[Model]:
        return [
            with_prices(model_of(entry, provider.id, api=api, local=local or None), price_id)
            for entry in entries
        ]

    # Prices come from a package that takes long to import.
    return await to_thread(models)


async def list_models(
    account: Account, transport: Transport, *, deadlines: Deadlines | None = None
) -> Sequence[Mapping[str, Any]]:
    """Ask for the list of models; empty where a service has none.

    Raises:
        ProviderError: The service cannot be asked, or refused.
    """
    try:
        answer = await fetch_json(account, "models", transport=transport, deadlines=deadlines)
    except ProviderError as error:
        if error.status in _NO_ROUTE:
            return ()
        raise
    # Together answers with the bare list.
    entries = answer.get("data") if isinstance(answer, Mapping) else answer
    if not isinstance(entries, list):
        msg = "The list of models is not a list."
        raise MalformedResponse(msg, provider=account.provider, retryable=False)
    found = {
        entry["id"]: entry
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str) and entry["id"].strip()
    }
    return list(found.values())
