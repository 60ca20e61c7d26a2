"""The agent: a model with tools, a system prompt and a type of output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.agent.agent import Agent
    from modelwire.agent.run import AgentResult, AgentStream
    from modelwire.agent.sync_run import SyncAgentStream

__all__ = ["Agent", "AgentResult", "AgentStream", "SyncAgentStream"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "agent": ("Agent",),
        "run": (
            "AgentResult",
            "AgentStream",
        ),
        "sync_run": ("SyncAgentStream",),
    },
)
