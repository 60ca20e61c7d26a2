"""The credentials that the emulator knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from modelwire_bedrock.emulator.auth import (
    BEARER_PREFIX,
    Authenticator,
    Credentials,
    new_bearer_token,
    new_credentials,
)

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["BEARER_TOKEN", "CREDENTIALS", "authenticator"]

CREDENTIALS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""The key pair that the emulator knows by default: the one of AWS's documentation."""

BEARER_TOKEN = f"{BEARER_PREFIX}emulator"
"""The bearer token that the emulator knows by default."""


def authenticator(
    credentials: Iterable[Credentials] | None,
    tokens: Iterable[str] | None,
    clock: Callable[[], datetime] | None,
    *,
    required: bool,
    guarded: object | None,
) -> Authenticator:
    """The access keys that are accepted; with an upstream, only those of the emulator itself."""
    if credentials is None:
        credentials = (CREDENTIALS if guarded is None else new_credentials(),)
    if tokens is None:
        tokens = (BEARER_TOKEN if guarded is None else new_bearer_token(),)
    required = required or guarded is not None
    if clock is None:
        return Authenticator(tuple(credentials), tuple(tokens), required)
    return Authenticator(tuple(credentials), tuple(tokens), required, clock)
