"""The models that Acme offers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelwire.errors import MalformedResponse
from modelwire.models import Model
from modelwire.redaction import scrub
from modelwire.transport import Request

from modelwire_acme.account import Account

if TYPE_CHECKING:
    from modelwire.transport import Transport

__all__ = ["list_models"]


async def list_models(account: Account, transport: Transport) -> list[Model]:
    """Ask for the list of models.

    Raises:
        ProviderError: The service cannot be asked, refused, or said something else.
    """
    request = Request("GET", f"{account.base_url}/models", account.headers)
    async with transport.send(request, provider=account.provider) as response:
        await account.check(response)
        body = await response.read()
    try:
        entries = json.loads(body)["models"]
        return [
            Model(
                account.provider,
                entry["id"],
                name=entry.get("name") or entry["id"],
                context_window=entry.get("context_window"),
                tools=True,
            )
            for entry in entries
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = "The list of models is not what it should be."
        failure = MalformedResponse(msg, provider=account.provider, retryable=False)
        raise failure from scrub(error)
