"""Servers of the configuration and of the option `--mcp`.

The block `mcp.servers` has the form in which OpenClaw keeps servers
(https://docs.openclaw.ai/cli/mcp/transports, read on 29 November 2026), which is close to that of other
programs. Keys that choose an account or weaken TLS are refused rather than ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from modelwire.errors import ConfigError, Problem
from modelwire.tools import ToolSource, ToolSources

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire_mcp.server import McpServer

__all__ = ["SOURCES", "configured_servers", "named_server"]

_HTTP = ("streamable-http", "http")
_STDIO = "stdio"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())


def _is_milliseconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


_KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "command": (_is_text, "text"),
    "args": (_is_texts, "a list of texts"),
    "env": (_is_table, "texts by name"),
    "cwd": (_is_text, "text"),
    "workingDirectory": (_is_text, "text"),
    "url": (_is_text, "text"),
    "headers": (_is_table, "texts by name"),
    "transport": (_is_text, "text"),
    "type": (_is_text, "text"),
    "connectionTimeoutMs": (_is_milliseconds, "a number above 0"),
    "requestTimeoutMs": (_is_milliseconds, "a number above 0"),
    "supportsParallelToolCalls": (_is_flag, "true or false"),
    "enabled": (_is_flag, "true or false"),
}
"""Keys of a server, each with what its value has to be."""

_REFUSED = {
    "auth": "modelwire-mcp has no sign-in; give a key in `headers`",
    "sslVerify": "certificates are always verified",
    "clientCert": "client certificates are not supported",
    "clientKey": "client certificates are not supported",
}


def configured_servers(config: Config) -> dict[str, ToolSource]:
    """The servers of `mcp.servers` that are not switched off, by name.

    Raises:
        ConfigError: One of them cannot be read; each problem is named.
        VariableNotSet: A setting refers to a variable that is not set.
    """
    servers = _servers(config)
    problems = [each for name, server in servers.items() for each in _problems(name, server)]
    if problems:
        msg = "The configuration of MCP servers is not valid."
        raise ConfigError(msg, problems=problems, source=str(config.path) if config.path else None)
    return {name: _made(config, name, server) for name, server in servers.items() if _is_on(server)}


def named_server(config: Config, text: str) -> ToolSource:
    """The server that `--mcp` names: one of the configuration, a URL, or a command line.

    Raises:
        ConfigError: The server of the configuration cannot be read, or there is none of the name.
    """
    from modelwire_mcp.server import McpServer

    name = text.strip()
    servers = _servers(config)
    if name in servers:
        problems = list(_problems(name, servers[name]))
        if problems:
            msg = f"The configuration of the MCP server {name!r} is not valid."
            raise ConfigError(msg, problems=problems)
        return _made(config, name, servers[name])
    near = get_close_matches(name, list(servers), n=1)
    if near and " " not in name:
        msg = f"The configuration has no MCP server {name!r}."
        raise ConfigError(msg, hint=f"Did you mean {near[0]!r}?")
    return McpServer(name)


def _servers(config: Config) -> Mapping[str, Mapping[str, Any]]:
    block = config.document.get("mcp")
    servers = block.get("servers") if isinstance(block, Mapping) else None
    if servers is None:
        return {}
    if not isinstance(servers, Mapping):
        problem = Problem("mcp.servers", "expected an object with a server for each name")
        msg = "The configuration of MCP servers is not valid."
        raise ConfigError(msg, problems=[problem])
    return servers


def _is_on(server: Mapping[str, Any]) -> bool:
    return server.get("enabled") is not False


def _problems(name: str, server: object) -> list[Problem]:
    place = f"mcp.servers.{name}"
    if not isinstance(server, Mapping):
        return [Problem(place, "expected an object with `command` or `url`")]
    found = []
    for key, value in server.items():
        if key in _REFUSED:
            found.append(Problem(f"{place}.{key}", _REFUSED[key]))
        elif key in _KEYS and not _KEYS[key][0](value):
            found.append(Problem(f"{place}.{key}", f"expected {_KEYS[key][1]}"))
    if ("command" in server) == ("url" in server):
        found.append(Problem(place, "expected either `command` or `url`"))
    kind = server.get("transport", server.get("type"))
    fitting = (_STDIO,) if "command" in server else _HTTP
    if isinstance(kind, str) and kind not in fitting:
        found.append(Problem(f"{place}.transport", f"expected {' or '.join(fitting)}"))
    return found


def _made(config: Config, name: str, server: Mapping[str, Any]) -> McpServer:
    from modelwire_mcp.server import McpServer

    config.require_variables(("mcp", "servers", name))
    options: dict[str, Any] = {
        "name": name,
        "parallel": bool(server.get("supportsParallelToolCalls")),
    }
    for key, option in (("requestTimeoutMs", "timeout"), ("connectionTimeoutMs", "start_timeout")):
        if key in server:
            options[option] = server[key] / 1000
    if "url" in server:
        return McpServer(server["url"], headers=server.get("headers"), **options)
    return McpServer(
        [server["command"], *server.get("args", ())],
        env=server.get("env"),
        cwd=server.get("cwd", server.get("workingDirectory")),
        **options,
    )


SOURCES = ToolSources(
    metavar="NAME|URL|COMMAND",
    help="Let the model call the tools of an MCP server.",
    named=named_server,
    configured=configured_servers,
)
