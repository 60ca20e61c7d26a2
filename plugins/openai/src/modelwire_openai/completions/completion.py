"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from modelwire.errors import ProviderError
from modelwire.events import Delta, Deltas, ResponseInfo
from modelwire_openai.account import resolve_account
from modelwire_openai.client import Arrival, DoneMarker, ResponseHead, stream_json, until_fault
from modelwire_openai.completions.request import build_request
from modelwire_openai.completions.stream import Translator
from modelwire_openai.servers import COMPLETIONS, compat_for

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete_chat"]

_ROUTE = "chat/completions"


async def complete_chat(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Ask the model to continue the context.

    What was changed in the request comes first, as diagnostics.

    Raises:
        ProviderError: The service refused or failed, or its answer broke off.
        ConfigError: A setting is not valid.
    """
    account = resolve_account(provider, config, model, options.params)
    compat = compat_for(account.server, account.compat, provider, model)
    request = build_request(model, context, options, compat=compat, is_openai=account.is_openai)
    for change in request.changes:
        yield change.diagnostic()
    translator = Translator(model.id, compat, request.tool_names)
    arrivals = stream_json(
        account,
        _ROUTE,
        request.payload,
        transport=transport,
        deadlines=options.deadlines,
        model=model.id,
    )
    try:
        async with aclosing(arrivals):
            async for arrived in arrivals:
                deltas, fault = until_fault(_deltas(arrived, translator))
                if deltas:
                    yield deltas
                if fault is not None:
                    raise fault
        for delta in translator.end():
            yield delta
    except ProviderError as error:
        error.provider = error.provider or account.provider
        error.model = error.model or model.id
        raise


def _deltas(arrived: Iterable[Arrival], translator: Translator) -> Iterator[Delta]:
    for arrival in arrived:
        if isinstance(arrival, ResponseHead):
            yield ResponseInfo(request_id=arrival.request_id, api=COMPLETIONS)
        elif isinstance(arrival, DoneMarker):
            translator.done()
        else:
            yield from translator.feed(arrival.data)
