"""Settings for callers that are AWS identities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

from attrs import Attribute, Factory, field, frozen

from modelwire_gateway.access.caller import Limits

__all__ = ["AwsIdentity", "AwsSettings"]

_PATTERN: Final = re.compile(r"arn:aws[a-z-]*:(?:sts|iam)::[0-9]{12}:[\w+=,.@/*-]+", re.ASCII)
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


def _check_pattern(_: object, __: Attribute[str], value: str) -> None:
    if not _PATTERN.fullmatch(value):
        msg = (
            "expected an ARN of one account, as arn:aws:sts::123456789012:assumed-role/Developers/*"
        )
        raise ValueError(msg)


def _check_endpoint(_: object, __: Attribute[str | None], value: str | None) -> None:
    if value is None:
        return
    split = urlsplit(value)
    good = split.scheme == "https" or (split.scheme == "http" and split.hostname in _LOOPBACK)
    if not (good and split.hostname and split.path in {"", "/"} and not split.query):
        msg = "expected https://HOST, or http://127.0.0.1:PORT for tests"
        raise ValueError(msg)


@frozen
class AwsIdentity:
    """AWS identities that may call, and what they may use.

    Attributes:
        arn: The ARN that STS names them by; `*` matches any text without `/` and `:`.
        per: Whether limits and usage are those of each role or user, or of each session of a role. The
            name of a session is chosen by the caller that assumes the role, unless IAM fixes it.
        name: A display name; by default the last part of the ARN.
        owner: The person or team that they belong to.
        models: The models that they may call; empty is all of them.
        routes: References that requests for a name or a reference go to instead.
        labels: Labels that the provider gets with each request.
        limits: How much each may use.
    """

    arn: str = field(validator=_check_pattern)
    per: Literal["role", "session"] = "role"
    name: str | None = None
    owner: str | None = None
    models: tuple[str, ...] = ()
    routes: Mapping[str, str] = Factory(dict)
    labels: Mapping[str, str] = Factory(dict)
    limits: Limits = field(factory=Limits)


@frozen
class AwsSettings:
    """The settings under `aws`.

    Attributes:
        audience: The name of this gateway, which its clients sign; without it, no AWS identity is
            let in.
        identities: The identities that may call; the first match counts.
        endpoint: The STS endpoint to use in place of the token's host, such as a VPC endpoint.
        cache_seconds: How long the confirmation of an identity by STS is reused.
    """

    audience: str | None = None
    identities: tuple[AwsIdentity, ...] = ()
    endpoint: str | None = field(default=None, validator=_check_endpoint)
    cache_seconds: float = 300.0
