"""Keys of the gateway: a public id, and a secret of which only a digest is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from typing import Final

from attrs import Factory, field, frozen

from modelwire_gateway.access.caller import KEY_PREFIX, Caller, Limits

__all__ = ["Key", "KeyText", "digest_of"]

_ID_LENGTH: Final = 12
_SECRET_LENGTH: Final = 43
"""Letters and digits that hold 256 bits."""

_ID_CHARACTERS: Final = string.ascii_lowercase + string.digits
_SECRET_CHARACTERS: Final = string.ascii_letters + string.digits
_FORM: Final = re.compile(
    rf"{KEY_PREFIX}([a-z0-9]{{{_ID_LENGTH}}})-([A-Za-z0-9]{{{_SECRET_LENGTH}}})"
)


@frozen
class KeyText:
    """A key as its holder has it: `mw-<id>-<secret>`.

    Attributes:
        id: The public part, which names the key in lists and logs.
        secret: The part that proves it: 256 random bits.
    """

    id: str
    secret: str = field(repr=False)

    @classmethod
    def make(cls, key_id: str | None = None) -> KeyText:
        """Make a new key, or a new secret for the key with an id."""
        return cls(
            key_id or "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH)),
            "".join(secrets.choice(_SECRET_CHARACTERS) for _ in range(_SECRET_LENGTH)),
        )

    @classmethod
    def parse(cls, text: str) -> KeyText:
        """Read a key. An invalid one has an empty id, which no stored key has."""
        found = _FORM.fullmatch(text)
        return cls(found[1], found[2]) if found else cls("", text)

    def reveal(self) -> str:
        """The whole key, for the one time that it is shown."""
        return f"{KEY_PREFIX}{self.id}-{self.secret}"


def digest_of(secret: str) -> str:
    """The digest of a secret, in hexadecimal digits.

    A fast hash is enough: a secret of 256 random bits cannot be guessed at any speed.
    """
    return hashlib.sha256(
        b"modelwire-gateway-key\0" + secret.encode("utf-8", "surrogatepass")
    ).hexdigest()


_NO_DIGEST: Final = digest_of(secrets.token_hex())
"""A digest that no secret has, for comparisons that must fail but take as long as others."""


@frozen
class Key:
    """A stored key.

    Attributes:
        id: The public part.
        name: Its purpose, for display.
        owner: The person or team that it belongs to, or `None`.
        digest: The digest of its secret.
        previous_digest: The digest of the secret before the last rotation, or `None`.
        previous_until: When the previous secret ends, in seconds since 1970.
        models: The models that it may call, as names, references or patterns; empty is all of them.
        routes: References that requests for a name or a reference go to instead.
        labels: Labels that the provider gets with each request.
        limits: How much it may use.
        created_at: When it was made, in seconds since 1970.
        expires_at: When it ends, or `None`.
        revoked_at: When it was revoked, or `None`.
        caller: The caller that it identifies.
    """

    id: str
    name: str
    digest: str = field(repr=False)
    owner: str | None = None
    previous_digest: str | None = field(default=None, repr=False)
    previous_until: float | None = None
    models: tuple[str, ...] = ()
    routes: Mapping[str, str] = Factory(dict)
    labels: Mapping[str, str] = Factory(dict)
    limits: Limits = field(factory=Limits)
    created_at: float = 0.0
    expires_at: float | None = None
    revoked_at: float | None = None
    caller: Caller = field(init=False, repr=False, eq=False)

    @caller.default
    def _caller(self) -> Caller:
        return Caller(
            id=self.id,
            name=self.name,
            owner=self.owner,
            models=self.models,
            routes=self.routes,
            labels=self.labels,
            limits=self.limits,
        )

    def state(self, now: float) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

    def accepts(self, secret: str, now: float) -> bool:
        """Whether a secret opens this key now; takes the same time for every wrong one."""
        digest = digest_of(secret)
        previous = self.previous_digest or _NO_DIGEST
        current = hmac.compare_digest(digest, self.digest)
        former = hmac.compare_digest(digest, previous) and now < (self.previous_until or 0)
        ends = self.expires_at
        return (current or former) and self.revoked_at is None and (ends is None or now < ends)


UNKNOWN_KEY: Final = Key(id="", name="", digest=_NO_DIGEST)
"""The key used for unknown ids, so that they take the same work as known ones."""
