"""The check of the credentials of each provider in use."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.hookspecs import CredentialStatus

__all__ = ["check_credentials"]

_NAME = "credentials"
_SOON = timedelta(hours=1)


async def check_credentials(situation: DoctorContext) -> list[Finding]:
    """Ask the plugin of each provider in use; all at once."""
    if situation.config_error is not None:
        text = "Not checked, because the configuration cannot be used."
        return [Finding(_NAME, "ok", text)]
    providers = list(situation.providers)
    if not providers:
        text = "No provider is in use: nothing names a model."
        hint = "Run: modelwire setup"
        return [Finding(_NAME, "warning", text, hint)]
    return await asyncio.gather(*(_check(situation, provider) for provider in providers))


async def _check(situation: DoctorContext, provider: str) -> Finding:
    status = await situation.credentials(provider)
    if status.state != "usable":
        reached = await situation.reached(provider)
        error = reached.error if reached is not None else None
        if error is not None and str(error) == status.reason:
            # One problem is reported once: a service that does not answer refuses no credentials.
            text = f"{provider}: not tried, because the service cannot be reached"
            return Finding(_NAME, "warning", text, details={"provider": provider})
    return _finding(provider, status, datetime.now(UTC))


def _finding(provider: str, status: CredentialStatus, now: datetime) -> Finding:
    details = {
        "provider": provider,
        "state": status.state,
        "source": status.source,
        "expiresAt": status.expires_at.isoformat() if status.expires_at else None,
        **status.details,
    }
    source = status.source or "no credentials needed"
    if status.state == "unusable":
        text = f"{provider}: {status.reason or 'its credentials do not work.'}"
        return Finding(_NAME, "problem", text, status.hint, details)
    if status.state == "unknown":
        text = f"{provider}: {status.reason or 'it is unknown whether its credentials work.'}"
        hint = status.hint or "Run: modelwire models status --probe"
        return Finding(_NAME, "warning", text, hint, details)
    if status.expires_at is not None and status.expires_at - now < _SOON:
        left = max(0, int((status.expires_at - now).total_seconds() // 60))
        text = f"{provider}: {source}, expires in {left} minutes"
        hint = "They are renewed automatically if their source supports it; otherwise log in again."
        return Finding(_NAME, "warning", text, hint, details)
    place = f", region {status.details['region']}" if "region" in status.details else ""
    return Finding(_NAME, "ok", f"{provider}: {source}{place}", details=details)
