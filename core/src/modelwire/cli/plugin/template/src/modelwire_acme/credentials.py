"""Detection of the key, without a request or with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import detect_key
from modelwire.hookspecs import CredentialStatus, fingerprint

from modelwire_acme.account import Account, account_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

__all__ = ["detect"]


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used; with `probe`, ask the service whether it works."""
    return detect_key(
        lambda: account_of(provider, config),
        _status,
        _ask,
        config=config,
        probe=probe,
        timeout=timeout,
    )


def _status(account: Account) -> CredentialStatus:
    if account.api_key is None:
        return CredentialStatus("unknown", reason="another plugin authorizes the requests")
    return CredentialStatus("usable", source=account.source, identity=fingerprint(account.api_key))


async def _ask(account: Account, transport: Transport, deadlines: Deadlines) -> None:
    from modelwire_acme.discovery import list_models

    await list_models(account, transport, deadlines)
