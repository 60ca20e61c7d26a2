"""The JSON behind the page: state, usage and requests, for a caller with a key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Final

from attrs import asdict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from modelwire.dialects import BadRequest, ErrorWords
from modelwire.models import Prices
from modelwire_gateway.access.caller import Caller, RequestRefused, header_fields
from modelwire_gateway.access.periods import Period
from modelwire_gateway.doors.models import ModelsDoor
from modelwire_gateway.doors.visit import (
    explain_error,
    failure_response,
    json_response,
    new_request_id,
)
from modelwire_gateway.gateway import Gateway, logger
from modelwire_gateway.page.history import RecentRequests, open_requests
from modelwire_gateway.page.providers import ProviderStates

__all__ = ["PageApi"]

_DAYS: Final = 30
_MOST_DAYS: Final = 366
_DAY_SECONDS: Final = 86_400
_REQUESTS: Final = 100

_FREE: Final = Prices(input=0.0, output=0.0)
"""What a model on this machine costs."""

_Answer = Callable[[Caller, Request], Awaitable[dict[str, Any]]]


class PageApi:
    """`/ui/api/status`, `/ui/api/models`, `/ui/api/usage` and `/ui/api/requests`.

    Each needs the credential that the doors need. A caller gets what is its own; an operator gets
    what is everybody's. Nothing of it holds a prompt, an answer or a credential.

    Args:
        gateway: What all doors share.
        words: How failures are reported.
        recent: The requests that have ended.
        models: Lists the models.
    """

    def __init__(
        self, gateway: Gateway, words: ErrorWords, recent: RecentRequests, models: ModelsDoor
    ) -> None:
        self._gateway = gateway
        self._models_door = models
        self._words = words
        self._recent = recent
        self._providers = ProviderStates(gateway.runtime)
        self._version = version("modelwire-gateway")

    @property
    def routes(self) -> list[Route]:
        """The routes of the application."""
        answers = {
            "status": self._status,
            "models": self._models,
            "usage": self._usage,
            "requests": self._requests,
        }
        return [
            Route(f"/ui/api/{name}", self._endpoint(answer), methods=["GET"])
            for name, answer in answers.items()
        ]

    def _endpoint(self, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            request_id = new_request_id()
            try:
                caller = await self._gateway.access.authenticate(header_fields(request.headers.raw))
                body = await answer(caller, request)
            except Exception as error:  # noqa: BLE001 - a client gets an answer whatever it is
                response = failure_response(
                    self._words, explain_error(error, request_id), request_id
                )
            else:
                response = json_response(body, 200, self._words.headers(request_id))
            response.headers["cache-control"] = "no-store"
            return response

        return endpoint

    async def _status(self, caller: Caller, _: Request) -> dict[str, Any]:
        """The caller, and the state of the gateway and of its providers."""
        return {
            "version": self._version,
            "ready": self._gateway.ready,
            "caller": {
                "id": caller.id,
                "name": caller.name,
                "owner": caller.owner,
                "operator": caller.operator,
                "models": caller.models,
                "limits": asdict(caller.limits),
            },
            "providers": await self._providers.read(details=caller.operator),
        }

    async def _models(self, caller: Caller, _: Request) -> dict[str, Any]:
        """The models that the caller may call, with their prices in USD per million tokens.

        The models of a group may have different prices, so a group has none.
        """
        listed = await self._models_door.listed(caller)
        groups = self._gateway.settings.groups
        found = await self._gateway.prices.prices_of(each.model for each in listed if each.model)
        models = []
        for each in listed:
            prices = None if each.item["id"] in groups else found.get(each.reference)
            if prices is None and each.model is not None and each.model.local:
                prices = _FREE
            models.append(each.item | {"prices": _shown(prices)})
        return {"models": models}

    async def _usage(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Usage by day of UTC, caller and model; `kept` says whether there is a storage for it."""
        days = _days(request.query_params.get("days", str(_DAYS)))
        now = time.time()
        since = Period.at(now - (days - 1) * _DAY_SECONDS).day
        usage = self._gateway.usage
        rows: list[dict[str, Any]] = []
        if usage is not None:
            try:
                async with asyncio.timeout(self._gateway.settings.storage.database_timeout_seconds):
                    found = await usage.rows(
                        since=since, caller=None if caller.operator else caller.id
                    )
            except Exception as error:
                logger.warning("Usage cannot be read: %s", type(error).__name__)
                msg = "Usage cannot be read at the moment."
                raise RequestRefused(503, "unavailable", msg, retry_after=2.0) from error
            rows = [asdict(row) for row in found]
        return {
            "since": since,
            "until": Period.at(now).day,
            "kept": usage is not None,
            "rows": rows,
        }

    async def _requests(self, caller: Caller, _: Request) -> dict[str, Any]:
        """The requests of this process: those that are open, and the last that ended."""
        return {
            "now": time.time(),
            "open": open_requests(self._gateway.live.values(), caller),
            "ended": self._recent.newest(caller, _REQUESTS),
        }


def _shown(prices: Prices | None) -> dict[str, float | None] | None:
    return None if prices is None else {"input": prices.input, "output": prices.output}


def _days(given: str) -> int:
    if given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= _MOST_DAYS:
        return int(given)
    msg = f"days must be a whole number from 1 to {_MOST_DAYS}."
    raise BadRequest(msg, param="days")
