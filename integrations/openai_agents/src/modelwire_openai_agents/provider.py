"""The model provider: models by their names, over one runtime."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from agents import ModelProvider

from modelwire.runtime import ConfigSource, Runtime, RuntimeHandle
from modelwire_openai_agents.call_ids import CallIds
from modelwire_openai_agents.model import ModelwireModel

__all__ = ["ModelwireProvider"]


class ModelwireProvider(ModelProvider):
    """A model provider of the OpenAI Agents SDK, for every model that modelwire reaches.

        provider = ModelwireProvider()
        agent = Agent("Assistant", model="bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")
        await Runner.run(agent, "Hello", run_config=RunConfig(model_provider=provider))

    Requests hold no threads. A stream that is left or cancelled closes its connection; one that
    breaks off raises an error. Leaving `async with provider` closes connections.

    Args:
        fallbacks: Models to call where one fails; by default those of the configuration.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses.
        runtime: A runtime to share; its owner closes it.

    Raises:
        InvalidRequest: `runtime` and `config` are both given.
    """

    def __init__(
        self,
        *,
        fallbacks: Sequence[str] | None = None,
        config: ConfigSource = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._fallbacks = fallbacks
        self._runtime = RuntimeHandle(runtime, config)
        self._call_ids = CallIds()

    def get_model(self, model_name: str | None) -> ModelwireModel:
        """A model by its name.

        Args:
            model_name: `provider/model-id`, or an alias of the configuration; `None` is the primary
                model of the configuration.
        """
        return ModelwireModel(
            model_name, self._runtime, fallbacks=self._fallbacks, call_ids=self._call_ids
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections of all models, except those of a runtime that was given."""
        await self._runtime.aclose()
