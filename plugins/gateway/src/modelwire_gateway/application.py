"""The ASGI application: the doors, behind the checks common to all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from modelwire.dialects import Failure
from modelwire.runtime import Runtime
from modelwire_gateway.access.caller import Access, OpenAccess, make_key
from modelwire_gateway.access.opened import OpenedAccess, open_access
from modelwire_gateway.dispatch import Application
from modelwire_gateway.doors.count_tokens import count_tokens
from modelwire_gateway.doors.door import Door
from modelwire_gateway.doors.embeddings import embed_texts
from modelwire_gateway.doors.installed import Dialects
from modelwire_gateway.doors.json_door import JsonDoor
from modelwire_gateway.doors.models import ModelsDoor
from modelwire_gateway.doors.visit import failure_response, new_request_id
from modelwire_gateway.gateway import Gateway
from modelwire_gateway.hosts import HostCheck, Refusal
from modelwire_gateway.operation.metrics import Metrics
from modelwire_gateway.operation.probes import Probes
from modelwire_gateway.page.api import PageApi
from modelwire_gateway.page.files import PageFiles
from modelwire_gateway.page.history import RecentRequests
from modelwire_gateway.records import Observer
from modelwire_gateway.settings import Settings

__all__ = ["app"]

_LONGEST_PATH = 200
"""Characters of a path that a refusal repeats."""


def app(
    runtime: Runtime | None = None,
    settings: Settings | None = None,
    access: Access | OpenedAccess | None = None,
    *,
    observers: Iterable[Observer] = (),
) -> Starlette:
    """Make the gateway as an ASGI application.

    The plugins of the APIs are imported now: where an event loop runs already, call it in a thread.

    Args:
        runtime: What answers; by default one for the user's configuration, which is closed when the
            application ends.
        settings: The settings; by default those of the runtime's configuration.
        access: What lets callers in; by default the stored keys and the AWS identities of the
            settings, with a storage that is opened and closed with the application.
        observers: Get the record of each request.

    Raises:
        ConfigError: The configuration or the settings are not valid.
        PluginError: The plugin of an API that the gateway cannot be without is missing or broken.
    """
    own = runtime is None
    answering = runtime or Runtime.from_config()
    chosen = settings or Settings.of(answering.config)
    lets_in = access if access is not None else OpenAccess(make_key())
    gateway = Gateway(answering, chosen, lets_in, observers)
    metrics = Metrics(gateway.live)
    recent = RecentRequests()
    gateway.observers += [metrics, recent]
    dialects = Dialects.installed(answering.registry)
    refusal = _refusal(dialects)
    models = ModelsDoor(gateway, openai=dialects.openai, anthropic=dialects.anthropic)
    made = Application(
        [
            *_model_routes(gateway, dialects, models),
            *_other_routes(
                Probes(gateway, metrics), PageApi(gateway, dialects.openai, recent, models)
            ),
        ],
        check=partial(HostCheck, host=chosen.host, allowed=chosen.allow_hosts, refusal=refusal),
        exception_handlers={HTTPException: _refuse(refusal)},
        lifespan=_lifespan(gateway, models, runtime=own, access=access is None),
    )
    made.state.gateway = gateway
    # A redirect goes to the host that the client names, and Claude Code takes any for a failure.
    made.router.redirect_slashes = False
    return made


def _model_routes(gateway: Gateway, dialects: Dialects, models: ModelsDoor) -> list[Route]:
    """The paths of the APIs of models."""
    return [
        *(
            Route(path, Door(gateway, dialect, stream=stream), methods=["POST"])
            for dialect in dialects.every
            for path, stream in dialect.paths.items()
        ),
        Route(
            "/v1/messages/count_tokens",
            JsonDoor(
                gateway,
                dialects.anthropic,
                name="count-tokens",
                handler=partial(count_tokens, dialects.anthropic),
            ),
            methods=["POST"],
        ),
        Route(
            "/v1/embeddings",
            JsonDoor(gateway, dialects.openai, name="openai-embeddings", handler=embed_texts),
            methods=["POST"],
        ),
        Route("/v1/models", models.list_models, methods=["GET"]),
        Route("/v1/models/{model:path}", models.one_model, methods=["GET"]),
    ]


def _other_routes(probes: Probes, page_api: PageApi) -> list[BaseRoute]:
    """The paths of operation and of the page."""
    page = PageFiles()
    return [
        Route("/healthz", probes.healthz, methods=["GET"]),
        Route("/readyz", probes.readyz, methods=["GET"]),
        Route("/metrics", probes.metrics, methods=["GET"]),
        *page_api.routes,
        Route("/", page.index, methods=["GET"]),
        Route("/ui/{name}", page.file, methods=["GET"]),
    ]


def _lifespan(
    gateway: Gateway, models: ModelsDoor, *, runtime: bool, access: bool
) -> Callable[[Starlette], Any]:
    """The lifespan of the application: opens the runtime and the access where they are its own."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if runtime:
                await stack.enter_async_context(gateway.runtime)
            if access:
                settings = gateway.settings
                opened = await stack.enter_async_context(
                    open_access(settings.storage, aws=settings.aws, labels=settings.labels)
                )
                gateway.use_access(opened)
            stack.push_async_callback(models.aclose)
            yield

    return lifespan


def _refusal(dialects: Dialects) -> Refusal:
    """A maker of refusals outside of any door, in the format of the API that has such paths."""

    def refusal(scope: Scope, status: int, message: str) -> Response:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        failure = Failure(status, "not_found", message)
        return failure_response(dialects.of(path), failure, new_request_id())

    return refusal


def _refuse(refusal: Refusal) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler of unknown paths and methods."""

    async def refuse(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        path = request.scope["path"]
        shown = path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
        response = refusal(request.scope, status, f"{request.method} {shown} is not served.")
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    return refuse
