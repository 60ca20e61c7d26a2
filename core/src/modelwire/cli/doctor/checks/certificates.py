"""The check of the trusted certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.errors import ConfigError
from modelwire.transport.tls import context_for, trust_settings

__all__ = ["check_certificates"]

_NAME = "certificates"


async def check_certificates(situation: DoctorContext) -> list[Finding]:
    """Read the certificates that requests would be checked with."""
    bundles: dict[str, list[str]] = {}
    for provider in situation.providers:
        details = (await situation.credentials(provider)).details
        if "caBundle" in details:
            bundles.setdefault(details["caBundle"], []).append(provider)
    environ = situation.config.environ
    return [
        finding
        for bundle, providers in [(None, ["everybody"]), *bundles.items()]
        for finding in await asyncio.to_thread(_examine, environ, bundle, providers)
    ]


def _examine(
    environ: Mapping[str, str], bundle: str | None, providers: list[str]
) -> Iterator[Finding]:
    whose = ", ".join(providers)
    try:
        settings = trust_settings(environ, bundle)
        context = context_for(settings)
    except ConfigError as error:
        yield Finding(_NAME, "problem", f"{error} (for {whose})", error.hint)
        return
    places = [f"{name} ({path})" for name, path in settings.authorities]
    details = {"places": [str(path) for _, path in settings.authorities], "for": providers}
    # A directory is read certificate by certificate, when one is needed.
    folders = [path for _, path in settings.authorities if path.is_dir()] or _system_folders()
    count = context.cert_store_stats()["x509_ca"]
    if count == 0 and not any(_has_files(folder) for folder in folders):
        text = f"No certificate authority is trusted, so no https address can be reached ({whose})."
        hint = "Install your system's CA certificates, or name a file of them in SSL_CERT_FILE."
        yield Finding(_NAME, "problem", text, hint, details)
        return
    place = " and ".join(places) or "the system's store"
    yield Finding(_NAME, "ok", f"Trusted for {whose}: {place}", details=details)


def _system_folders() -> list[Path]:
    folder = ssl.get_default_verify_paths().capath
    return [Path(folder)] if folder else []


def _has_files(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False
