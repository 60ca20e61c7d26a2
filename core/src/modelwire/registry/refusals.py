"""Errors for an API or an auth mode that no installed plugin has, with the one to install."""

from __future__ import annotations

from collections.abc import Sequence

from modelwire.config import ProviderConfig
from modelwire.config.providers import OWN_AUTH
from modelwire.errors import ConfigError, PluginError, Problem
from modelwire.registry.claims import Claim
from modelwire.registry.published import how_to_install

__all__ = ["unknown_api", "unknown_auth"]


def unknown_api(provider: str, api: str, claims: Sequence[Claim]) -> PluginError:
    """Make the error of a provider with an API that no plugin speaks."""
    spoken = sorted({claim.name for claim in claims if claim.kind == "apis"})
    msg = f"No installed plugin speaks the API {api!r} that {provider!r} is configured with."
    hint = how_to_install("apis", api, _installed(claims))
    return PluginError(msg, hint=hint or f"Installed plugins speak: {', '.join(spoken) or 'none'}.")


def unknown_auth(provider: ProviderConfig, mode: str, claims: Sequence[Claim]) -> ConfigError:
    """Make the error of a provider with an auth mode that no plugin owns."""
    owned = sorted({claim.name for claim in claims if claim.kind == "auth"})
    problem = Problem(provider.auth_path, f"no installed plugin owns the auth mode {mode!r}")
    hint = how_to_install("auth", mode, _installed(claims))
    if hint is None:
        known = ", ".join([*OWN_AUTH, *owned])
        hint = f"It may be one of {known}, or install the plugin that owns it."
    return ConfigError("The configuration is not valid.", problems=[problem], hint=hint)


def _installed(claims: Sequence[Claim]) -> set[str]:
    return {claim.distribution for claim in claims}
