"""Cached tokens of `aws sso login` and `aws login`.

The files are named by a hash of the session: SHA-1 for SSO, SHA-256 for `aws login`, as botocore
names them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelwire_bedrock.aws.credentials.environment import expand_path
from modelwire_bedrock.aws.credentials.shared_files import Section, SharedFiles
from modelwire_bedrock.aws.credentials.source import CredentialSource, parse_time

__all__ = ["inspect_login", "inspect_sso", "login_cache", "sso_cache"]

_RENEWAL = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")


def sso_cache(environ: Mapping[str, str]) -> Path:
    """The folder with the tokens of `aws sso login`."""
    return expand_path("~/.aws/sso/cache", environ)


def login_cache(environ: Mapping[str, str]) -> Path:
    """The folder with the tokens of `aws login`."""
    return expand_path(environ.get("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache", environ)


def inspect_sso(
    files: SharedFiles, name: str, environ: Mapping[str, str], now: datetime
) -> CredentialSource:
    """Look at a profile with `sso_account_id` or `sso_role_name`."""
    profile = dict(files.profile(name))
    session = profile.get("sso_session")
    if session is not None:
        if session not in files.sso_sessions:
            reason = f"The profile {name} names the sso-session {session}, which does not exist."
            return CredentialSource(
                "unusable", "sso", reason, f"Run `aws configure sso --profile {name}`."
            )
        profile |= files.sso_sessions[session]
    wanted = ("sso_account_id", "sso_role_name", "sso_region", "sso_start_url")
    missing = [key for key in wanted if key not in profile]
    if missing:
        reason = f"The profile {name} uses SSO but does not set {', '.join(missing)}."
        return CredentialSource(
            "unusable", "sso", reason, f"Run `aws configure sso --profile {name}`."
        )
    key = hashlib.sha1(str(session or profile["sso_start_url"]).encode(), usedforsecurity=False)
    token = _read(sso_cache(environ) / f"{key.hexdigest()}.json")
    return _judge_sso(token, name, now, can_renew=session is not None)


def inspect_login(profile: Section, name: str, environ: Mapping[str, str]) -> CredentialSource:
    """Look at a profile with `login_session`."""
    hint = f"Run `aws login --profile {name}`."
    if find_spec("awscrt") is None:
        reason = f"The profile {name} uses `aws login`, for which botocore needs awscrt."
        return CredentialSource("unusable", "login", reason, 'Run `pip install "botocore[crt]"`.')
    key = hashlib.sha256(str(profile["login_session"]).encode()).hexdigest()
    token = _read(login_cache(environ) / f"{key}.json")
    if token is None or "refreshToken" not in token or "accessToken" not in token:
        return CredentialSource("unusable", "login", f"The profile {name} is not logged in.", hint)
    return CredentialSource("usable", "login")


def _judge_sso(
    token: Mapping[str, Any] | None, name: str, now: datetime, *, can_renew: bool
) -> CredentialSource:
    hint = f"Run `aws sso login --profile {name}`."
    expires = parse_time((token or {}).get("expiresAt"))
    if token is None or "accessToken" not in token or expires is None:
        return CredentialSource(
            "unusable", "sso", f"The profile {name} is not logged in to SSO.", hint
        )
    registered = parse_time(token.get("registrationExpiresAt"))
    renewable = can_renew and all(token.get(key) for key in _RENEWAL)
    if renewable and registered is not None and registered > now:
        return CredentialSource("usable", "sso")
    if expires <= now:
        reason = f"The SSO session of the profile {name} expired at {expires.isoformat()}."
        return CredentialSource("unusable", "sso", reason, hint, expires_at=expires)
    return CredentialSource("usable", "sso", expires_at=expires)


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
