"""An auth mode for tests: it adds one header field to each request, and renews what is refused."""

from __future__ import annotations

from http import HTTPStatus

from attrs import evolve

from modelwire.hookspecs import hookimpl
from modelwire.registry import Claim
from modelwire.transport import Request

__all__ = ["CLAIM", "FIELD", "MODE", "PROOF", "authorize_request", "renew_authorization"]

MODE = "conformance"
FIELD = "X-Conformance-Auth"
PROOF = "proof-of-the-conformance-kit"

CLAIM = Claim("auth", MODE, __name__, "modelwire", "")
"""The claim that a package owning the mode would make."""


@hookimpl
async def authorize_request(request: Request) -> Request:
    """Add the field."""
    return evolve(request, headers={**request.headers, FIELD: PROOF})


@hookimpl
async def renew_authorization(status: int) -> bool:
    """Say that a request refused with the status 401 is authorized otherwise from now on."""
    return status == HTTPStatus.UNAUTHORIZED
