"""Visits: the part of a request that is the same for every door."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec
from attrs import frozen
from starlette.responses import Response

from modelwire.dialects import BadRequest, ErrorWords, Failure
from modelwire.errors import PluginError, UnknownModel
from modelwire.models import Model
from modelwire_gateway.access.caller import Caller, RequestRefused
from modelwire_gateway.doors.body import read_body
from modelwire_gateway.doors.client import Client
from modelwire_gateway.doors.failure import failure_of
from modelwire_gateway.gateway import Gateway, logger
from modelwire_gateway.records import Content, RequestRecord

__all__ = [
    "ClientRequest",
    "ResolvedModel",
    "checked_name",
    "explain_error",
    "failure_response",
    "json_response",
    "new_request_id",
    "read_request",
    "require_allowed",
    "resolve_model",
    "resolve_request",
]

_PREFIX: Final = "req_"
_LONGEST_NAME: Final = 2048
"""Characters of a model's name, which logs and errors repeat; ids of Amazon Bedrock have as many at most."""


def new_request_id() -> str:
    """Make the id of a request."""
    return f"{_PREFIX}{os.urandom(12).hex()}"


@frozen
class ClientRequest:
    """A request that was read, of a known caller.

    Attributes:
        caller: The caller.
        headers: The header fields, with names in lower case.
        body: The body.
        size: The bytes of the body.
        name: The model, as the request names it.
    """

    caller: Caller
    headers: dict[str, str]
    body: dict[str, Any]
    size: int
    name: str


@frozen
class ResolvedModel:
    """The model that a request resolves to.

    Attributes:
        reference: The reference that its name resolves to; `None` is the primary model.
        model: The model, by which the request is allowed and priced.
        called: The model that is called: the same, or what the caller's requests for it go to.
        upstream: The API in which it is called.
    """

    reference: str | None
    model: Model
    called: Model
    upstream: str


async def read_request(gateway: Gateway, client: Client, record: RequestRecord) -> ClientRequest:
    """Authenticate the caller, and read the request.

    Raises:
        RequestRefused: The credential is missing or not good.
        BadRequest: The body cannot be read, or names no model.
        ClientDisconnect: The client left before the end of the body.
    """
    headers = client.headers()
    caller = await gateway.access.authenticate(headers)
    record.caller = caller.id
    body, size = await read_body(
        client,
        headers,
        most=gateway.settings.max_body_bytes,
        seconds=gateway.settings.request_seconds,
    )
    if gateway.settings.log_content:
        record.content = Content(dict(body))
    body |= client.path_params
    record.name = name = checked_name(body.get("model"))
    return ClientRequest(caller, headers, body, size, name)


def checked_name(given: object) -> str:
    """The name of a model in a request.

    Raises:
        BadRequest: It cannot be one.
    """
    if not isinstance(given, str) or not given.strip():
        msg = "model must be the name of a model."
        raise BadRequest(msg, param="model")
    if len(given) > _LONGEST_NAME:
        msg = f"model must have at most {_LONGEST_NAME} characters."
        raise BadRequest(msg, param="model")
    return given.strip()


async def resolve_request(
    gateway: Gateway, request: ClientRequest, reference: str | None, record: RequestRecord
) -> ResolvedModel:
    """Find the model behind a reference, and what the caller's requests for it go to.

    Args:
        gateway: What all doors share.
        request: The request.
        reference: The reference that its name resolves to; `None` is the primary model.
        record: Where the model is noted.

    Raises:
        ModelwireError: There is no such model, or it cannot be used.
    """
    routes = request.caller.routes
    try:
        model = await resolve_model(gateway, reference)
    except UnknownModel:
        # A name that only this caller knows.
        if request.name not in routes:
            raise
        model = await resolve_model(gateway, routes[request.name])
    record.model = str(model.ref)
    route = routes.get(request.name) or routes.get(record.model)
    if route is None:
        return ResolvedModel(reference, model, model, await gateway.upstream_api(model))
    called = await resolve_model(gateway, route)
    return ResolvedModel(route, model, called, await gateway.upstream_api(called))


async def resolve_model(gateway: Gateway, reference: str | None) -> Model:
    """The model behind a reference, with its prices; an unknown provider has no model.

    Raises:
        ModelwireError: There is no such model, or it cannot be used.
    """
    try:
        return await gateway.model(reference)
    except PluginError as error:
        if reference is None or gateway.has_provider_of(reference):
            raise
        msg = f"There is no model {reference!r}."
        raise UnknownModel(msg) from error


def require_allowed(gateway: Gateway, request: ClientRequest, resolved: ResolvedModel) -> None:
    """Check that a caller may call a model, where nothing is counted.

    Raises:
        RequestRefused: They may not.
    """
    if not gateway.access.may_call(request.caller, request.name, str(resolved.model.ref)):
        msg = f"This key may not call {request.name}."
        raise RequestRefused(403, "model_not_allowed", msg)


def explain_error(error: Exception, request_id: str) -> Failure:
    """Make a failure of what was raised; what is the gateway's own fault is logged."""
    failure = failure_of(error)
    if failure.kind == "internal":
        logger.error("%s failed: %s", request_id, error, exc_info=error)
    return failure


def failure_response(words: ErrorWords, failure: Failure, request_id: str) -> Response:
    """Write a failure as a response of an API."""
    report = words.error(failure, request_id)
    headers = {**words.headers(request_id), **report.headers}
    headers["x-should-retry"] = "true" if failure.retryable else "false"
    if failure.retry_after is not None:
        headers["retry-after"] = str(max(1, round(failure.retry_after + 0.499)))
    return json_response(report.body, report.status, headers)


def json_response(body: object, status: int, headers: dict[str, str]) -> Response:
    """Write a response of JSON."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")
