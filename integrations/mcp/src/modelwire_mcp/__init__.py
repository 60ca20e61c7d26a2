"""MCP servers as tools: of agents, tool loops and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwire_mcp.approval import approve_read_only
    from modelwire_mcp.errors import McpServerError, McpToolError
    from modelwire_mcp.server import McpServer
    from modelwire_mcp.sources import configured_servers

__all__ = [
    "McpServer",
    "McpServerError",
    "McpToolError",
    "approve_read_only",
    "configured_servers",
]

_HOMES = {
    "McpServer": "modelwire_mcp.server",
    "McpServerError": "modelwire_mcp.errors",
    "McpToolError": "modelwire_mcp.errors",
    "approve_read_only": "modelwire_mcp.approval",
    "configured_servers": "modelwire_mcp.sources",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the protocol's library takes half a second."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
