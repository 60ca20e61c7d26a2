"""The HTTP client of the OpenAI APIs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from modelwire import authoring
from modelwire.authoring import BodyEvent, DerivedValues, JsonApi, TypedEvents
from modelwire_openai.account import ACCOUNT_PARAMETERS, Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import ResponseInfo
    from modelwire.models import Model
    from modelwire.transport import Deadlines, Transport

__all__ = ["account_for", "fetch_json", "json_api", "redact_json", "stream_json"]

_REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Where services name a request besides `x-request-id`: Amazon Bedrock's endpoints of these APIs."""


_accounts: DerivedValues[Account] = DerivedValues()


def account_for(
    provider: ProviderConfig, config: Config, model: Model, params: Mapping[str, Any]
) -> Account:
    """The account for a call, as `resolve_account` finds it, kept for the next call of the model.

    Raises:
        ConfigError: As `resolve_account` raises it, and likewise the other.
        AuthenticationError: A key is needed and there is none.
    """
    if not ACCOUNT_PARAMETERS.isdisjoint(params):
        return resolve_account(provider, config, model, params)
    return _accounts.derive(
        (provider, config, model), None, lambda: resolve_account(provider, config, model)
    )


def json_api(
    account: Account, name: str | None = None, typed: TypedEvents[Any] | None = None
) -> JsonApi:
    """An API of an account's service.

    Args:
        account: The address and the credentials of requests.
        name: The API's name, such as `openai-completions`.
        typed: The typed events of its streams.
    """
    return JsonApi(
        provider=account.provider,
        headers=account.headers,
        name=name,
        done="[DONE]",
        documents=True,
        typed=typed,
        request_id_headers=_REQUEST_ID_HEADERS,
    )


def redact_json(account: Account, data: Any) -> Any:
    """Redact the credentials of an account's requests in JSON data from its service."""
    return json_api(account).redact_json(data)


def stream_json(
    account: Account,
    route: str,
    payload: Mapping[str, Any],
    *,
    transport: Transport,
    api: str | None = None,
    typed: TypedEvents[Any] | None = None,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> AsyncGenerator[ResponseInfo | list[BodyEvent], None]:
    """Send a request; yields what `modelwire.authoring.stream_json` yields.

    Args:
        account: The address and the credentials of requests.
        route: The route, such as `chat/completions`.
        payload: The body, as JSON data.
        transport: The transport.
        api: The API's name, such as `openai-completions`.
        typed: The typed events that the translator takes.
        deadlines: The limits on waiting; by default the transport's.
        model: The model id, for errors.

    Raises:
        ProviderError: The service refused, failed, or reported a failure in its stream.
    """
    return authoring.stream_json(
        json_api(account, api, typed),
        account.url(route),
        payload,
        transport=transport,
        deadlines=deadlines,
        model=model,
    )


async def fetch_json(
    account: Account, route: str, *, transport: Transport, deadlines: Deadlines | None = None
) -> Any:
    """Get a resource, such as `models`.

    Raises:
        ProviderError: The service refused or failed, or did not answer with JSON.
    """
    url = account.url(route)
    return await authoring.fetch_json(
        json_api(account), url, transport=transport, deadlines=deadlines
    )
