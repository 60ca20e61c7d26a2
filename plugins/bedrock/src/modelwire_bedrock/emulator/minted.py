"""Short-term API keys, which are minted from a key pair without a request to AWS.

Such a key is the text `bedrock-api-key-` and the base64 of a presigned address: a POST of the action
`CallWithBearerToken` to `bedrock.amazonaws.com`, signed in its query for the service `bedrock`, with
`&Version=1` appended (aws-bedrock-token-generator 1.1.0).
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from attrs import field, frozen

from modelwire_bedrock.emulator.signatures import (
    ALGORITHM,
    Authorization,
    SignedRequest,
    expected_signature,
    read_date,
)

__all__ = ["LONGEST", "MintedKey", "read_minted"]

LONGEST = timedelta(hours=12)
"""The longest life of such a key."""

_HOST = "bedrock.amazonaws.com"
_UNSIGNED = ("X-Amz-Signature", "Version")


@frozen
class MintedKey:
    """A key that was minted.

    Attributes:
        parts: The scope and the signature.
        session_token: The session token that it was minted with, or `None`.
        begins: When it was minted.
        life: How long it is meant to live.
        request: The presigned request.
    """

    parts: Authorization
    session_token: str | None = field(repr=False)
    begins: datetime
    life: timedelta
    request: SignedRequest = field(repr=False)

    def expected(self, secret: str) -> str:
        """The signature that it should carry."""
        return expected_signature(self.request, self.parts, secret)


def read_minted(token: str, prefix: str) -> MintedKey | None:
    """Read a key; `None` where it is not of this kind."""
    try:
        address = base64.b64decode(token.removeprefix(prefix), validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    place, _, query = address.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    scope = values.get("X-Amz-Credential", "").split("/")
    date = values.get("X-Amz-Date", "")
    begins, seconds = read_date(date), values.get("X-Amz-Expires", "")
    if place.rstrip("/") != _HOST or values.get("Action") != "CallWithBearerToken":
        return None
    if values.get("X-Amz-Algorithm") != ALGORITHM or len(scope) != 5 or not seconds.isdigit():
        return None
    if begins is None:
        return None
    signed = "&".join(part for part in query.split("&") if part.partition("=")[0] not in _UNSIGNED)
    headers = [("host", _HOST), ("x-amz-date", date)]
    names = tuple(values.get("X-Amz-SignedHeaders", "").split(";"))
    key, day, region, service, end = scope
    signature = values.get("X-Amz-Signature", "")
    parts = Authorization(key, day, region, service, end, names, signature)
    return MintedKey(
        parts,
        values.get("X-Amz-Security-Token"),
        begins.astimezone(UTC),
        timedelta(seconds=int(seconds)),
        SignedRequest("POST", "/", signed, headers, b""),
    )
