"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.events import Delta, Deltas, ResponseInfo
from modelwire.redaction import secrets_in
from modelwire.transport import drain
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.eventstream import CONTENT_TYPE, FrameDecoder
from modelwire_bedrock.aws.signing import transport_for
from modelwire_bedrock.converse.call import base_model_of, plan_call, target_of
from modelwire_bedrock.converse.response import deltas_of_answer
from modelwire_bedrock.converse.stream import Translator
from modelwire_bedrock.errors import fault_of_response

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Response, Transport

__all__ = ["API", "complete_stream"]

API = "bedrock-converse-stream"


async def complete_stream(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> AsyncGenerator[Deltas, None]:
    """Ask the model to continue the context; the hook `stream_completion`.

    What was changed in the request comes first, as diagnostics. A request is sent again, once for
    each reason and only before any content has come, where the service refused an old thinking
    signature, expired credentials, or to stream. All other retries are the caller's.

    Raises:
        ProviderError: The service failed; what came before has been yielded.
        ConfigError: A setting is not valid.
    """
    clients = clients or shared_clients()
    target = target_of(model, options, provider, config)
    base_model = await base_model_of(model, target, clients, transport)
    call = plan_call(
        model,
        context,
        options,
        provider,
        config,
        base_model=base_model,
        target=target,
        clients=clients,
    )
    while True:
        for told in call.changes():
            yield told
        begun = False
        try:
            request = await call.prepare()
            async with transport_for(transport, call.target, request.url).send(
                request, deadlines=call.remaining(), provider=call.provider, model=call.model
            ) as response:
                yield ResponseInfo(request_id=response.request_id, api=API)
                await _check(response)
                if call.operation == "converse":
                    answer = await response.read()
                    for delta in deltas_of_answer(answer, call.request.tool_names):
                        begun = True
                        yield delta
                    return
                await _check_kind(response)
                decoder = FrameDecoder()
                secrets = secrets_in(request.headers, request.public_headers)
                translator = Translator(call.request.tool_names, secrets)
                async with aclosing(response.iter_bytes()) as chunks:
                    async for chunk in chunks:
                        arrived, fault = _translate(chunk, decoder, translator)
                        if arrived:
                            begun = True
                            yield arrived
                        if fault is not None:
                            raise fault
                        if translator.ended:
                            await drain(chunks)
                            break
                    else:
                        decoder.end()
                translator.end()
                return
        except ProviderError as error:
            change = None if begun else await call.remedy(error)
            if change is None:
                call.explain(error)
                raise
        yield change


def _translate(
    chunk: bytes, decoder: FrameDecoder, translator: Translator
) -> tuple[list[Delta], ProviderError | None]:
    """The deltas that bytes hold, and the fault behind them, if there is one."""
    deltas: list[Delta] = []
    try:
        translator.feed(decoder.feed(chunk), deltas)
    except ProviderError as fault:
        return deltas, fault
    return deltas, None


async def _check(response: Response) -> None:
    """Raise what an answer that is not a success stands for."""
    if response.status == 200:
        return
    body = await response.read_error()
    fault = fault_of_response(response.status, response.headers, body)
    raise fault.error() from fault


async def _check_kind(response: Response) -> None:
    """Refuse a success that is not a stream, as a proxy's page or a wrong service's answer."""
    kind = (response.headers.get("Content-Type") or CONTENT_TYPE).partition(";")[0].strip()
    if kind.lower() == CONTENT_TYPE:
        return
    fault = fault_of_response(response.status, response.headers, await response.read_error())
    said = f": {fault.message}" if fault.message else ""
    raise MalformedResponse(
        f"The answer is {kind} and not an event stream{said}",
        status=response.status,
        retryable=False,
        hint="Is the endpoint that of the Bedrock runtime? A proxy may have answered instead.",
    )
