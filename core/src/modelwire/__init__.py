"""A provider registry for Python agents: name a model as `provider/model-id` and stream from it.

    import asyncio
    from modelwire import Runtime

    async def main():
        async with Runtime.from_config() as runtime:
            async for text in runtime.stream("What is the capital of France?").texts():
                print(text, end="", flush=True)

    asyncio.run(main())

Every public name can be imported from here; each is loaded when it is first used, so that importing
the package costs next to nothing. Errors are in `modelwire.errors`, deltas and events in
`modelwire.events`, and the plugin interface in `modelwire.hookspecs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.agent import Agent, AgentResult, AgentStream
    from modelwire.config import Config, load_config
    from modelwire.errors import ModelwireError, ProviderError
    from modelwire.hookspecs import CompletionOptions, EmbeddingOptions, ToolChoice, hookimpl
    from modelwire.messages import (
        AssistantMessage,
        Context,
        File,
        Image,
        StopReason,
        Text,
        Thinking,
        Tool,
        ToolCall,
        ToolResultMessage,
        Usage,
        UserMessage,
    )
    from modelwire.models import Model, ModelRef
    from modelwire.runtime import (
        Embeddings,
        Runtime,
        Stream,
        SyncRuntime,
        ToolLoop,
        ToolRun,
        run_tools,
    )
    from modelwire.tools import FunctionTool, load_tools, tool_from
    from modelwire.transport import Deadlines
    from modelwire.warnings import MisspeltKeyWarning, UntrustedConfigWarning

__all__ = [
    "Agent",
    "AgentResult",
    "AgentStream",
    "AssistantMessage",
    "CompletionOptions",
    "Config",
    "Context",
    "Deadlines",
    "EmbeddingOptions",
    "Embeddings",
    "File",
    "FunctionTool",
    "Image",
    "MisspeltKeyWarning",
    "Model",
    "ModelRef",
    "ModelwireError",
    "ProviderError",
    "Runtime",
    "StopReason",
    "Stream",
    "SyncRuntime",
    "Text",
    "Thinking",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolLoop",
    "ToolResultMessage",
    "ToolRun",
    "UntrustedConfigWarning",
    "Usage",
    "UserMessage",
    "hookimpl",
    "load_config",
    "load_tools",
    "run_tools",
    "tool_from",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "agent": ("Agent", "AgentResult", "AgentStream"),
        "config": ("Config", "load_config"),
        "errors": ("ModelwireError", "ProviderError"),
        "hookspecs": ("CompletionOptions", "EmbeddingOptions", "ToolChoice", "hookimpl"),
        "messages": (
            "AssistantMessage",
            "Context",
            "File",
            "Image",
            "StopReason",
            "Text",
            "Thinking",
            "Tool",
            "ToolCall",
            "ToolResultMessage",
            "Usage",
            "UserMessage",
        ),
        "models": ("Model", "ModelRef"),
        "runtime": (
            "Embeddings",
            "Runtime",
            "Stream",
            "SyncRuntime",
            "ToolLoop",
            "ToolRun",
            "run_tools",
        ),
        "tools": ("FunctionTool", "load_tools", "tool_from"),
        "transport": ("Deadlines",),
        "warnings": ("MisspeltKeyWarning", "UntrustedConfigWarning"),
    },
    near=("errors", "events", "hookspecs", "messages", "models", "runtime", "agent", "config"),
    methods=dict.fromkeys(
        ("complete", "embed", "stream"), "Runtime, and of SyncRuntime without asyncio"
    ),
)
