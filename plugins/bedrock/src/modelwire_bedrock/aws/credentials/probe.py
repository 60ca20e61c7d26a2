"""The credential probe: loads credentials within a deadline."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import evolve

from modelwire.errors import AuthenticationError
from modelwire_bedrock.aws.credentials.containers import NO_CREDENTIALS_HINT
from modelwire_bedrock.aws.credentials.source import CredentialSource

if TYPE_CHECKING:
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["probe_credentials"]

_METHODS = {
    "assume-role": "assumed role",
    "assume-role-with-web-identity": "web identity",
    "container-role": "container",
    "custom-process": "credential_process",
    "iam-role": "instance metadata",
}


def probe_credentials(target: Target, found: CredentialSource, timeout: float) -> CredentialSource:
    """Load the credentials of a target as a call would.

    Args:
        target: Whose credentials to load.
        found: What is known without the network.
        timeout: Seconds; after that it is not known whether they work.
    """
    outcome: list[CredentialSource] = []

    def load() -> None:
        outcome.append(_load(target, found))

    # Not a pool: a pool's threads are waited for when the program ends.
    thread = threading.Thread(target=load, name="modelwire-bedrock-probe", daemon=True)
    thread.start()
    thread.join(timeout)
    if outcome:
        return outcome[0]
    reason = f"The source of the credentials did not answer within {timeout:g} seconds."
    return evolve(found, state="unknown", reason=reason, hint=None)


def _load(target: Target, found: CredentialSource) -> CredentialSource:
    from modelwire_bedrock.aws.credentials.errors import credential_error
    from modelwire_bedrock.aws.credentials.sessions import open_session

    try:
        credentials = open_session(target).get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials is not None else None
        if frozen is None or not (frozen.access_key or "").strip():
            raise AuthenticationError("No AWS credentials were found.", hint=NO_CREDENTIALS_HINT)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that they do not work
        failure = credential_error(error, target)
        return evolve(found, state="unusable", reason=failure.message, hint=failure.hint)
    method = _METHODS.get(credentials.method, credentials.method)
    source = "EC2 instance metadata" if credentials.method == "iam-role" else found.source
    details = {**found.details, "probed": "true"}
    expiry = _expiry(credentials)
    if expiry is not None:
        # botocore renews all keys of which it knows an end; what found.expires_at says ends them.
        details |= {"keysExpire": expiry.isoformat(), "keysExpireSource": "they are renewed"}
    return CredentialSource(
        "usable", method, source=source, expires_at=found.expires_at, details=details
    )


def _expiry(credentials: Any) -> datetime | None:
    # botocore has no public name for it.
    expiry = getattr(credentials, "_expiry_time", None)
    return expiry if isinstance(expiry, datetime) else None
