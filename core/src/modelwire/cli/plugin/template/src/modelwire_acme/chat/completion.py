"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from modelwire.authoring import BodyEvent, CallAttempt, stream_call
from modelwire.repair import Change

from modelwire_acme.account import Account, account_of
from modelwire_acme.chat.request import build_request
from modelwire_acme.chat.stream import Translator
from modelwire_acme.client import stream_events

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete"]


@frozen
class ChatCall:
    """A request for one answer.

    Attributes:
        account: The address and the credentials.
        payload: The body of the request.
        model: The id of the model that is called.
        changes: Where the request differs from what its caller passed; see `modelwire.repair`.
    """

    account: Account
    payload: dict[str, Any]
    model: str
    changes: Sequence[Change] = ()

    async def attempt(self, transport: Transport) -> CallAttempt[BodyEvent]:
        """Make the request ready to be sent."""
        return CallAttempt(
            lambda deadlines: stream_events(
                self.account,
                self.payload,
                transport=transport,
                deadlines=deadlines,
                model=self.model,
            ),
            Translator(),
        )


def complete(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer.

    Raises:
        ProviderError: Acme refused or failed, or its answer broke off.
    """

    async def plan() -> ChatCall:
        account = account_of(provider, config, model)
        return ChatCall(account, build_request(model, context, options), model.id)

    return stream_call(plan, transport, options.deadlines, provider=provider.id, model=model.id)
