"""The models that Acme offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import MalformedResponse
from modelwire.models import Model

from modelwire_acme.account import Account
from modelwire_acme.client import fetch

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Transport

__all__ = ["list_models"]


async def list_models(
    account: Account, transport: Transport, deadlines: Deadlines | None = None
) -> list[Model]:
    """Request the list of models.

    Where only a part of them can be listed, return a `ModelList` that says why.

    Raises:
        ProviderError: The service cannot be reached, refused, or sent something else.
    """
    answer = await fetch(account, "models", transport, deadlines)
    try:
        return [
            Model(
                account.provider,
                entry["id"],
                name=entry.get("name") or entry["id"],
                context_window=entry.get("context_window"),
                tools=True,
            )
            for entry in answer["models"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        msg = "The list of models is not what it should be."
        raise MalformedResponse(msg, provider=account.provider, retryable=False) from error
