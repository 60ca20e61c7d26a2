"""The completion: a context in, deltas out."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.errors import ProviderError
from modelwire.events import Delta, Deltas, Diagnostic, ResponseInfo
from modelwire.repair import Change
from modelwire_anthropic.account import Account, resolve_account
from modelwire_anthropic.client import stream_events
from modelwire_anthropic.errors import refuses_thinking
from modelwire_anthropic.messages.request import API, MessagesRequest, build_request
from modelwire_anthropic.messages.stream import Translator

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete"]


async def complete(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Ask the model to continue the context; the hook `stream_completion`.

    What was changed in the request comes first, as diagnostics. Where the service does not take back
    thinking that it once gave, the request is sent once more without, since the conversation would
    be refused for ever; all other retries are the caller's.

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
        ProviderError: The service refused or failed, or the answer broke off.
    """
    account = resolve_account(provider, config, model)
    total = options.deadlines.total
    ends = None if total is None else time.monotonic() + total
    request = build_request(model, context, options)
    told: tuple[Change, ...] = ()
    while True:
        for change in request.changes:
            if change not in told:
                yield change.diagnostic()
        told = request.changes
        if ends is not None:
            left = max(0.0, ends - time.monotonic())
            options = evolve(options, deadlines=evolve(options.deadlines, total=left))
        begun = False
        try:
            answer = _ask(account, request, model, options, transport)
            async with aclosing(answer):
                async for deltas in answer:
                    begun = begun or not all(isinstance(delta, ResponseInfo) for delta in deltas)
                    yield deltas
        except ProviderError as error:
            error.provider = error.provider or account.provider
            error.model = error.model or model.id
            if begun or not request.has_thinking or not refuses_thinking(error):
                raise
            request = build_request(model, context, options, replay_thinking=False)
            reason = "The service refused earlier thinking of its own; it is left out."
            yield Diagnostic("retried", {"path": "messages", "reason": reason})
        else:
            return


async def _ask(
    account: Account,
    request: MessagesRequest,
    model: Model,
    options: CompletionOptions,
    transport: Transport,
) -> AsyncGenerator[list[Delta], None]:
    """Send a request once."""
    translator = Translator(request.names)
    arrivals = stream_events(
        account,
        request.payload,
        betas=request.betas,
        transport=transport,
        deadlines=options.deadlines,
        model=model.id,
    )
    async with aclosing(arrivals):
        async for arrived in arrivals:
            if not arrived.events:
                yield [ResponseInfo(request_id=arrived.request_id, api=API)]
                continue
            deltas: list[Delta] = []
            try:
                for event in arrived.events:
                    translator.feed(event, deltas)
            except ProviderError:
                if deltas:
                    yield deltas
                raise
            if deltas:
                yield deltas
