"""The list of models, in a form that is OpenAI's and Anthropic's at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from modelwire.catalog import Listing
from modelwire.dialects import ErrorWords
from modelwire.errors import ModelwireError
from modelwire.models import Model
from modelwire_gateway.access.caller import Caller, RequestRefused, header_fields
from modelwire_gateway.doors.visit import (
    checked_name,
    explain_error,
    failure_response,
    json_response,
    new_request_id,
    resolve_model,
)
from modelwire_gateway.gateway import Gateway

__all__ = ["ListedModel", "ModelsDoor"]

_PATIENCE: Final = 20.0
"""Seconds for providers to list their models."""
_HURRY: Final = 2.5
"""The same for a page of the list, as Claude Code requests it with a timeout of three seconds."""
_UNKNOWN: Final = "1970-01-01T00:00:00Z"
"""When a model was made, where that is not known; Anthropic writes it so, too."""


@frozen
class ListedModel:
    """A model by one of its names.

    Attributes:
        item: What the list of models says about it.
        reference: Its reference; of a group, that of its first model.
        model: The model, where its provider lists it.
    """

    item: dict[str, Any]
    reference: str
    model: Model | None


class ModelsDoor:
    """Lists the models that a caller may call: aliases, then what providers list.

    Args:
        gateway: What all doors share.
        openai: How failures are reported to clients of OpenAI's APIs.
        anthropic: How they are to clients of Anthropic's, which say which version they speak.
    """

    def __init__(self, gateway: Gateway, *, openai: ErrorWords, anthropic: ErrorWords) -> None:
        self._gateway = gateway
        self._openai = openai
        self._anthropic = anthropic
        self._fetching: dict[str, asyncio.Task[Listing]] = {}

    async def list_models(self, request: Request) -> Response:
        """Answer `GET /v1/models`."""
        request_id, words = new_request_id(), self._words(request)
        try:
            caller = await self._gateway.access.authenticate(header_fields(request.headers.raw))
            patience = _HURRY if "limit" in request.query_params else _PATIENCE
            items = [each.item for each in await self.listed(caller, patience)]
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever it is
            return failure_response(words, explain_error(error, request_id), request_id)
        body = {
            "object": "list",
            "data": items,
            "has_more": False,
            "first_id": items[0]["id"] if items else None,
            "last_id": items[-1]["id"] if items else None,
        }
        return json_response(body, 200, words.headers(request_id))

    async def one_model(self, request: Request) -> Response:
        """Answer `GET /v1/models/{model}`."""
        request_id, words = new_request_id(), self._words(request)
        try:
            name = checked_name(request.path_params["model"])
            caller = await self._gateway.access.authenticate(header_fields(request.headers.raw))
            model = await resolve_model(self._gateway, self._gateway.expand(name))
            if not self._gateway.access.may_call(caller, name, str(model.ref)):
                msg = f"This key may not call {name}."
                raise RequestRefused(403, "model_not_allowed", msg)
        except Exception as error:  # noqa: BLE001 - likewise
            return failure_response(words, explain_error(error, request_id), request_id)
        return json_response(_item(name, model), 200, words.headers(request_id))

    async def listed(self, caller: Caller, patience: float = _PATIENCE) -> list[ListedModel]:
        """The models that a caller may call, by each of their names.

        Args:
            caller: The caller.
            patience: Seconds for providers to list their models; then an old list is used.
        """
        may_call = self._gateway.access.may_call
        return [
            each
            for each in await self._every(patience)
            if may_call(caller, each.item["id"], each.reference)
        ]

    async def aclose(self) -> None:
        """End what is still being fetched."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _words(self, request: Request) -> ErrorWords:
        return self._anthropic if "anthropic-version" in request.headers else self._openai

    async def _every(self, patience: float) -> list[ListedModel]:
        listed = {
            str(model.ref): model
            for listing in await self._listings(patience)
            for model in listing.models
        }
        settings = self._gateway.settings
        groups = {name: members[0].model for name, members in settings.groups.items()}
        aliases = {**self._gateway.runtime.config.aliases(), **settings.aliases, **groups}
        named = {name: ref for name, ref in aliases.items() if "*" not in name}
        names = {**named, **{ref: ref for ref in listed}}
        return [
            ListedModel(_item(name, listed.get(ref), ref), ref, listed.get(ref))
            for name, ref in names.items()
        ]

    async def _listings(self, patience: float) -> list[Listing]:
        """The lists of all providers that can be called; an old one where a new one takes too long."""
        catalog = self._gateway.runtime.catalog
        for provider in catalog.provider_ids:
            task = self._fetching.get(provider)
            if task is None or task.done():
                self._fetching[provider] = asyncio.create_task(catalog.listing(provider))
        fetching = dict(self._fetching)
        await asyncio.wait(fetching.values(), timeout=patience)
        found = []
        for provider, task in fetching.items():
            if task.done() and not task.cancelled() and task.exception() is None:
                found.append(task.result())
            else:
                found += await asyncio.to_thread(self._cached, provider)
        return [each for each in found if each.credentials.state != "unusable"]

    def _cached(self, provider: str) -> list[Listing]:
        try:
            return [self._gateway.runtime.catalog.cached(provider)]
        except ModelwireError:
            return []


def _item(name: str, model: Model | None, ref: str = "") -> dict[str, Any]:
    owner = model.provider if model is not None else ref.partition("/")[0]
    shown = model.name if model is not None else name
    return {
        "id": name,
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": _UNKNOWN,
        "owned_by": owner,
        "display_name": shown,
        **dict(_limits(model)),
    }


def _limits(model: Model | None) -> Iterator[tuple[str, int]]:
    if model is not None:
        if model.context_window is not None:
            yield "max_input_tokens", model.context_window
        if model.max_tokens is not None:
            yield "max_tokens", model.max_tokens
