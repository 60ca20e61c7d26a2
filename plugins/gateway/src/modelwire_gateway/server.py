"""The HTTP server in front of the application."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from modelwire_gateway.connection import Connection
from modelwire_gateway.settings import Settings

__all__ = ["Server", "server_config"]


class Server(uvicorn.Server):
    """A server that leaves signal handling to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Change nothing."""
        yield


def server_config(application: ASGIApp, settings: Settings, **more: Any) -> uvicorn.Config:
    """Make the configuration of a server.

    Args:
        application: What is served.
        settings: The settings.
        **more: Further options of uvicorn.
    """
    # A line for each invalid HTTP request would let any client fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        **more,
    )
