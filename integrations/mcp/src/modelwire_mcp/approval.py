"""Approval of tool calls by a server's own annotations of its tools."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from modelwire.messages import ToolCall

if TYPE_CHECKING:
    from modelwire_mcp.server import McpServer

__all__ = ["approve_read_only"]


def approve_read_only(
    servers: Iterable[McpServer], otherwise: Callable[[ToolCall], bool | Awaitable[bool]]
) -> Callable[[ToolCall], Awaitable[bool]]:
    """Run calls that change nothing, and decide about all others as before.

        approve = approve_read_only([time], otherwise=ask)
        run_tools(runtime, context, [time], approve=approve)

    A tool is read-only where its server says so (`readOnlyHint`, without `destructiveHint`). The
    protocol gives no warranty for that: name only servers that you trust.

    Args:
        servers: The servers whose word counts.
        otherwise: Decides about the other calls.
    """
    trusted = list(servers)

    async def decide(call: ToolCall) -> bool:
        if any(call.name in server.read_only for server in trusted):
            return True
        decision = otherwise(call)
        return bool(await decision if inspect.isawaitable(decision) else decision)

    return decide
