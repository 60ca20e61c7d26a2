"""The dispatch of requests: to the door of a path at once, and of all others by the routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from modelwire_gateway.doors.door import Door
from modelwire_gateway.doors.json_door import JsonDoor

__all__ = ["Application", "Dispatch"]


class Dispatch:
    """An ASGI application.

    Doors answer whatever happens, and read no more of a request than they need. So they are called
    without the middleware that makes responses of exceptions, and without a search of the routes.

    Args:
        doors: What answers POST requests, by path.
        others: What answers all other requests.
    """

    def __init__(self, doors: Mapping[str, ASGIApp], others: ASGIApp) -> None:
        self._doors = doors
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answer = self._others
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            answer = self._doors.get(path, answer)
        await answer(scope, receive, send)


class Application(Starlette):
    """The application of the gateway. Middleware that is added to it sees every request, as usual.

    Args:
        routes: The routes.
        check: Makes what comes before everything else.
        **more: Further arguments of Starlette.
    """

    def __init__(
        self, routes: Sequence[BaseRoute], *, check: Callable[[ASGIApp], ASGIApp], **more: Any
    ) -> None:
        super().__init__(routes=routes, **more)
        self._check = check

    def build_middleware_stack(self) -> ASGIApp:
        """Make what answers requests."""
        made = super().build_middleware_stack()
        return self._check(made if self.user_middleware else Dispatch(_doors(self.routes), made))


def _doors(routes: Sequence[BaseRoute]) -> dict[str, ASGIApp]:
    """The doors whose paths have no parameters, by path; of those with the same the first."""
    return {
        route.path: route.endpoint
        for route in reversed(routes)
        if isinstance(route, Route)
        and isinstance(route.endpoint, Door | JsonDoor)
        and not route.param_convertors
    }
