"""Signature Version 4 of requests that other plugins make, and bearer tokens minted from credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from attrs import field, frozen

from modelwire.forks import importing
from modelwire.transport import Request, merge_headers

__all__ = [
    "SignedWith",
    "authorization",
    "is_signed",
    "mint_token",
    "place_of",
    "sign_request",
    "signed_fields",
    "signed_with",
    "signing_date",
]

_ALGORITHM = "AWS4-HMAC-SHA256 "
_PUBLIC = frozenset({"x-amz-content-sha256", "x-amz-date"})
_NOT_SIGNED = frozenset({
    "accept-encoding", "authorization", "baggage", "connection", "expect", "keep-alive",
    "proxy-authenticate", "proxy-authorization", "te", "traceparent", "tracestate", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
})  # fmt: skip
"""Header fields that proxies may change or remove, and those that the signature replaces."""
_PORTS = {"http": 80, "https": 443}

_MINTED = "bedrock-api-key-"
_MINTED_FOR = "bedrock.amazonaws.com"
_MOST_SECONDS = 43_200
"""Twelve hours, the most that AWS takes; the credentials behind a token may end earlier."""


def is_signed(request: Request) -> bool:
    """Whether a request carries a signature, as those that boto3 has prepared do."""
    return request.headers.get("Authorization", "").startswith(_ALGORITHM)


def sign_request(request: Request, credentials: Any, service: str, region: str) -> Request:
    """Sign a request with all of its header fields and its body.

    The steps are those of the AWS Signature Version 4 documentation; the tests compare each part
    with botocore's signer. Fields that the request has more than once, by other spellings, are
    signed as one.

    Args:
        request: The request.
        credentials: Credentials of botocore, which are not refreshed here.
        service: The name to sign with, such as `bedrock`.
        region: The region to sign for.
    """
    keys = credentials.get_frozen_credentials()
    date = signing_date()
    digest = hashlib.sha256(request.body or b"").hexdigest()
    # The signature itself takes the place of another, and is not signed.
    added = {"X-Amz-Content-SHA256": digest, "X-Amz-Date": date, "Authorization": ""}
    if keys.token:
        added["X-Amz-Security-Token"] = keys.token
    headers = merge_headers(request.headers, added)
    place = place_of(request.url)
    fields = signed_fields(headers, place.host)
    names = ";".join(fields)
    lines = "".join(f"{name}:{value}\n" for name, value in fields.items())
    method = request.method.upper()
    canonical = f"{method}\n{place.path}\n{place.query}\n{lines}\n{names}\n{digest}"
    headers["Authorization"] = authorization(keys, date, region, service, names, canonical)
    return Request(
        request.method,
        request.url,
        headers,
        request.body,
        public_headers=request.public_headers | _PUBLIC,
        request_id_headers=request.request_id_headers,
    )


def signing_date() -> str:
    """The present time, as `X-Amz-Date` has it."""
    return _written(int(time.time()))


@lru_cache(maxsize=2)
def _written(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


def authorization(
    keys: Any, date: str, region: str, service: str, names: str, canonical: str
) -> str:
    """The field `Authorization`.

    Args:
        keys: Frozen credentials of botocore.
        date: The time to sign with, as `X-Amz-Date` has it.
        region: The region to sign for.
        service: The name to sign with.
        names: The names of the fields that are signed, in lower case and in order, with `;` between.
        canonical: The canonical request.
    """
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = _signing_key(keys.secret_key, date[:8], region, service)
    signature = _hmac(key, f"{_ALGORITHM.strip()}\n{date}\n{scope}\n{hashed}").hex()
    return (
        f"{_ALGORITHM}Credential={keys.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@frozen
class _Place:
    """The parts of an address in their canonical form."""

    host: str
    path: str
    query: str


@lru_cache(maxsize=64)
def place_of(url: str) -> _Place:
    """The parts of an address as a signature covers them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    pairs = sorted(pair.partition("=")[::2] for pair in parts.query.split("&") if parts.query)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return _Place(host, quote(_canonical(parts.path), safe="/~"), query)


def _canonical(path: str) -> str:
    """A path without empty segments and without those that are dots."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{end}"


def signed_fields(headers: Mapping[str, str], host: str) -> dict[str, str]:
    """The header fields that are signed, by their names in lower case, in order."""
    fields: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in _NOT_SIGNED:
            trimmed = " ".join(value.split())
            fields[lower] = f"{fields[lower]},{trimmed}" if lower in fields else trimmed
    fields.setdefault("host", host)
    return dict(sorted(fields.items()))


@lru_cache(maxsize=64)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of a day, which is the same for all requests to a service in a region."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")


def mint_token(credentials: Any, region: str) -> str:
    """Make a short-term Bedrock API key from credentials, without the network; the first call imports botocore.

    It is a presigned URL of the action `CallWithBearerToken` without its scheme, in Base64
    (aws-bedrock-token-generator 1.1). It holds for one region, and no longer than the credentials.

    Args:
        credentials: Credentials of botocore, which are not refreshed here.
        region: The region that the token is for.
    """
    with importing():
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
    return _MINTED + base64.b64encode(presigned.encode()).decode()


@frozen
class SignedWith:
    """The credentials that a request was signed with, without their secret.

    Attributes:
        access_key: The access key id.
        token: The session token, or `None`.
    """

    access_key: str
    token: str | None = field(repr=False)

    def is_of(self, credentials: Any) -> bool:
        """Whether these are credentials of botocore."""
        keys = credentials.get_frozen_credentials()
        return (keys.access_key, keys.token or None) == (self.access_key, self.token)


def signed_with(request: Request) -> SignedWith | None:
    """The credentials behind a request's signature or minted token, or `None` where it has neither."""
    fields = {name.lower(): value for name, value in request.headers.items()}
    written = fields.get("authorization", "")
    if written.startswith(_ALGORITHM):
        key = written.partition("Credential=")[2].partition("/")[0]
        return SignedWith(key, fields.get("x-amz-security-token"))
    token = written.removeprefix(f"Bearer {_MINTED}")
    if token == written:
        return None
    try:
        presigned = base64.b64decode(token, validate=True).decode()
    except ValueError:
        return None
    query = parse_qs(presigned.partition("?")[2])
    key = query.get("X-Amz-Credential", [""])[0].partition("/")[0]
    return SignedWith(key, query.get("X-Amz-Security-Token", [None])[0])
