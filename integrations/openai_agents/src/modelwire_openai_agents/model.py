"""The model of the OpenAI Agents SDK that every provider of modelwire answers."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import cache
from typing import Any

from agents import (
    AgentOutputSchemaBase,
    Handoff,
    Model,
    ModelResponse,
    ModelRetryAdvice,
    ModelRetryAdviceRequest,
    ModelSettings,
    ModelTracing,
    Tool,
    TResponseInputItem,
    UserError,
)
from agents.items import TResponseStreamEvent
from attrs import frozen
from openai.types.responses import ResponseCompletedEvent, ResponseIncompleteEvent
from openai.types.responses.response_prompt_param import ResponsePromptParam

from modelwire.dialects import BadRequest, Dialect, ServedRequest
from modelwire.errors import ProviderError
from modelwire.events import DoneEvent
from modelwire.registry import load_dialect
from modelwire.runtime import RuntimeHandle
from modelwire_openai_agents.call_ids import AnswerIds, CallIds
from modelwire_openai_agents.requests import refuse_stored, request_body
from modelwire_openai_agents.responses import (
    build_validators,
    event_of,
    model_response,
    response_of,
)
from modelwire_openai_agents.spans import trace_request

__all__ = ["ModelwireModel"]

logger = logging.getLogger(__name__)


@frozen
class _Request:
    """A request that has been read.

    Attributes:
        dialect: Writes its answer.
        served_request: What the answer repeats.
        ids: The ids of its calls.
        arguments: The arguments of the runtime.
    """

    dialect: Dialect
    served_request: ServedRequest
    ids: AnswerIds
    arguments: Mapping[str, Any]


class ModelwireModel(Model):
    """A model, as `ModelwireProvider.get_model` makes it.

    Args:
        name: The model; `None` is the primary model of the configuration.
        runtime: Gives the runtime that calls it.
        fallbacks: Models to call where it fails; by default those of the configuration.
        call_ids: The ids that calls have had.
    """

    def __init__(
        self,
        name: str | None,
        runtime: RuntimeHandle,
        *,
        fallbacks: Sequence[str] | None,
        call_ids: CallIds,
    ) -> None:
        self._name = name
        self._runtime = runtime
        self._fallbacks = fallbacks
        self._call_ids = call_ids

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002 - the interface's
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> ModelResponse:
        """Ask the model.

        Raises:
            UserError: The request cannot be sent to another service than OpenAI's.
            ProviderError: The provider failed.
        """
        refuse_stored(
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )
        body = request_body(
            system_instructions, input, model_settings, tools, output_schema, handoffs
        )
        with trace_request(self._shown, model_settings, tracing, body["input"]) as answer:
            request = await self._read(body, model_settings)
            message = await self._runtime.get().complete(**request.arguments)
            whole = request.dialect.whole(request.ids.message(message), request.served_request)
            answer.response = response_of(whole, self._shown)
        return model_response(answer.response)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002 - the interface's
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Ask the model, and stream its answer. Closing the iterator closes the connection.

        Raises:
            UserError: The request cannot be sent to another service than OpenAI's.
            ProviderError: The provider failed, or the stream broke off.
        """
        refuse_stored(
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )
        body = request_body(
            system_instructions, input, model_settings, tools, output_schema, handoffs
        )
        with trace_request(self._shown, model_settings, tracing, body["input"]) as answer:
            request = await self._read(body, model_settings)
            writer = request.dialect.writer(request.served_request)
            async with self._runtime.get().stream(**request.arguments) as stream:
                async for event in stream:
                    written = (
                        writer.end(event.message)
                        if isinstance(event, DoneEvent)
                        else writer.feed(request.ids.event(event))
                    )
                    for each in written:
                        read = event_of(each, self._shown)
                        if isinstance(read, ResponseCompletedEvent | ResponseIncompleteEvent):
                            answer.response = read.response
                        yield read

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """Say whether a request that failed may succeed later, for the retries of the runner."""
        error = request.error
        if not isinstance(error, ProviderError):
            return None
        return ModelRetryAdvice(
            suggested=error.retryable, retry_after=error.retry_after, reason=str(error)
        )

    @property
    def _shown(self) -> str:
        return self._name or "modelwire"

    async def _read(self, body: Mapping[str, Any], settings: ModelSettings) -> _Request:
        """Read a request as one of the Responses API.

        Raises:
            UserError: An item or a setting is not well formed.
        """
        dialect = await _prepared_dialect()
        model = await self._runtime.get().resolve(self._name)
        try:
            call = dialect.read(body, {}, model, model.api or "")
        except BadRequest as error:
            raise UserError(error.message) from error
        for note in call.notes:
            logger.info("%s: %s", note.path, note.reason)
        if isinstance(settings.extra_body, Mapping):
            call.add_params(settings.extra_body)
        arguments = {
            "prompt": call.context,
            "model": self._name,
            "fallbacks": self._fallbacks,
            "options": call.options,
        }
        served_request = ServedRequest(call, str(model.ref), uuid.uuid4().hex, int(time.time()))
        return _Request(dialect, served_request, self._call_ids.answer(body["input"]), arguments)


async def _prepared_dialect() -> Dialect:
    """The dialect of the Responses API; the first time in a thread, since plugins are imported."""
    if _load_dialect.cache_info().currsize:
        return _load_dialect()
    return await asyncio.to_thread(_load_dialect)


@cache
def _load_dialect() -> Dialect:
    build_validators()
    return load_dialect("openai-responses")
