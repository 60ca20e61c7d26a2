"""MCP servers as sources of tools."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
from attrs import frozen
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Tool as McpTool

from modelwire.errors import InvalidRequest
from modelwire.messages import Tool, UserContent
from modelwire.redaction import looks_secret, redact
from modelwire.tools import FunctionTool, run_in_thread
from modelwire_mcp.connection import Connection
from modelwire_mcp.content import content_of
from modelwire_mcp.errors import McpServerError, McpToolError
from modelwire_mcp.names import server_name, tool_names
from modelwire_mcp.stdio import ServerOutput, stdio_transport

__all__ = ["McpServer"]

_TIMEOUT = 60.0
_START_TIMEOUT = 30.0
_SHORTEST_SECRET = 8
_FORMS = "a URL, a command line, or a list of a command and its arguments"


@frozen
class _Offer:
    """A tool as the server describes it, and its name here."""

    tool: McpTool
    name: str


class McpServer:
    """A server of the Model Context Protocol, whose tools a model may call.

        async with McpServer("uvx mcp-server-time") as time:
            agent = Agent("acme/large", tools=[time])
            await agent.run("How late is it in Bern?")

    The server is started or reached when its tools are first needed, and ends with the runtime that
    needed them, or with `aclose`. One that ends in between is started again by the next run; until
    then its tools fail, and the model gets that as their result.

    Args:
        server: The URL of a server that speaks Streamable HTTP, or the command line of one that
            speaks over its standard streams, as a text or a list; or a server object of the library
            `mcp` in this process.
        name: Its name, which the names of its tools begin with. By default it is that of its host or
            its program.
        env: Variables for a command, besides `PATH`, `HOME` and a few others; no key of this
            process is handed on by itself.
        cwd: The folder that a command runs in.
        headers: Header fields of each request to a URL.
        timeout: Seconds for the result of a call.
        start_timeout: Seconds to start or reach it, and to list its tools.
        parallel: Whether calls of its tools may run at the same time.

    Raises:
        InvalidRequest: An argument has another form, or does not fit the others.
    """

    def __init__(
        self,
        server: str | Sequence[str] | Any,
        *,
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = _TIMEOUT,
        start_timeout: float = _START_TIMEOUT,
        parallel: bool = False,
    ) -> None:
        self._url, self._argv, self._inside = _target(server)
        _check_fit(self._url, self._argv, env=env, cwd=cwd, headers=headers)
        self.name = name or self._default_name()
        self._env = dict(env or {})
        self._cwd = None if cwd is None else str(cwd)
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._parallel = parallel
        self._connection: Connection | None = None
        self._output = ServerOutput()
        self._offers: list[_Offer] | None = None
        self._opening: asyncio.Lock | None = None

    def __repr__(self) -> str:
        return f"McpServer({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def tools(self) -> Sequence[FunctionTool]:
        """List its tools; it is started or reached where it is not.

        Tools that were listed once are offered even when the server has ended since and cannot be
        started again: their calls fail, and the run continues.

        Raises:
            McpServerError: It cannot be started or reached, or does not list its tools.
        """
        try:
            connection = await self._connected()
            if self._offers is None or connection.list_changed:
                listed = await connection.list_tools(self._start_timeout)
                names = tool_names(self.name, [tool.name for tool in listed])
                self._offers = [_Offer(tool, names[tool.name]) for tool in listed]
        except McpServerError as error:
            if self._offers is None:
                raise self._named(error) from error.__cause__
        return [self._function(offer) for offer in self._offers or ()]

    @property
    def read_only(self) -> frozenset[str]:
        """The tools that, so the server says, change nothing; what it says is not verified."""
        return frozenset(
            offer.name
            for offer in self._offers or ()
            if (hints := offer.tool.annotations) is not None
            and hints.read_only_hint is True
            and hints.destructive_hint is not True
        )

    async def aclose(self) -> None:
        """End the connection, and the server where it was started; a later run starts it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    def _function(self, offer: _Offer) -> FunctionTool:
        tool = offer.tool
        schema = tool.input_schema or {"type": "object", "properties": {}}
        description = tool.description or tool.title or ""

        async def call(**arguments: Any) -> list[UserContent]:
            return await self._call(tool.name, arguments)

        return FunctionTool(Tool(offer.name, description, schema), call, None, self._parallel)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> list[UserContent]:
        try:
            connection = await self._connected()
            return content_of(await connection.call(tool, arguments, self._timeout))
        except McpServerError as error:
            raise McpToolError(self._without_secrets(str(self._named(error)))) from None
        except McpToolError as error:
            raise McpToolError(self._without_secrets(str(error))) from None

    async def _connected(self) -> Connection:
        """The connection, made where there is none; calls that come meanwhile wait for it."""
        if self._connection is not None and self._connection.is_open:
            return self._connection
        if self._opening is None or not self._opening.locked():
            self._opening = asyncio.Lock()  # one of the loop that runs
        async with self._opening:
            if self._connection is not None and self._connection.is_open:
                return self._connection
            await self.aclose()
            self._output = ServerOutput()
            connection = Connection(self._open, self._explain)
            await connection.open(self._start_timeout)
            self._connection = connection
            return connection

    def _open(self) -> Any:
        if self._argv is not None:
            return stdio_transport(self._argv, self._env, self._cwd, self._output)
        if self._url is not None:
            return _http_transport(self._url, self._headers, self._timeout)
        return self._inside

    def _explain(self) -> str:
        return self._without_secrets(self._output.describe()) if self._argv is not None else ""

    def _named(self, error: McpServerError) -> McpServerError:
        text = self._without_secrets(str(error))
        return McpServerError(f"The MCP server {self.name!r}: {text}", hint=error.hint)

    def _without_secrets(self, text: str) -> str:
        given = {**self._env, **self._headers}
        secrets = [
            value
            for name, value in given.items()
            if len(value) >= _SHORTEST_SECRET and (looks_secret(name) or name in self._headers)
        ]
        return redact(text, sorted(secrets, key=len, reverse=True))

    def _default_name(self) -> str:
        if self._argv is not None:
            return server_name(self._argv)
        if self._url is not None:
            return server_name([urlsplit(self._url).hostname or "server"])
        return server_name([str(getattr(self._inside, "name", "server"))])


