"""Errors of MCP servers and of their tools."""

from __future__ import annotations

from modelwire.errors import ModelwireError

__all__ = ["McpServerError", "McpToolError"]


class McpServerError(ModelwireError):
    """A server cannot be started or reached, or does not list its tools."""

    code = "mcp_server"


class McpToolError(Exception):
    """A tool failed; the model gets the text as the result of its call."""
