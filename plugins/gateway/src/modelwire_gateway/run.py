"""The gateway as a program: started, announced, and stopped by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from attrs import evolve

from modelwire.cli import echo, on_signal, style
from modelwire.config import load_config
from modelwire.errors import ConfigError
from modelwire.runtime import Runtime
from modelwire_gateway.access.caller import OpenAccess, make_key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.application import app
from modelwire_gateway.hosts import is_loopback
from modelwire_gateway.operation.process import allow_connections, spare_collections
from modelwire_gateway.request_log import LogFormat, request_logger
from modelwire_gateway.server import Server, server_config
from modelwire_gateway.settings import Settings

__all__ = ["KEY_VARIABLE", "run_gateway"]

KEY_VARIABLE = "MODELWIRE_GATEWAY_KEY"


@contextlib.contextmanager
def _until_signal(server: uvicorn.Server) -> Iterator[None]:
    """Have the server drain on SIGTERM, and stop at once on Ctrl-C; also before it has begun."""

    def drain() -> None:
        server.should_exit = True

    def stop() -> None:
        server.config.timeout_graceful_shutdown = 0  # else open streams are waited for
        server.should_exit = server.force_exit = True

    with on_signal(signal.SIGTERM, drain), on_signal(signal.SIGINT, stop):
        yield


def run_gateway(
    *,
    host: str | None = None,
    port: int | None = None,
    allow_hosts: Sequence[str] = (),
    config_path: Path | None = None,
    log: LogFormat = "text",
    log_content: bool = False,
) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        host: The address to listen on; by default the configuration's.
        port: The port; by default the configuration's.
        allow_hosts: Further host names that requests may be addressed to.
        config_path: The configuration file; by default the user's.
        log: How each request is logged.
        log_content: Whether the log has what is sent and answered; by default the configuration's.

    Raises:
        ConfigError: The configuration is not valid, or the address cannot be used.
    """
    config = load_config(config_path)
    settings = Settings.of(config)
    settings = evolve(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        allow_hosts=(*settings.allow_hosts, *allow_hosts),
        log_content=settings.log_content or log_content,
    )
    asyncio.run(_serve(Runtime.from_config(config), settings, log))


async def _serve(runtime: Runtime, settings: Settings, log: LogFormat) -> None:
    given = os.environ.get(KEY_VARIABLE, "").strip()
    observers = [each for each in (request_logger(log),) if each is not None]
    async with (
        runtime,
        open_access(settings.storage, aws=settings.aws, labels=settings.labels) as opened,
    ):
        key = given
        if not key and opened.keys.empty and settings.aws.audience is None:
            # There are no keys yet: this one is for the user who started the gateway.
            key = make_key()
        opened.control.local = OpenAccess(key) if key else None
        # The plugins of the APIs are imported here.
        served = await asyncio.to_thread(app, runtime, settings, opened, observers=observers)
        listening = _listen(settings)
        server = Server(server_config(served, settings))
        allow_connections()
        spare_collections()
        with _until_signal(server):
            _announce(listening, key="" if given else key)
            await server.serve(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    """Bind the socket, so that a taken port is known before anything is announced."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(settings, error) from error
    try:
        if os.name != "nt":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1024)
    except OSError as error:
        made.close()
        raise _unusable(settings, error) from error
    made.setblocking(False)
    return made


def _unusable(settings: Settings, error: OSError) -> ConfigError:
    msg = f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}."
    return ConfigError(msg, hint="Choose another --port; 0 picks a free port.")


def _announce(listening: socket.socket, *, key: str) -> None:
    """Print where it listens and what clients need; of keys only one that was made just now."""
    host, port = listening.getsockname()[:2]
    place = f"[{host}]" if ":" in host else host
    url = f"http://{place}:{port}"
    echo(f"modelwire serves at {url}; stop it with Ctrl-C.", err=True)
    echo(f"Its page, which asks for a key: {url}/", err=True)
    if not is_loopback(host):
        lead = style("Warning: ", fg="yellow", bold=True)
        echo(lead, "other machines can call it, over HTTP; put TLS in front of it.", err=True)
    shown = shlex.quote(key) if key else f'"${KEY_VARIABLE}"'
    echo("For clients, in their shell:\n", err=True)
    for name, value in (
        ("OPENAI_BASE_URL", f"{url}/v1"),
        ("OPENAI_API_KEY", shown),
        ("ANTHROPIC_BASE_URL", url),
        ("ANTHROPIC_AUTH_TOKEN", shown),
    ):
        echo(f"export {name}={value}")
    echo(err=True)
