"""What the events of a stream mean."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from modelwire.errors import MalformedResponse, ServerError
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    ResponseInfo,
    Stop,
    TextDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import StopReason, Usage
from modelwire.redaction import scrub
from modelwire.transport import Request

from modelwire_acme.account import Account
from modelwire_acme.request import build_request

if TYPE_CHECKING:
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["stream"]

_REASONS = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
}


async def stream(
    account: Account,
    model: Model,
    context: Context,
    options: CompletionOptions,
    transport: Transport,
) -> AsyncGenerator[Delta, None]:
    """Ask the model to continue the context, and translate what comes.

    Raises:
        ProviderError: Acme refused or failed, or its answer broke off.
    """
    request = Request(
        "POST",
        f"{account.base_url}/chat",
        {**account.headers, **model.headers, "Accept": "text/event-stream"},
        json.dumps(build_request(model, context, options)).encode(),
    )
    async with transport.send(
        request, deadlines=options.deadlines, provider=account.provider, model=model.id
    ) as response:
        await account.check(response, model.id)
        yield ResponseInfo(request_id=response.request_id)
        async with aclosing(response.sse()) as events:
            async for event in events:
                data = _read(event.data, account, response.request_id)
                if data.get("type") == "error":
                    said = str(data.get("message"))
                    raise account.failure(ServerError, said, request_id=response.request_id)
                for delta in _deltas(data):
                    yield delta


def _read(text: str, account: Account, request_id: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text)
        if isinstance(data, dict):
            return data
        msg = "An event of the stream is no JSON object."
        raise account.failure(MalformedResponse, msg, request_id=request_id)
    except ValueError as error:
        msg = "An event of the stream is not valid JSON."
        failure = account.failure(MalformedResponse, msg, request_id=request_id)
        raise failure from scrub(error)


def _deltas(data: dict[str, Any]) -> Iterator[Delta]:
    match data:
        case {"type": "start", "id": str(response_id)}:
            yield ResponseInfo(response_id=response_id)
        case {"type": "text", "index": int(index), "text": str(text)}:
            yield TextDelta(index, text)
        case {"type": "tool_call", "index": int(index), "id": str(id_), "name": str(name)}:
            yield ToolCallStart(index, id_, name)
        case {"type": "arguments", "index": int(index), "text": str(fragment)}:
            yield ArgumentsDelta(index, fragment)
        case {"type": "block_end", "index": int(index)}:
            yield BlockEnd(index)
        case {"type": "end", "reason": str(reason), "usage": dict(usage)}:
            yield UsageReport(Usage(usage.get("input", 0), usage.get("output", 0)))
            yield Stop(_REASONS.get(reason, StopReason.STOP), raw=reason)
        case _:
            pass  # an event of tomorrow; what is not known is not needed
