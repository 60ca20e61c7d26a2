"""Tokens of AWS identities: a presigned request to STS that only identifies its signer.

A token is `aws-sts-v1.` and the URL of a presigned GetCallerIdentity in base64url, as EKS uses it. The
signature covers a header with the gateway's audience, so that a token for one gateway is no token for
another. Nothing of the URL is used before all of it was checked; the URL is then built from the checked parts.

Sources: AWS, *Signature Version 4* (query parameters) and *GetCallerIdentity*, as of November 2026.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from attrs import field, frozen

__all__ = [
    "AUDIENCE_HEADER",
    "LIFETIME_SECONDS",
    "TOKEN_PREFIX",
    "InvalidToken",
    "SignedIdentity",
    "encode_token",
    "read_token",
]

TOKEN_PREFIX: Final = "aws-sts-v1."  # noqa: S105 - a mark, and no secret
AUDIENCE_HEADER: Final = "x-modelwire-gateway"
LIFETIME_SECONDS: Final = 900
"""How long STS takes a presigned request for: 15 minutes."""

_LONGEST: Final = 8192
_EARLY_SECONDS: Final = 300
"""How far the client's clock may be ahead."""

_HOST: Final = re.compile(
    r"sts(?:\.(?P<region>[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2}))?\.amazonaws\.com(?P<china>\.cn)?"
)
_GLOBAL_REGION: Final = "us-east-1"
_CREDENTIAL: Final = re.compile(
    r"[A-Z0-9]{16,128}/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]+)/sts/aws4_request"
)
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_FIXED: Final = {
    "Action": "GetCallerIdentity",
    "Version": "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-SignedHeaders": f"host;{AUDIENCE_HEADER}",
}
_FORMS: Final = {
    "X-Amz-Credential": _CREDENTIAL,
    "X-Amz-Date": _DATE,
    "X-Amz-Expires": re.compile(r"[1-9][0-9]{0,2}"),
    "X-Amz-Signature": re.compile(r"[0-9a-f]{64}"),
}
_OPTIONAL: Final = {"X-Amz-Security-Token": re.compile(r"[A-Za-z0-9+/=_-]{1,4096}")}


class InvalidToken(ValueError):
    """A token that is not valid, or must not be sent to STS."""


@frozen
class SignedIdentity:
    """A presigned request that identifies its signer.

    Attributes:
        host: The host of STS.
        query: The query of the request.
        expires_at: When STS refuses it, in seconds since 1970.
    """

    host: str
    query: str = field(repr=False)
    expires_at: float


def encode_token(url: str) -> str:
    """Make a token of a presigned URL."""
    return TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def read_token(token: str, now: float) -> SignedIdentity:
    """Read and check a token.

    Args:
        token: The token.
        now: Seconds since 1970.

    Raises:
        InvalidToken: It is anything else than a request to STS for the caller's identity, signed with
            an audience, and in force.
    """
    host, pairs = _parts(_url_in(token))
    _check_fields(pairs)
    found = _HOST.fullmatch(host)
    scope = _CREDENTIAL.fullmatch(pairs["X-Amz-Credential"])
    if found is None or scope is None:
        raise InvalidToken
    region = found["region"] or _GLOBAL_REGION
    in_china = region.startswith("cn-")
    if scope["region"] != region or bool(found["china"]) != in_china:
        raise InvalidToken
    signed = _moment(pairs["X-Amz-Date"])
    if scope["date"] != pairs["X-Amz-Date"][:8] or signed - _EARLY_SECONDS > now:
        raise InvalidToken
    expires = signed + min(int(pairs["X-Amz-Expires"]), LIFETIME_SECONDS)
    if expires <= now:
        raise InvalidToken
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(pairs.items()))
    return SignedIdentity(host, query, expires)


def _url_in(token: str) -> str:
    if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST:
        raise InvalidToken
    encoded = token.removeprefix(TOKEN_PREFIX)
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        text = data.decode("ascii")
    except (ValueError, binascii.Error):
        raise InvalidToken from None
    if not text.isprintable() or " " in text:
        raise InvalidToken
    return text


def _parts(url: str) -> tuple[str, Mapping[str, str]]:
    """The host and the parameters of a URL that has nothing else."""
    try:
        split = urlsplit(url)
        pairs = parse_qsl(
            split.query, keep_blank_values=True, strict_parsing=True, max_num_fields=16
        )
    except ValueError:
        raise InvalidToken from None
    fields = dict(pairs)
    plain = (
        split.scheme == "https"
        and split.path == "/"
        and not split.fragment
        and "#" not in url
        and len(fields) == len(pairs)
    )
    if not plain:
        raise InvalidToken
    # The whole of it, so that there is no login and no port in it.
    return split.netloc, fields


def _check_fields(pairs: Mapping[str, str]) -> None:
    needed = _FIXED.keys() | _FORMS.keys()
    good = (
        needed <= pairs.keys() <= needed | _OPTIONAL.keys()
        and all(pairs[name] == value for name, value in _FIXED.items())
        and all(
            form.fullmatch(pairs[name])
            for name, form in (_FORMS | _OPTIONAL).items()
            if name in pairs
        )
    )
    if not good:
        raise InvalidToken


def _moment(text: str) -> float:
    found = _DATE.fullmatch(text)
    if found is None:
        raise InvalidToken
    try:
        return datetime(*map(int, found.groups()), tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc] # six numbers
    except (ValueError, OverflowError):
        raise InvalidToken from None
