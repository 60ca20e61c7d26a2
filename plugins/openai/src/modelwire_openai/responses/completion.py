"""The completion: a context in, deltas out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.errors import InvalidRequest, NotFound, ProviderError
from modelwire.events import Delta, Deltas, Diagnostic, ResponseInfo
from modelwire.repair import Change
from modelwire.transport import drain
from modelwire_openai.account import Account, resolve_account
from modelwire_openai.client import Payload, ResponseHead, WholeAnswer, stream_json, until_fault
from modelwire_openai.responses.dialect import dialect_of
from modelwire_openai.responses.request import build_request
from modelwire_openai.responses.stream import Translator
from modelwire_openai.servers import RESPONSES

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Deadlines, Transport
    from modelwire_openai.client import Arrival

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
"""What OpenAI says of items that it does not take back; reported in many public issues."""


async def complete_responses(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncGenerator[Deltas, None]:
    """Ask the model to continue the context; the hook `stream_completion` for this API.

    What was changed in the request comes first, as diagnostics. Where the service does not take back
    an item of its own, the request is sent once more without reasoning and ids of items, since the
    conversation would be refused for ever; all other retries are the caller's.

    Raises:
        ProviderError: The service failed; what came before has been yielded.
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
    """
    account = resolve_account(provider, config, model, options.params)
    dialect = dialect_of(account.address.host, model)
    ends = None if options.deadlines.total is None else time.monotonic() + options.deadlines.total
    request = build_request(model, context, options, dialect=dialect)
    told: Sequence[Change] = ()
    while True:
        for change in request.changes:
            if change not in told:
                yield change.diagnostic()
        told = request.changes
        limit = None if dialect.native else request.payload.get("max_output_tokens")
        begun = False
        translator = Translator(
            request.tool_names,
            prices=model.prices,
            limit=limit if isinstance(limit, int) else None,
        )
        arrivals = stream_json(
            account,
            _ROUTE,
            request.payload,
            transport=transport,
            deadlines=_remaining(options.deadlines, ends),
            model=model.id,
        )
        try:
            async with aclosing(arrivals):
                async for arrived in arrivals:
                    deltas, fault = until_fault(_deltas(arrived, translator, account))
                    if deltas:
                        begun = begun or any(type(delta) is not ResponseInfo for delta in deltas)
                        yield deltas
                    if fault is not None:
                        raise fault
                    if translator.ended:
                        await drain(arrivals)
                        break
            translator.end()
        except (InvalidRequest, NotFound) as error:
            if begun or not (request.has_item_ids and _is_stale(error)):
                raise
            retried = build_request(model, context, options, dialect=dialect, reasoning=False)
            if retried.payload == request.payload:
                raise
            request = retried
        else:
            return
        yield Diagnostic(
            "retried", {"path": "messages", "reason": "The service refused an item of its own."}
        )


def _deltas(
    arrived: Iterable[Arrival], translator: Translator, account: Account
) -> Iterator[Delta]:
    for arrival in arrived:
        if isinstance(arrival, Payload):
            yield from translator.feed(_redacted(arrival.data, account))
        elif isinstance(arrival, WholeAnswer):
            yield from translator.whole(_redacted(arrival.data, account))
        elif isinstance(arrival, ResponseHead):
            yield ResponseInfo(request_id=arrival.request_id, api=RESPONSES)


def _redacted(data: dict[str, Any], account: Account) -> Mapping[str, Any]:
    """Take secrets out of what reports a failure; everything else passes as it is."""
    if data.get("type") not in ("response.failed", "error") and data.get("status") != "failed":
        return data
    cleaned: dict[str, Any] = json.loads(account.redact(json.dumps(data, ensure_ascii=False)))
    return cleaned


def _is_stale(error: ProviderError) -> bool:
    """Whether the service refused an item that it once gave."""
    return _STALE_ITEM.search(f"{getattr(error.__cause__, 'code', '')} {error.message}") is not None


def _remaining(deadlines: Deadlines, ends: float | None) -> Deadlines:
    """The deadlines of a try that begins now."""
    if ends is None:
        return deadlines
    return evolve(deadlines, total=max(0.0, ends - time.monotonic()))
