"""The credential status: the result of `detect_credentials`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from attrs import field, frozen, validators

from modelwire.redaction import shown_url

__all__ = ["CredentialStatus", "fingerprint"]


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _shown(text: str | None) -> str | None:
    return shown_url(text) if text else text


def _all_shown(details: Mapping[str, str]) -> dict[str, str]:
    return {name: shown_url(str(text)) for name, text in details.items()}


@frozen
class CredentialStatus:
    """The credential source of a provider, and whether it would work. Never a secret.

    Logins in URLs are removed from every text.

    Attributes:
        state: `usable`; `unusable`, with a `reason`; or `unknown`, when only a probe can decide.
        source: The name of the source, such as `env: ACME_API_KEY`, or `None` if there is none.
        reason: The reason for `unusable` or `unknown`, in one sentence.
        hint: The remedy.
        expires_at: When the credentials expire, if that is known and nothing renews them. A time
            without a zone is taken as UTC.
        identity: The owner of the credentials, such as a profile or account name; part of the key
            of the discovery cache. For an API key, `fingerprint` makes one.
        details: Further details for display, such as the region. The source of a detail is given
            under its name plus `Source`, such as `regionSource`.
    """

    state: Literal["usable", "unusable", "unknown"] = field(
        validator=validators.in_(("usable", "unusable", "unknown"))
    )
    source: str | None = field(default=None, converter=_shown)
    reason: str | None = field(default=None, converter=_shown)
    hint: str | None = field(default=None, converter=_shown)
    expires_at: datetime | None = field(default=None, converter=_aware)
    identity: str | None = None
    details: dict[str, str] = field(factory=dict, converter=_all_shown)


def fingerprint(secret: str) -> str:
    """A short, irreversible name for a secret: 48 bits of SHA-256."""
    import hashlib  # most plugins name no secret

    return hashlib.sha256(secret.encode()).hexdigest()[:12]
