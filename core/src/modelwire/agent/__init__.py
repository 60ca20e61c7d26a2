"""The agent: a model with tools, a system prompt and a type of output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.agent.agent import Agent
    from modelwire.agent.run import AgentResult
    from modelwire.agent.stream import AgentStream
    from modelwire.agent.sync_stream import SyncAgentStream

__all__ = ["Agent", "AgentResult", "AgentStream", "SyncAgentStream"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "agent": ("Agent",),
        "run": ("AgentResult",),
        "stream": ("AgentStream",),
        "sync_stream": ("SyncAgentStream",),
    },
)
