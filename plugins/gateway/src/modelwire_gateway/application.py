"""The ASGI application: the doors, behind the checks that hold for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from modelwire.runtime import Runtime
from modelwire_gateway.access.caller import Access, OpenAccess, make_key
from modelwire_gateway.settings import Settings

__all__ = ["app"]


def app(
    runtime: Runtime | None = None,
    settings: Settings | None = None,
    access: Access | None = None,
) -> Starlette:
    """Make the gateway as an ASGI application.

    Args:
        runtime: What answers; by default one for the user's configuration, which is closed when the
            application ends.
        settings: The settings; by default those of the runtime's configuration.
        access: What lets callers in; by default one that needs a key that nobody has.

    Raises:
        ConfigError: The configuration or the settings are not valid.
    """
    own = runtime is None
    answering = runtime or Runtime.from_config()
    made = Starlette(
        routes=[Route("/healthz", _healthz, methods=["GET"])],
        lifespan=_lifespan(answering if own else None),
    )
    made.state.runtime = answering
    made.state.settings = settings or Settings.of(answering.config)
    made.state.access = access or OpenAccess(make_key())
    return made


def _lifespan(
    runtime: Runtime | None,
) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            if runtime is not None:
                await stack.enter_async_context(runtime)
            yield {}

    return lifespan


async def _healthz(_: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")
