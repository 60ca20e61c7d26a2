"""Signature Version 4 of requests that other plugins make, and bearer tokens minted from credentials."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.transport import merge_headers

if TYPE_CHECKING:
    from modelwire.transport import Request

__all__ = ["is_signed", "mint_token", "sign_request"]

_ALGORITHM = "AWS4-HMAC-SHA256 "
_PUBLIC = frozenset({"x-amz-content-sha256", "x-amz-date"})
_ADDED = ("Authorization", "X-Amz-Content-SHA256", "X-Amz-Date", "X-Amz-Security-Token")
_NOT_SIGNED = frozenset({"accept-encoding", "authorization", "connection"})
"""What proxies on the way may change or remove, and what the signature replaces."""

_MINTED_FOR = "bedrock.amazonaws.com"
_MOST_SECONDS = 43_200
"""Twelve hours, the most that AWS takes; the credentials behind a token may end earlier."""


def is_signed(request: Request) -> bool:
    """Whether a request carries a signature, as those that boto3 has prepared do."""
    return request.headers.get("Authorization", "").startswith(_ALGORITHM)


def sign_request(request: Request, credentials: Any, service: str, region: str) -> Request:
    """Sign a request with all of its header fields and its body.

    Args:
        request: The request.
        credentials: Credentials of botocore, which are not asked to renew themselves.
        service: The name to sign with, as `bedrock`.
        region: The region to sign for.
    """
    from hashlib import sha256

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    body = request.body or b""
    fields = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_SIGNED}
    fields = merge_headers(fields, {"X-Amz-Content-SHA256": sha256(body).hexdigest()})
    prepared = AWSRequest(request.method, request.url, headers=fields, data=body)
    SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(prepared)
    added = {name: prepared.headers[name] for name in _ADDED if name in prepared.headers}
    return evolve(
        request,
        headers=merge_headers(request.headers, added),
        public_headers=request.public_headers | _PUBLIC,
    )


def mint_token(credentials: Any, region: str) -> str:
    """Make a short-term Bedrock API key from credentials, without the network.

    It is a presigned URL of the action `CallWithBearerToken` without its scheme, in Base64
    (aws-bedrock-token-generator 1.1). It holds for one region, and no longer than the credentials.

    Args:
        credentials: Credentials of botocore, which are not asked to renew themselves.
        region: The region that the token is for.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(
        "POST",
        f"https://{_MINTED_FOR}/",
        headers={"host": _MINTED_FOR},
        params={"Action": "CallWithBearerToken"},
    )
    frozen = credentials.get_frozen_credentials()
    SigV4QueryAuth(frozen, "bedrock", region, expires=_MOST_SECONDS).add_auth(request)
    presigned = f"{request.url.removeprefix('https://')}&Version=1"
    return "bedrock-api-key-" + base64.b64encode(presigned.encode()).decode()
