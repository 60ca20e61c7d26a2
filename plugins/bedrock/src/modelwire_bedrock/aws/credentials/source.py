"""Credential sources: what was found at each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from attrs import Factory, frozen

from modelwire.hookspecs import fingerprint
from modelwire_bedrock.aws.credentials.choice import CredentialChoice
from modelwire_bedrock.aws.credentials.shared_files import SharedFiles

__all__ = ["CredentialSource", "identity_of", "parse_time"]


@frozen
class CredentialSource:
    """Whether a source of credentials would work, as far as is known without the network.

    Attributes:
        state: `usable`, `unusable` or `unknown`.
        method: How the credentials are had, such as `sso`.
        reason: Why they are not usable or not known, in one sentence.
        hint: What to do about it.
        source: The name of the source, where it is another than the one that was chosen.
        expires_at: When they expire, where that is known and nothing renews them.
        details: Further details for display.
    """

    state: Literal["usable", "unusable", "unknown"]
    method: str
    reason: str | None = None
    hint: str | None = None
    source: str | None = None
    expires_at: datetime | None = None
    details: Mapping[str, str] = Factory(dict)


def parse_time(text: object) -> datetime | None:
    """Read a time as AWS tools write it: ISO 8601, with `Z`, `UTC` or an offset at its end."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text.strip().removesuffix("UTC"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


# Keys that determine the identity of a profile.
_TELLING = ("role_arn", "sso_account_id", "sso_role_name", "aws_access_key_id", "login_session")


def identity_of(choice: CredentialChoice, files: SharedFiles, environ: Mapping[str, str]) -> str:
    """The identity of the chosen credentials, under which lists of models are cached."""
    if choice.kind == "bearer":
        return f"bearer {fingerprint(choice.bearer_token or '')}"
    if choice.kind == "keys":
        return f"key {fingerprint(choice.access_key_id or '')}"
    if choice.kind == "none":
        return "anonymous"
    name = choice.profile or "default"
    settings = [str(files.profile(name)[key]) for key in _TELLING if key in files.profile(name)]
    if not choice.in_config and "AWS_ROLE_ARN" in environ:
        settings.append(environ["AWS_ROLE_ARN"])
    return f"profile {name} {fingerprint(' '.join(settings))}" if settings else f"profile {name}"
