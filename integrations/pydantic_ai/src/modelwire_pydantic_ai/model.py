"""The model of pydantic-ai that every provider of modelwire answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import (
    Model,
    ModelRequestParameters,
    StreamedResponse,
    check_allow_model_requests,
)
from pydantic_ai.profiles import ModelProfile, ModelProfileSpec
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import RequestUsage

from modelwire.runtime import ConfigSource, Runtime, RuntimeHandle
from modelwire_pydantic_ai.errors import translate_errors
from modelwire_pydantic_ai.messages import context_of
from modelwire_pydantic_ai.responses import ModelwireStream, response_of
from modelwire_pydantic_ai.settings import options_of, tools_of

__all__ = ["ModelwireModel"]

_PROFILE = ModelProfile(
    supports_tools=True,
    supports_json_schema_output=True,
    supports_image_input=True,
    supports_document_input=True,
    supports_audio_file_input=True,
    supports_video_input=True,
    supports_thinking=True,
)
"""The features that modelwire can send; for one that a model lacks, a call raises an error."""


class ModelwireModel(Model[Any]):
    """A model of pydantic-ai, answered by any model that modelwire reaches.

        agent = Agent(ModelwireModel("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"))

    Requests hold no threads. A stream that is left or cancelled closes its connection; one that
    breaks off raises an error. Leaving `async with agent` or `async with model` closes connections.

    Args:
        name: The model, as `provider/model-id`, or an alias of the configuration.
        fallbacks: Models to try where it fails; by default those of the configuration.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses.
        runtime: A runtime to share; its owner closes it.
        settings: Settings of every request, which those of an agent or a run go before.
        profile: What the model can do, where it differs from what modelwire can send.

    Raises:
        InvalidRequest: `runtime` and `config` are both given.
    """

    def __init__(
        self,
        name: str,
        *,
        fallbacks: Sequence[str] | None = None,
        config: ConfigSource = None,
        runtime: Runtime | None = None,
        settings: ModelSettings | None = None,
        profile: ModelProfileSpec | None = None,
    ) -> None:
        self._name = name
        self._fallbacks = fallbacks
        self._runtime = RuntimeHandle(runtime, config)
        super().__init__(settings=settings, profile=_PROFILE if profile is None else profile)

    @property
    def model_name(self) -> str:
        """The model, as it was named."""
        return self._name

    @property
    def system(self) -> str:
        """The provider, for traces."""
        provider, slash, _ = self._name.partition("/")
        return provider if slash else "modelwire"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Ask the model.

        Raises:
            ModelAPIError: The provider failed.
        """
        call = self._call(messages, model_settings, model_request_parameters)[0]
        with translate_errors(self._name):
            return response_of(await self._runtime.get().complete(**call))

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Ask the model, and stream its answer.

        Raises:
            ModelAPIError: The provider failed, or the stream broke off.
        """
        del run_context
        call, parameters = self._call(messages, model_settings, model_request_parameters)
        async with self._runtime.get().stream(**call, keep_text=False) as stream:
            yield ModelwireStream(parameters, stream, self._name, self.system)

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """Count the tokens of a request, where the provider does.

        Raises:
            ModelAPIError: It failed.
        """
        call = self._call(messages, model_settings, model_request_parameters)[0]
        del call["fallbacks"]
        with translate_errors(self._name):
            return RequestUsage(input_tokens=await self._runtime.get().count_tokens(**call))

    def _call(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> tuple[dict[str, Any], ModelRequestParameters]:
        """The arguments of the runtime, and the parameters as pydantic-ai has prepared them."""
        check_allow_model_requests()
        settings, parameters = self.prepare_request(settings, parameters)
        instructions = self._get_instruction_parts(messages, parameters) or ()
        tools, choice = tools_of(settings or {}, parameters)
        call = {
            "prompt": context_of(messages, [part.content for part in instructions], tools),
            "model": self._name,
            "fallbacks": self._fallbacks,
            **options_of(settings or {}, parameters),
        }
        return (call if choice is None else {**call, "tool_choice": choice}), parameters

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await super().__aexit__(exc_type, exc_val, exc_tb)
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections, but for those of a runtime that was given."""
        await self._runtime.aclose()
