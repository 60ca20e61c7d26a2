"""Signatures of Signature Version 4, computed from AWS's specification.

The client's side of it is botocore; this is the service's side, written independently, so that each
checks the other. Bedrock is not S3: the path is encoded once more, and the payload is always hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from attrs import frozen

__all__ = ["ALGORITHM", "Authorization", "SignedRequest", "expected_signature", "read_date"]

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"
_SPACES = re.compile(r" +")


@frozen
class SignedRequest:
    """The signed parts of a request.

    Attributes:
        method: The HTTP method.
        path: The path exactly as it was sent, percent-encoding included.
        query: The query string exactly as it was sent, without the question mark.
        headers: Names in lower case with their values, in the order in which they came.
        body: The payload.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """All values of a header, joined by commas, or `None` where it is absent."""
        values = [_SPACES.sub(" ", value.strip()) for key, value in self.headers if key == name]
        return ",".join(values) if values else None


@frozen
class Authorization:
    """The parts of an `Authorization` header that carries a signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope, without the access key."""
        return "/".join((self.date, self.region, self.service, self.terminator))


def expected_signature(request: SignedRequest, parts: Authorization, secret: str) -> str:
    """The signature that a request should carry, in lower-case hexadecimal."""
    date = request.header("x-amz-date") or request.header("date") or ""
    digest = hashlib.sha256(_canonical_request(request, parts.signed_headers).encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, date, parts.scope, digest))
    key = f"AWS4{secret}".encode()
    for part in (parts.date, parts.region, parts.service, parts.terminator):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


def read_date(text: str) -> datetime | None:
    """Read the date of a request in ISO 8601 basic format, such as `20260102T030405Z`."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _canonical_request(request: SignedRequest, signed: Iterable[str]) -> str:
    names = list(signed)
    headers = "".join(f"{name}:{request.header(name) or ''}\n" for name in names)
    path = quote(_normalised(request.path), safe="/" + _UNRESERVED)
    payload = hashlib.sha256(request.body).hexdigest()
    query = _canonical_query(request.query)
    return "\n".join((request.method, path, query, headers, ";".join(names), payload))


def _canonical_query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append((_encode(name), _encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(unquote(text), safe=_UNRESERVED)


def _normalised(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    last = "/" if path.endswith("/") and kept else ""
    return f"/{'/'.join(kept)}{last}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
