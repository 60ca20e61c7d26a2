"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire.authoring import BodyEvent, CallAttempt, stream_call
from modelwire.repair import Change
from modelwire_openai.account import Account, speaks_ollama
from modelwire_openai.client import account_for, redact_json, stream_json
from modelwire_openai.compat import Compat
from modelwire_openai.completions.request import ChatRequest, build_request
from modelwire_openai.completions.stream import Translator
from modelwire_openai.completions.typed import TYPED_CHUNKS
from modelwire_openai.model_compat import compat_for
from modelwire_openai.servers import COMPLETIONS

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete_chat"]

_ROUTE = "chat/completions"
_OLLAMA = (Change("rewritten", "api", "Ollama's own API is spoken as Chat Completions, at `/v1`."),)


@frozen
class ChatCall:
    """A request for one answer.

    Attributes:
        request: The request to send.
        account: The address and the credentials.
        compat: How the service deviates from OpenAI.
        model: The id of the model to call.
        for_ollama: Whether the configuration names Ollama's own API.
    """

    request: ChatRequest
    account: Account
    compat: Compat
    model: str
    for_ollama: bool = False

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input."""
        return (*_OLLAMA, *self.request.changes) if self.for_ollama else self.request.changes

    async def attempt(self, transport: Transport) -> CallAttempt[BodyEvent]:
        """Make the request ready to be sent."""
        return CallAttempt(
            lambda deadlines: stream_json(
                self.account,
                _ROUTE,
                self.request.payload,
                api=COMPLETIONS,
                typed=TYPED_CHUNKS,
                transport=transport,
                deadlines=deadlines,
                model=self.model,
            ),
            Translator(
                self.model,
                self.compat,
                self.request.tool_names,
                redact=partial(redact_json, self.account),
            ),
        )


def complete_chat(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer; the hook `stream_completion` for this API.

    The changes of the request come first, as diagnostics.

    Raises:
        ProviderError: The service refused or failed, or its answer was interrupted.
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
    """

    async def plan() -> ChatCall:
        account = account_for(provider, config, model, options.params)
        compat = compat_for(account.server, account.compat, provider, model)
        request = build_request(model, context, options, compat=compat, is_openai=account.is_openai)
        ollama = speaks_ollama(provider, model)
        return ChatCall(request, account, compat, model.id, for_ollama=ollama)

    return stream_call(plan, transport, options.deadlines, provider=provider.id, model=model.id)
