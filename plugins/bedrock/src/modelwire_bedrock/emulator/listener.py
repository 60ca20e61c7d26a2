"""One address that the emulator listens on."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from aiohttp import web

from modelwire.testing import stop_accepting
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.http import LOGGER

if TYPE_CHECKING:
    import ssl

__all__ = ["Listener"]

LARGEST_BODY = 64 * 1024 * 1024
_WAIT = 0.01
_MOST_WAITS = 100
"""How often it is looked whether aborted connections have ended."""


class Listener:
    """An HTTP server at one address.

    Args:
        host: The address.
        port: The port; 0 picks a free port.
        tls: The certificate to answer HTTPS with, or `None` for plain HTTP.
        handle: Answers every request.
        option: The command's option for the port.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
        option: str = "--port",
    ) -> None:
        self.host = host
        self.port = port
        self.runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._tls = tls
        self._handle = handle
        self._option = option

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def start(self) -> None:
        """Start in the event loop that runs.

        Raises:
            EmulatorError: The port is taken, or the address cannot be listened on.
        """
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # A client that leaves cancels the handler; and stopping does not wait for stalled streams.
        runner = web.AppRunner(
            app, logger=LOGGER, access_log=None, handler_cancellation=True, shutdown_timeout=0.05
        )
        await runner.setup()
        factory = cast("web.Server", runner.server)  # which setting up has made
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                factory, self.host, self.port, ssl=self._tls
            )
        except (OSError, UnicodeError) as error:  # of a host that is no name at all
            await runner.cleanup()
            raise self._cannot_listen(error) from error
        self.runner = runner
        self.port = self._listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop; open streams are cut."""
        runner, self.runner = self.runner, None
        if runner is None or runner.server is None or self._listening is None:
            return
        await stop_accepting(self._listening)
        self._listening.close()
        # A transport of TLS that is closed for the second time, as now, lets go of its socket.
        open_ones = [
            (peer.transport, plug)
            for peer in runner.server.connections
            if peer.transport is not None
            # TLS has none where the connection was lost a moment ago.
            and (plug := peer.transport.get_extra_info("socket")) is not None
        ]
        await runner.cleanup()
        for transport, plug in open_ones:
            if plug.fileno() != -1:  # a closed transport cannot always be aborted
                # An orderly end of TLS would wait for a client that may be gone.
                transport.abort()
                with suppress(OSError):
                    plug.shutdown(socket.SHUT_RDWR)
        for _ in range(_MOST_WAITS):
            await asyncio.sleep(0)
            if all(plug.fileno() == -1 for _, plug in open_ones):
                break
            await asyncio.sleep(_WAIT)

    def _cannot_listen(self, error: OSError | UnicodeError) -> EmulatorError:
        place = f"port {self.port} on {self.host}"
        if isinstance(error, UnicodeError):
            return EmulatorError(f"Cannot start the emulator on {place}: that is not a host name.")
        if error.errno == errno.EADDRINUSE:
            msg = f"Cannot start the emulator: {place} is taken by another program."
            return EmulatorError(
                msg, hint=f"Choose another with {self._option}, or 0 for a free one."
            )
        msg = f"Cannot start the emulator on {place}: {error.strerror or error}."
        return EmulatorError(msg)
