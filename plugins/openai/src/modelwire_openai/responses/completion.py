"""The completion: a context in, deltas out."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from modelwire.authoring import BodyEvent, CallAttempt, Remedy, stream_call
from modelwire.errors import InvalidRequest, NotFound, ProviderError
from modelwire.repair import Change
from modelwire_openai.account import Account
from modelwire_openai.client import account_for, redact_json, stream_json
from modelwire_openai.responses.dialect import Dialect, dialect_of
from modelwire_openai.responses.request import ResponsesRequest, build_request
from modelwire_openai.responses.stream import Translator
from modelwire_openai.responses.typed import TYPED_TEXTS
from modelwire_openai.servers import RESPONSES

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete_responses"]

_ROUTE = "responses"

_STALE_ITEM = re.compile(
    r"encrypted content.{0,300}could not be (verified|decrypted|parsed)"
    r"|invalid_encrypted_content"
    r"|items are not persisted when .?store.? is set to false"
    r"|was provided without its required"
    r"|duplicate item found with id",
    re.IGNORECASE | re.DOTALL,
)
"""OpenAI's messages about items that it does not take back; reported in many public issues."""


@frozen
class ResponsesCall:
    """A request for one answer, and what it is made from.

    Attributes:
        request: The request to send.
        account: The address and the credentials.
        dialect: What the service takes.
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
    """

    request: ResponsesRequest
    account: Account
    dialect: Dialect
    model: Model
    context: Context
    options: CompletionOptions

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input."""
        return self.request.changes

    async def attempt(self, transport: Transport) -> CallAttempt[BodyEvent]:
        """Make the request ready to be sent."""
        limit = None if self.dialect.native else self.request.payload.get("max_output_tokens")
        return CallAttempt(
            lambda deadlines: stream_json(
                self.account,
                _ROUTE,
                self.request.payload,
                api=RESPONSES,
                typed=TYPED_TEXTS,
                transport=transport,
                deadlines=deadlines,
                model=self.model.id,
            ),
            Translator(
                self.request.tool_names,
                prices=self.model.prices,
                limit=limit if isinstance(limit, int) else None,
                redact=partial(redact_json, self.account),
            ),
        )

    async def without_items(self) -> ResponsesCall | None:
        """The same without reasoning and ids of items, if the request has any."""
        if not self.request.has_item_ids:
            return None
        request = build_request(
            self.model, self.context, self.options, dialect=self.dialect, reasoning=False
        )
        return None if request.payload == self.request.payload else evolve(self, request=request)


def _refuses_item(error: ProviderError) -> bool:
    """Whether the service refused an item that it once gave."""
    if not isinstance(error, InvalidRequest | NotFound):
        return False
    return _STALE_ITEM.search(f"{getattr(error.__cause__, 'code', '')} {error.message}") is not None


_REMEDIES = (
    Remedy(
        _refuses_item,
        ResponsesCall.without_items,
        "messages",
        "The service refused an item of its own.",
    ),
)


def complete_responses(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer; the hook `stream_completion` for this API.

    The changes of the request come first, as diagnostics. Where the service does not take back
    an item of its own, the request is sent once more without reasoning and ids of items, since every
    later turn of the conversation would be refused; all other retries are the runtime's.

    Raises:
        ProviderError: The service failed; what came before has been yielded.
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
    """

    async def plan() -> ResponsesCall:
        account = account_for(provider, config, model, options.params)
        dialect = dialect_of(account.address.host, model)
        request = build_request(model, context, options, dialect=dialect)
        return ResponsesCall(request, account, dialect, model, context, options)

    return stream_call(
        plan, transport, options.deadlines, provider=provider.id, model=model.id, remedies=_REMEDIES
    )
