"""The connection to a server: held open by a task of its own, for calls from any other task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from importlib import import_module
from typing import Any

from mcp import Client, MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolResult,
    Implementation,
    Tool,
    ToolListChangedNotification,
)

from modelwire.tools import run_in_thread
from modelwire_mcp.errors import McpServerError, McpToolError

__all__ = ["Connection"]

_MOST_PAGES = 1000
_CLIENT = Implementation(name="modelwire", version="0.1")


class Connection:
    """One connection; it is made once, and ends with `aclose` or with the event loop.

    What the protocol's library opens has to be closed by the task that opened it. So a task of the
    connection's own holds it, and calls reach it from wherever tools run.

    Args:
        open_transport: Opens the transport, or is a server in this process.
        explain: Says what is known of the server, for errors.
    """

    def __init__(
        self,
        open_transport: Callable[[], AbstractAsyncContextManager[Any] | Any],
        explain: Callable[[], str],
    ) -> None:
        self._open_transport = open_transport
        self._explain = explain
        self._client: asyncio.Future[Client] | None = None
        self._holder: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._is_broken = False
        self.list_changed = False

    @property
    def is_open(self) -> bool:
        """Whether it is held open, on the loop that runs."""
        holder = self._holder
        return (
            holder is not None
            and not self._is_broken
            and not holder.done()
            and holder.get_loop() is asyncio.get_running_loop()
        )

    async def open(self, timeout: float) -> None:
        """Connect, and agree on a version of the protocol.

        Raises:
            McpServerError: There is no connection, or none within the time.
        """
        await run_in_thread(_import)
        self._client = asyncio.get_running_loop().create_future()
        self._holder = asyncio.create_task(self._hold(self._client), name="modelwire-mcp")
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._client)
        except TimeoutError:
            await self.aclose()
            msg = f"There was no answer within {timeout:g} seconds. {self._explain()}"
            raise McpServerError(msg) from None
        except asyncio.CancelledError:
            await self.aclose()
            raise

    async def list_tools(self, timeout: float) -> list[Tool]:
        """List the tools, page by page.

        Raises:
            McpServerError: They cannot be listed.
        """
        client = await self._opened()
        tools: dict[str, Tool] = {}
        cursor: str | None = None
        self.list_changed = False
        try:
            async with asyncio.timeout(timeout):
                for _ in range(_MOST_PAGES):
                    page = await client.list_tools(cursor=cursor)
                    tools |= {tool.name: tool for tool in page.tools}
                    cursor = page.next_cursor
                    if not cursor:
                        break
        except TimeoutError:
            msg = f"The tools were not listed within {timeout:g} seconds. {self._explain()}"
            raise McpServerError(msg) from None
        except MCPError as error:
            msg = f"The tools cannot be listed: {error.message}. {self._explain()}"
            raise McpServerError(msg) from None
        return list(tools.values())

    async def call(self, name: str, arguments: dict[str, Any], timeout: float) -> CallToolResult:
        """Call a tool.

        Raises:
            McpToolError: There is no result.
        """
        client = await self._opened()
        try:
            async with asyncio.timeout(timeout):
                return await client.call_tool(name, arguments)
        except TimeoutError:
            msg = f"There was no result within {timeout:g} seconds."
            raise McpToolError(msg) from None
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:
                self._is_broken = True
                msg = f"The server ended during the call. {self._explain()}"
                raise McpToolError(msg) from None
            raise McpToolError(error.message) from None
        except (
            RuntimeError
        ) as error:  # what the library raises of a result that breaks its own schema
            raise McpToolError(str(error)) from None

    async def aclose(self) -> None:
        """End the connection and what it holds."""
        self._stop.set()
        holder = self._holder
        if holder is None or holder.get_loop() is not asyncio.get_running_loop():
            return
        if not (self._client is not None and self._client.done()):
            holder.cancel()
        await asyncio.wait([holder])

    async def _opened(self) -> Client:
        if self._client is None:
            msg = "The connection is not open."
            raise McpServerError(msg)
        return await asyncio.shield(self._client)

    async def _hold(self, ready: asyncio.Future[Client]) -> None:
        try:
            client = Client(
                self._open_transport(),
                client_info=_CLIENT,
                message_handler=self._on_message,
                cache=None,
            )
            async with client:
                if not ready.done():
                    ready.set_result(client)
                await self._stop.wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - groups of errors, too; it is raised where it is waited for
            if not ready.done():
                ready.set_exception(self._failure(error))
                with suppress(Exception):
                    ready.exception()  # there may be no waiter any more
        finally:
            if not ready.done():
                ready.cancel()

    def _failure(self, error: BaseException) -> McpServerError:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, FileNotFoundError):
            msg = f"There is no program {error.filename!r}."
            return McpServerError(msg, hint="Give its path, or install it.")
        reason = (
            error.message if isinstance(error, MCPError) else f"{type(error).__name__}: {error}"
        )
        return McpServerError(
            f"It cannot be reached: {reason.rstrip('.')}. {self._explain()}".strip()
        )

    async def _on_message(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.list_changed = True


def _import() -> None:
    """Import what the library imports with the first result."""
    for module in ("jsonschema.protocols", "jsonschema.validators", "jsonschema.exceptions"):
        import_module(module)  # which check results against their schemas
