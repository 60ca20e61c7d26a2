"""The HTTP client of the Messages API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from modelwire import authoring
from modelwire.authoring import BodyEvent, DerivedValues, JsonApi, TypedEvents
from modelwire_anthropic.account import API, PUBLIC_HEADERS, Account, resolve_account
from modelwire_anthropic.errors import REQUEST_ID_HEADERS

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import ResponseInfo
    from modelwire.models import Model
    from modelwire.transport import Deadlines, Transport

__all__ = ["account_for", "fetch_json", "json_api", "stream_events"]


_accounts: DerivedValues[Account] = DerivedValues()


def account_for(provider: ProviderConfig, config: Config, model: Model) -> Account:
    """The account for a call, as `resolve_account` finds it, kept for the next call of the model.

    Raises:
        ConfigError: As `resolve_account` raises it, and likewise the other.
        AuthenticationError: There is no key.
    """
    return _accounts.derive(
        (provider, config, model), None, lambda: resolve_account(provider, config, model)
    )


def json_api(
    account: Account, *, betas: Iterable[str] = (), typed: TypedEvents[Any] | None = None
) -> JsonApi:
    """The Messages API of an account's service.

    Args:
        account: The address and the credentials of requests.
        betas: What the header `anthropic-beta` names beside the account's own.
        typed: The typed events of its streams.
    """
    headers = dict(account.headers)
    if betas := tuple(betas):
        given = [name for name in headers.get("anthropic-beta", "").split(",") if name.strip()]
        headers["anthropic-beta"] = ",".join(dict.fromkeys([*given, *betas]))
    return JsonApi(
        provider=account.provider,
        headers=headers,
        name=API,
        documents=True,
        typed=typed,
        public_headers=PUBLIC_HEADERS,
        request_id_headers=REQUEST_ID_HEADERS,
    )


def stream_events(
    account: Account,
    payload: Mapping[str, Any],
    *,
    betas: tuple[str, ...] = (),
    typed: TypedEvents[Any] | None = None,
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> AsyncGenerator[ResponseInfo | list[BodyEvent], None]:
    """Send a request to `/v1/messages`; yields what `modelwire.authoring.stream_json` yields.

    Raises:
        ProviderError: The service refused, failed, or reported a failure in its stream.
    """
    return authoring.stream_json(
        json_api(account, betas=betas, typed=typed),
        account.url("messages"),
        payload,
        transport=transport,
        deadlines=deadlines,
        model=model,
    )


async def fetch_json(
    account: Account, route: str, *, transport: Transport, deadlines: Deadlines | None = None
) -> Any:
    """Get a resource, such as `models?limit=1`.

    Raises:
        ProviderError: The service refused or failed, or did not answer with JSON.
    """
    url = account.url(route)
    return await authoring.fetch_json(
        json_api(account), url, transport=transport, deadlines=deadlines
    )
