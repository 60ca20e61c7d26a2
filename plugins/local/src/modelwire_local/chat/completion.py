"""One answer of the engine, from the context to the last delta."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.authoring import until_fault
from modelwire.errors import ProviderError
from modelwire.events import Delta, Deltas
from modelwire_local.chat.request import ChatRequest, build_request
from modelwire_local.chat.stream import Translator
from modelwire_local.chat.tools import needs_template, takes_tools
from modelwire_local.engine import Engine, engine_for
from modelwire_local.generation import Generation
from modelwire_local.settings import settings_for
from modelwire_local.template import PLAIN, ChatTemplate, TemplateInspection
from modelwire_local.tool_generation import ToolGeneration

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Deadlines

__all__ = ["complete"]


async def complete(
    model: Model, context: Context, options: CompletionOptions, provider: ProviderConfig
) -> AsyncGenerator[Deltas, None]:
    """Continue the context; the hook `stream_completion`.

    The changes of the request come first, as diagnostics.

    Raises:
        PluginError: The engine or the weights are missing or broken, or cannot run here.
        NotFound: There is no such model or file.
        InvalidRequest: The model lacks a requested feature.
        ContextOverflow: The conversation does not fit.
        ServerError: The model cannot be loaded, or failed.
        RequestTimeout: A deadline passed.
    """
    settings = settings_for(model, provider)
    engine = engine_for(settings)
    deadlines, template = options.deadlines, PLAIN
    try:
        if not settings.embedded and takes_tools(model) and needs_template(context):
            template, deadlines = await _inspect(engine, model, deadlines, provider)
        request = build_request(
            model, context, options, embedded=settings.embedded, template=template
        )
        for change in request.changes:
            yield change.diagnostic()
        generation = _generation(request, deadlines, model, provider)
        translator = Translator(provider.id, model.id, request.tool_names)
        answer = _answer(engine, generation, translator)
        async with aclosing(answer):
            async for delta in answer:
                yield delta
    except ProviderError as error:
        error.provider = error.provider or provider.id
        error.model = error.model or model.id
        raise


def _generation(
    request: ChatRequest, deadlines: Deadlines, model: Model, provider: ProviderConfig
) -> Generation:
    details: dict[str, Any] = {
        "provider": provider.id,
        "model": model.id,
        "schema": request.schema,
        "tools": request.tools,
    }
    if request.prompts is None:
        return Generation(request.payload, deadlines, **details)
    return ToolGeneration(request.payload, request.prompts, deadlines, **details)


async def _inspect(
    engine: Engine, model: Model, deadlines: Deadlines, provider: ProviderConfig
) -> tuple[ChatTemplate, Deadlines]:
    """Find out what the chat template renders, at the first need of a loaded model.

    Returns:
        What it renders, and the deadlines less the time that this took.
    """
    if engine.template is not None:
        return engine.template, deadlines
    inspection = TemplateInspection(deadlines, provider=provider.id, model=model.id)
    engine.submit(inspection)
    began = time.monotonic()
    try:
        engine.template = await inspection.result()
    finally:
        inspection.stop()
    if deadlines.first_byte is not None:
        left = max(0.0, deadlines.first_byte - (time.monotonic() - began))
        deadlines = evolve(deadlines, first_byte=left)
    return engine.template, deadlines


async def _answer(
    engine: Engine, generation: Generation, translator: Translator
) -> AsyncGenerator[Delta, None]:
    """Run a generation; what came before a failure is yielded before it is raised."""
    engine.submit(generation)
    try:
        while (chunk := await generation.next()) is not None:
            deltas, fault = until_fault(translator.feed, [chunk])
            for delta in deltas:
                yield delta
            if fault is not None:
                raise fault
        if not generation.stopped:
            translator.end()
    finally:
        generation.stop()
