"""The model of Strands that every provider of modelwire answers."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from typing import Any, Self, TypeVar, Unpack

from pydantic import BaseModel
from strands.agent.agent_metadata import AgentMetadata
from strands.models.model import Model
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from modelwire.dialects import ServedCall
from modelwire.events import DoneEvent
from modelwire.runtime import ConfigSource, Runtime, RuntimeHandle, Stream
from modelwire_strands.cancel_signal import cancelled_by
from modelwire_strands.converse import ConverseEvents, converse, read_call
from modelwire_strands.errors import translate_errors
from modelwire_strands.settings import (
    ModelwireConfig,
    ModelwireSettings,
    check_names,
    options_of,
)

__all__ = ["ModelwireModel"]

_T = TypeVar("_T", bound=BaseModel)


class ModelwireModel(Model):
    """A model of Strands, answered by any model that modelwire reaches.

        agent = Agent(ModelwireModel("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"))

    Requests hold no threads. A stream that is left or cancelled closes its connection; one that
    breaks off raises an error. One model serves any number of agents, threads and event loops.

    Args:
        model_id: The model, as `provider/model-id`, or an alias of the configuration.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses.
        runtime: A runtime to share; its owner closes it.
        model_config: How answers are wanted; see `ModelwireSettings`.

    Attributes:
        config: How answers are wanted, under the name that Strands looks for.

    Raises:
        InvalidRequest: `runtime` and `config` are both given, or the model has no such setting.
        PluginError: modelwire-bedrock, which reads Strands' messages, is not installed as it should be.
    """

    def __init__(
        self,
        model_id: str,
        *,
        config: ConfigSource = None,
        runtime: Runtime | None = None,
        **model_config: Unpack[ModelwireSettings],
    ) -> None:
        self.config = ModelwireConfig(model_id=model_id)
        self.update_config(**model_config)
        self._runtime = RuntimeHandle(runtime, config)
        self._window: int | None = None
        converse()  # imported here and not in an event loop

    def update_config(self, **model_config: Unpack[ModelwireConfig]) -> None:  # type: ignore[override] # the settings that there are
        """Change how answers are wanted.

        Raises:
            InvalidRequest: There is no such setting.
        """
        check_names(model_config)
        self.config.update(model_config)

    def get_config(self) -> ModelwireConfig:
        """How answers are wanted."""
        return self.config

    @property
    def context_window_limit(self) -> int | None:
        """The tokens of the context window: the setting, else what is known of the model.

        `None` where neither is known; a model is known from its first request on.
        """
        return self.config.get("context_window_limit") or self._window

    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        invocation_state: dict[str, Any] | None = None,  # noqa: ARG002 - Strands' own
        cancel_signal: threading.Event | None = None,
        agent_metadata: AgentMetadata | None = None,
        structured_output_model: type[BaseModel] | None = None,  # noqa: ARG002 - only for models that ask
        **kwargs: Any,  # noqa: ARG002 - what later versions add
    ) -> AsyncGenerator[StreamEvent, None]:
        """Ask the model, and stream its answer as Converse's events.

        Args:
            messages: The conversation.
            tool_specs: The tools.
            system_prompt: The system prompt as one text.
            tool_choice: Whether a tool has to be called.
            system_prompt_content: The system prompt in blocks, which goes before the text.
            invocation_state: Not used.
            cancel_signal: Closes the stream when it is set; the events then end without `messageStop`.
            agent_metadata: Has the id of the agent's session.
            structured_output_model: Not used; Strands forces a tool for it.
            kwargs: Not used.

        Raises:
            ModelThrottledException: The provider allows no more requests now.
            ContextWindowOverflowException: The conversation does not fit into the context window.
            ModelwireError: Anything else that failed; the stream may have broken off.
        """
        system = _system(system_prompt, system_prompt_content)
        call = await self._read(messages, system, tool_specs, tool_choice)
        events = ConverseEvents(call, self.config["model_id"])
        session = agent_metadata.session_id if agent_metadata is not None else None
        stream = self._ask(call, session)
        with translate_errors():
            async with stream:
                with cancelled_by(cancel_signal, stream):
                    async for event in stream:
                        for written in events.of(event):
                            yield written

    async def structured_output(
        self,
        output_model: type[_T],
        prompt: Messages,
        system_prompt: str | None = None,
        **kwargs: Any,  # noqa: ARG002 - what later versions add
    ) -> AsyncGenerator[dict[str, _T | Any], None]:
        """Ask the model for an object, by the structured output of its service.

        The last event is `{"output": ...}` with the object.

        Args:
            output_model: The class of the object.
            prompt: The conversation.
            system_prompt: The system prompt.
            kwargs: Not used.

        Raises:
            ModelThrottledException: The provider allows no more requests now.
            ContextWindowOverflowException: The conversation does not fit into the context window.
            ValidationError: The answer is no such object.
            ModelwireError: Anything else that failed.
        """
        call = await self._read(prompt, _system(system_prompt, None))
        events = ConverseEvents(call, self.config["model_id"])
        with translate_errors():
            async with self._ask(call, response_schema=output_model) as stream:
                async for event in stream:
                    for written in events.of(event):
                        yield dict(written)
                    if isinstance(event, DoneEvent):
                        yield {"output": output_model.model_validate_json(event.message.text)}

    async def _read(
        self,
        messages: Messages,
        system: list[SystemContentBlock],
        tools: list[ToolSpec] | None = None,
        choice: ToolChoice | None = None,
    ) -> ServedCall:
        model = await self._runtime.get().resolve(self.config["model_id"])
        self._window = model.context_window
        return read_call(model, messages, system, tools, choice)

    def _ask(
        self,
        call: ServedCall,
        session_id: str | None = None,
        response_schema: type[BaseModel] | None = None,
    ) -> Stream:
        options = options_of(self.config, call, session_id)
        if response_schema is not None:
            options["response_schema"] = response_schema
        return self._runtime.get().stream(
            call.context,
            model=self.config["model_id"],
            fallbacks=self.config.get("fallbacks"),
            keep_text=response_schema is not None,
            **options,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections, but for those of a runtime that was given.

        Those of an event loop that ends are closed with it, as after each call that blocks.
        """
        await self._runtime.aclose()


def _system(text: str | None, blocks: list[SystemContentBlock] | None) -> list[SystemContentBlock]:
    if blocks is not None:
        return blocks
    return [{"text": text}] if text else []