def _target(server: object) -> tuple[str | None, list[str] | None, object]:
    """The URL, the command line, or the server in this process."""
    if isinstance(server, str):
        if server.startswith(("http://", "https://")):
            return server, None, None
        try:
            argv = shlex.split(server)
        except ValueError as error:
            msg = f"The command line of the MCP server cannot be read: {error}."
            raise InvalidRequest(msg, retryable=False) from None
    elif isinstance(server, list | tuple):
        argv = [str(word) for word in server]
    elif hasattr(server, "name"):
        return None, None, server
    else:
        msg = f"server is {type(server).__name__}; it is {_FORMS}."
        raise InvalidRequest(msg, retryable=False)
    if not argv or not argv[0]:
        msg = f"server is empty; it is {_FORMS}."
        raise InvalidRequest(msg, retryable=False)
    return None, argv, None


def _check_fit(url: str | None, argv: list[str] | None, **given: object) -> None:
    wrong = [
        name
        for name, value in given.items()
        if value is not None and (argv if name != "headers" else url) is None
    ]
    if wrong:
        needs = "a URL" if wrong[0] == "headers" else "a command"
        msg = f"{wrong[0]} is given, which is for {needs}."
        raise InvalidRequest(msg, retryable=False)


@asynccontextmanager
async def _http_transport(
    url: str, headers: Mapping[str, str], timeout: float
) -> AsyncGenerator[Any, None]:
    limits = httpx2.Timeout(timeout)
    # To read the certificates takes tens of milliseconds.
    made = await run_in_thread(lambda: httpx2.AsyncClient(headers=dict(headers), timeout=limits))
    async with made as client, streamable_http_client(url, http_client=client) as streams:
        yield streams
