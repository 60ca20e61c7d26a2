"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from modelwire.authoring import BodyEvent, CallAttempt, Remedy, stream_call
from modelwire.repair import Change
from modelwire_anthropic.account import Account
from modelwire_anthropic.client import account_for, stream_events
from modelwire_anthropic.errors import refuses_thinking
from modelwire_anthropic.messages.request import MessagesRequest, build_request
from modelwire_anthropic.messages.stream import Translator
from modelwire_anthropic.messages.typed import TYPED_TEXTS
from modelwire_anthropic.vendors import vendor_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete"]


@frozen
class MessagesCall:
    """A request for one answer, and what it is made from.

    Attributes:
        request: The request to send.
        account: The address and the credentials.
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
    """

    request: MessagesRequest
    account: Account
    model: Model
    context: Context
    options: CompletionOptions

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input."""
        return self.request.changes

    async def attempt(self, transport: Transport) -> CallAttempt[BodyEvent]:
        """Make the request ready to be sent."""
        return CallAttempt(
            lambda deadlines: stream_events(
                self.account,
                self.request.payload,
                betas=self.request.betas,
                typed=TYPED_TEXTS,
                transport=transport,
                deadlines=deadlines,
                model=self.model.id,
            ),
            Translator(self.request.names),
        )

    async def without_thinking(self) -> MessagesCall | None:
        """The same without the model's earlier thinking, if the request has any."""
        if not self.request.has_thinking:
            return None
        vendor = vendor_of(self.model, self.account.base_url)
        request = build_request(
            self.model, self.context, self.options, vendor=vendor, replay_thinking=False
        )
        return evolve(self, request=request)


_REMEDIES = (
    Remedy(
        refuses_thinking,
        MessagesCall.without_thinking,
        "messages",
        "The service refused earlier thinking of its own; it is left out.",
    ),
)


def complete(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer; the hook `stream_completion`.

    The changes of the request come first, as diagnostics. Where the service does not take back
    thinking that it once gave, the request is sent once more without, since every later turn of the
    conversation would be refused; all other retries are the runtime's.

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
        ProviderError: The service refused or failed, or the answer was interrupted.
    """

    async def plan() -> MessagesCall:
        account = account_for(provider, config, model)
        vendor = vendor_of(model, account.base_url)
        request = build_request(model, context, options, vendor=vendor)
        return MessagesCall(request, account, model, context, options)

    return stream_call(
        plan, transport, options.deadlines, provider=provider.id, model=model.id, remedies=_REMEDIES
    )
