"""The client: sends one request, gives the events of its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from modelwire.authoring import BodyEvent, JsonApi, fetch_json, stream_json

from modelwire_acme.account import Account

if TYPE_CHECKING:
    from modelwire.events import ResponseInfo
    from modelwire.transport import Deadlines, Transport

__all__ = ["fetch", "stream_events"]


def stream_events(
    account: Account,
    payload: Mapping[str, Any],
    *,
    transport: Transport,
    deadlines: Deadlines,
    model: str,
) -> AsyncGenerator[ResponseInfo | list[BodyEvent], None]:
    """Ask for an answer; give its events as they arrive.

    Raises:
        ProviderError: Acme refused, failed, or reported a failure in its stream.
    """
    return stream_json(
        _api(account),
        f"{account.base_url}/chat",
        payload,
        transport=transport,
        deadlines=deadlines,
        model=model,
    )


async def fetch(
    account: Account, route: str, transport: Transport, deadlines: Deadlines | None = None
) -> Any:
    """Get a resource, as `models`.

    Raises:
        ProviderError: Acme refused, failed, or sent something else.
    """
    url = f"{account.base_url}/{route}"
    return await fetch_json(_api(account), url, transport=transport, deadlines=deadlines)


def _api(account: Account) -> JsonApi:
    return JsonApi(provider=account.provider, headers=account.headers)
