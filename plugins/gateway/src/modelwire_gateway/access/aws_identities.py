"""AWS identities: tokens that STS confirms, and the callers that they identify."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

from modelwire.errors import ModelwireError
from modelwire.transport import Deadlines, Request, Transport
from modelwire_gateway.access.aws_settings import AwsIdentity, AwsSettings
from modelwire_gateway.access.aws_token import (
    AUDIENCE_HEADER,
    InvalidToken,
    SignedIdentity,
    read_token,
)
from modelwire_gateway.access.caller import Caller, RequestRefused

__all__ = ["AwsIdentities", "caller_of"]

_log = logging.getLogger("modelwire.gateway")

_INVALID: Final = "The AWS identity in the API key is not valid, or its time is over."
_UNKNOWN: Final = "This AWS identity may not use this gateway."
_AWAY: Final = "AWS identities cannot be checked at the moment."

_DEADLINES: Final = Deadlines(connect=3.0, first_byte=5.0, idle=5.0, total=8.0)
_LONGEST_ANSWER: Final = 64 * 1024
_AT_A_TIME: Final = 16
_MOST_WAITING: Final = 256
_MOST_REMEMBERED: Final = 10_000
_REFUSAL_SECONDS: Final = 10.0

_ARN: Final = re.compile(r"arn:aws[a-z-]*:(?:sts|iam)::[0-9]{12}:[\x21-\x7e]{1,1024}")
_ASSUMED_ROLE: Final = re.compile(r"(?P<role>arn:[^:]+:sts::[0-9]{12}:assumed-role/.+)/[^/]+")


@frozen
class _Verdict:
    """STS's answer to a token: an ARN, or `None` for a refusal; valid until a moment."""

    arn: str | None
    until: float


class AwsIdentities:
    """Callers that prove their identity by a presigned request to STS.

    Args:
        settings: The identities that may call.
        transport: Sends the requests to STS. It follows no redirect.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        settings: AwsSettings,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._verdicts: OrderedDict[bytes, _Verdict] = OrderedDict()
        self._pending: dict[bytes, asyncio.Task[_Verdict]] = {}
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def authenticate(self, token: str) -> Caller:
        """Find the caller behind a token.

        Raises:
            RequestRefused: The token is not good (401), the identity may not call (403), or STS cannot be
                reached (503).
        """
        if self._settings.audience is None:
            raise RequestRefused(401, "unauthorized", _INVALID)
        try:
            signed = read_token(token, self._clock())
        except InvalidToken:
            raise RequestRefused(401, "unauthorized", _INVALID) from None
        verdict = await self._verdict(token, signed)
        if verdict.arn is None:
            raise RequestRefused(401, "unauthorized", _INVALID)
        found = caller_of(verdict.arn, self._settings.identities)
        if found is None:
            raise RequestRefused(403, "not_allowed", _UNKNOWN)
        return found

    async def aclose(self) -> None:
        """Cancel the requests to STS."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _verdict(self, token: str, signed: SignedIdentity) -> _Verdict:
        # The digest, so that no token can be read from the memory of what was confirmed.
        key = hashlib.sha256(token.encode()).digest()
        known = self._verdicts.get(key)
        if known is not None and known.until > self._clock():
            return known
        task = self._pending.get(key)
        if task is None:
            if len(self._pending) >= _MOST_WAITING:
                raise RequestRefused(503, "unavailable", _AWAY, retry_after=1.0)
            task = self._pending[key] = asyncio.create_task(self._look_up(key, signed))
            task.add_done_callback(lambda done: self._answered(key, done))
        # A client that leaves does not take the answer from the others.
        return await asyncio.shield(task)

    def _answered(self, key: bytes, task: asyncio.Task[_Verdict]) -> None:
        self._pending.pop(key, None)
        if not task.cancelled():
            # The caller may have left, so the exception is marked as retrieved.
            task.exception()

    async def _look_up(self, key: bytes, signed: SignedIdentity) -> _Verdict:
        try:
            async with self._turns:
                arn = await self._caller_identity(signed)
        except ModelwireError as error:
            _log.warning("STS cannot be reached: %s", error.code)
            raise RequestRefused(503, "unavailable", _AWAY, retry_after=2.0) from None
        seconds = _REFUSAL_SECONDS if arn is None else self._settings.cache_seconds
        verdict = _Verdict(arn, min(signed.expires_at, self._clock() + seconds))
        self._verdicts[key] = verdict
        if len(self._verdicts) > _MOST_REMEMBERED:
            self._verdicts.popitem(last=False)
        return verdict

    async def _caller_identity(self, signed: SignedIdentity) -> str | None:
        """The ARN that STS names, or `None` where it refuses the request."""
        place = (self._settings.endpoint or f"https://{signed.host}").rstrip("/")
        request = Request(
            "GET",
            f"{place}/?{signed.query}",
            {
                "Host": signed.host,
                "Accept": "application/json",
                AUDIENCE_HEADER: self._settings.audience or "",
            },
        )
        async with self._transport.send(request, deadlines=_DEADLINES) as response:
            body = await response.read(limit=_LONGEST_ANSWER)
            if response.status == 200:
                return _arn_in(body)
            if response.status >= 500 or response.status == 429 or b"Throttl" in body:
                _log.warning("STS answered %d.", response.status)
                raise RequestRefused(503, "unavailable", _AWAY, retry_after=2.0)
            return None


def _arn_in(body: bytes) -> str | None:
    try:
        answer: Any = json.loads(body)
        arn = answer["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Arn"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return arn if isinstance(arn, str) and _ARN.fullmatch(arn) else None


def caller_of(arn: str, identities: Sequence[AwsIdentity]) -> Caller | None:
    """The caller for an ARN, by the first identity that matches; `None` if none does."""
    for identity in identities:
        if _fits(identity.arn, arn):
            assumed = _ASSUMED_ROLE.fullmatch(arn) if identity.per == "role" else None
            subject = assumed["role"] if assumed else arn
            return Caller(
                id=subject,
                name=identity.name or subject.rpartition("/")[2].rpartition(":")[2],
                owner=identity.owner,
                models=identity.models,
                routes=identity.routes,
                labels=identity.labels,
                limits=identity.limits,
            )
    return None


def _fits(pattern: str, arn: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch("[^/:]*".join(parts), arn) is not None
